"""A fresh clone sets itself up: once, alone, and with a sentence where it cannot."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tutor import bootstrap


def start(python: str, clone: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [python, "-m", "tutor", "--version"]
    return subprocess.Popen(
        command, cwd=clone, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )


@pytest.fixture(params=["pip", "uv"])
def tools(request: pytest.FixtureRequest, tmp_path: Path, clone: Path, uv: str) -> Path:
    """The only folder in PATH: what a machine has in any case and, with `uv`, that.

    pip installs the project with one dependency: for all it takes half a minute, as when these tests were set up.
    """
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("git", "sh", "bash", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    if request.param == "uv":
        (folder / "uv").symlink_to(uv)
    else:
        project = clone / "pyproject.toml"
        text, found = re.subn(
            r"(?ms)^dependencies = .*?^]", 'dependencies = ["platformdirs"]', project.read_text("utf-8")
        )
        assert found == 1
        project.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.timeout(170)
def test_fresh_clone(clone: Path, newcomer: dict[str, str], plain_python: str, tools: Path) -> None:
    """Two first starts at once make one environment; the next start says nothing and makes none."""
    env = newcomer | {"PATH": str(tools)}
    both = [start(plain_python, clone, env) for _ in range(2)]
    said = [process.communicate(timeout=150) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert all(out.startswith("ws-tutor ") for out, _ in said)
    assert sum("setting up once" in err for _, err in said) == 1, said
    again = start(plain_python, clone, env)
    assert again.communicate(timeout=60)[1] == ""


@pytest.mark.parametrize("reached", [True, False])
def test_the_tests_are_set_up_with_the_uv_they_need_or_else_by_pip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reached: bool
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], what: str) -> None:
        ran.append(command)
        if Path(command[0]).name == "uv" and not reached:
            raise bootstrap.SetupError("no such index")

    monkeypatch.setattr(bootstrap, "_run", run)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    bootstrap._make(tmp_path, "test")
    assert [Path(command[0]).name for command in ran[-2:]] == (["python", "uv"] if reached else ["uv", "python"])
    assert ran[-1][-2:] == ["-e", f"{bootstrap.ROOT}[test]"]
    assert bootstrap._marker(tmp_path, "test").exists()
    ran.clear()
    bootstrap._make(tmp_path, "")
    assert [command[1:3] for command in ran[-1:]] == [["-m", "pip"]], "who only studies needs no uv"


def test_too_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 10, "final", 0))
    assert bootstrap.run_in_environment("tutor", []) == 2
    said = capsys.readouterr().err
    assert "3.8.10 is too old" in said
    assert "python3.11 -m tutor" in said
    assert said.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="folders are made read-only by their mode")
def test_read_only_checkout_uses_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def touch(self: Path, *_: object, **__: object) -> None:
        if self.parent == bootstrap.ROOT:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "touch", touch)
    monkeypatch.setattr(Path, "unlink", lambda self: None)
    assert bootstrap._writable_folder().is_relative_to(tmp_path)


def test_no_place_at_all_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def touch(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(bootstrap, "_installed_here", lambda extra: False)
    monkeypatch.setattr(bootstrap, "_is_ready", lambda folder, extra: False)
    monkeypatch.setattr(Path, "touch", touch)
    assert bootstrap.run_in_environment("tutor", []) == 2
    said = capsys.readouterr().err
    assert "make one of them writable" in said
    assert said.count("\n") == 1


def test_no_ensurepip_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    find = bootstrap.importlib.util.find_spec
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    with pytest.raises(bootstrap.SetupError, match="apt install python3-venv"):
        bootstrap._create(tmp_path / "env", None)


def test_failed_step_says_the_last_error(tmp_path: Path) -> None:
    with pytest.raises(bootstrap.SetupError, match="ERROR: no such package"):
        bootstrap._run([sys.executable, "-c", "print('x'); print('ERROR: no such package'); raise SystemExit(1)"], "it")
