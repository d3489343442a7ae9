"""Copies of the project as a newcomer would have it, and plain interpreters to run it with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import uv as uv_package

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git would hand out, with the changes of this work tree."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    target = tmp_path / "clone"
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


@pytest.fixture
def newcomer(tmp_path: Path) -> dict[str, str]:
    """The environment variables of someone with an empty home folder and nothing set up."""
    home = tmp_path / "home"
    home.mkdir()
    kept = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    network = {key: value for key, value in os.environ.items() if key.startswith("PIP_") or "proxy" in key.lower()}
    return {key: os.environ[key] for key in kept if key in os.environ} | network | {"HOME": str(home)}


@pytest.fixture
def uv() -> str:
    """The uv that the tests' own environment has: with it an environment takes a third of pip's time."""
    return uv_package.find_uv_bin()


@pytest.fixture
def plain_python() -> str:
    """The interpreter outside of any virtual environment."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
