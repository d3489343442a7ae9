"""A wheel built from the tree installs elsewhere and finds its questions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest


@pytest.mark.timeout(150)
def test_wheel_works_elsewhere(
    clone: Path, newcomer: dict[str, str], plain_python: str, uv: str, tmp_path: Path
) -> None:
    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=elsewhere, env=newcomer, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(uv, "build", "-q", "--wheel", "--python", plain_python, "-o", str(tmp_path), str(clone))
    wheel = next(tmp_path.glob("ws_tutor-*.whl"))
    run(uv, "venv", "-q", "--python", plain_python, "env")
    bin_folder = elsewhere / "env" / "bin"
    run(
        uv, "pip", "install", "-q", "--python", str(bin_folder / "python"),
        "-c", str(clone / "constraints.txt"), str(wheel),
    )  # fmt: skip

    assert run(str(bin_folder / "ws-tutor"), "--version").startswith("ws-tutor ")
    assert "Q1" in run(str(bin_folder / "ws-tutor"), "show", "Q1")
    assert "handshake" in [
        lab["name"] for lab in json.loads(run(str(bin_folder / "ws-tutor"), "lab", "list", "--json"))
    ]
    tape = run(str(bin_folder / "python"), "-m", "tutor", "lab", "run", "handshake", "--auto", "--json").splitlines()
    assert json.loads(tape[-1])["ok"] is True
