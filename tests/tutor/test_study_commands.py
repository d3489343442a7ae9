"""`ws-tutor check`, `show` and `export` as their user meets them: what goes where, and the exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutor import cli

GOOD = """\
section: One
entries:
  - ref: Z1
    id: one-question
    ask: What is [one](q:other-question)?
    level: core
    answer: See [the other](q:other-question) and **this**.
    key_points: [{text: a}]
    sources: [x]
  - ref: Z2
    id: other-question
    ask: What is the other?
    level: core
    answer: Umbrella.
    depth: Deeper.
    key_points: [{text: a}]
    sources: [x]
  - {ref: R1, ask: What is a fact?, answers: [this], explain: so, sources: [x]}
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_TUTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "60")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def test_our_own_questions_check(capsys: Capture):
    assert cli.main(["check"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith(" facts: no faults\n")


def test_faults_are_data_and_their_number_is_narration(path: Path, capsys: Capture):
    path.write_text(GOOD.replace("level: core", "level: hard"))
    assert cli.main(["check", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{path}:{line}:12: 'hard' does not fit; it takes core, senior or architect" for line in (6, 13)
    ]
    assert said.err == "1 file, 0 questions, 0 facts: 2 faults\n"


def test_check_looks_at_the_bank_that_was_given(path: Path, capsys: Capture):
    assert cli.main(["--bank", str(path), "check"]) == 0
    assert capsys.readouterr().err == "1 file, 2 questions, 1 fact: no faults\n"


def test_the_schema_is_json(capsys: Capture):
    assert cli.main(["check", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["required"] == ["section", "entries"]


@pytest.mark.parametrize("key", ["Z1", "z1", "one-question", " Z1 "])
def test_show_by_ref_and_by_id(path: Path, capsys: Capture, key: str):
    assert cli.main(["--bank", str(path), "show", key]) == 0
    said = capsys.readouterr()
    assert "See the other (see Z2) and this." in said.out
    assert "\x1b" not in said.out and said.err == ""


def test_show_a_fact(path: Path, capsys: Capture):
    assert cli.main(["--bank", str(path), "show", "what-is-a-fact"]) == 0
    assert "What is a fact? this." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("umbrella", "no question is called 'umbrella'; did you mean Z2 (What is the other?)?"),
        ("ohter-question", "no question is called 'ohter-question'; did you mean Z2 "),
        ("qqqqqq", "no question is called 'qqqqqq'; give a reference such as Z1, or an id"),
        ("", "no question is called ''; give a reference such as Z1, or an id"),
        ("\x1b[31m\n", r"no question is called '\x1b[31m\n'; give a reference such as Z1, or an id"),
    ],
)
def test_an_unknown_key_is_one_line(path: Path, capsys: Capture, key: str, says: str):
    assert cli.main(["--bank", str(path), "show", key]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"ws-tutor: {says}")
    assert said.err.count("\n") == 1 and said.out == ""


def test_a_part_that_is_not_there(path: Path, capsys: Capture):
    assert cli.main(["--bank", str(path), "show", "Z2", "--part", "depth"]) == 0
    assert "Deeper." in capsys.readouterr().out
    assert cli.main(["--bank", str(path), "show", "Z1", "--part", "depth"]) == 2
    assert capsys.readouterr().err == "ws-tutor: Z1 has no depth; ws-tutor show Z1 shows all of it\n"


def test_export_to_a_file_and_to_standard_output(path: Path, tmp_path: Path, capsys: Capture):
    assert cli.main(["--bank", str(path), "export", "markdown", str(tmp_path / "book.md")]) == 0
    said = capsys.readouterr()
    assert said.out == "" and said.err.endswith("book.md: 2 questions, 1 fact\n")
    assert cli.main(["--bank", str(path), "export", "markdown", "-"]) == 0
    assert capsys.readouterr().out == (tmp_path / "book.md").read_text("utf-8")


@pytest.mark.parametrize("out", ["no/such/folder/book.md", ".", "a\0b"])
def test_a_place_that_cannot_be_written_is_one_line(path: Path, capsys: Capture, out: str):
    assert cli.main(["--bank", str(path), "export", "markdown", out]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("ws-tutor: cannot write ") and said.err.count("\n") == 1


@pytest.mark.parametrize("command", [["show", "Z1"], ["export", "markdown", "-"]])
def test_a_bank_with_faults_is_told_fault_by_fault(path: Path, capsys: Capture, command: list[str]):
    path.write_text(GOOD.replace("level: core", "level: hard"))
    assert cli.main(["--bank", str(path), *command]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 2 and "Traceback" not in said.err


def test_a_terminal_that_knows_only_ascii_is_no_error(path: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "WS_TUTOR_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "tutor.cli", "show", "Q2"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\xa7" in done.stdout or "\\u" in done.stdout
