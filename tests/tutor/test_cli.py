"""The door: bad usage is one line and status 2, no traceback reaches a user."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tutor import cli


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["chekc"], "did you mean check?"),
        (["lab"], "ACTION"),
        (["lab", "rnu"], "did you mean run?"),
        (["tape", "export", "x.tape"], "--pcapng"),
        (["lab", "run"], "NAME"),
        (["--no-such"], "--no-such"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    said = capsys.readouterr()
    assert stopped.value.code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("ws-tutor ")


def test_ui_without_a_terminal_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tutor"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert done.stderr.count("\n") == 1


def test_reader_that_goes_away_is_not_an_error() -> None:
    command = f"{sys.executable} -m tutor tape frames --help | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_doctor_reports_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["loopback"]["state"] == "ok"
    assert checks["textual"]["text"][0].isdigit()
