"""`lab list` and `lab run` as a user types them."""

import argparse
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labs.catalog import LABS
from labs.tape import Answer, Note, Predict, read_events
from tutor.commands import lab
from tutor.commands.asking import Asking, hint, parse_typed
from tutor.study.store import Store

CLI = (sys.executable, "-m", "tutor.cli", "lab")


def ran(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*CLI, *words], capture_output=True, timeout=30, check=False, **options)


def asked_for(**values) -> argparse.Namespace:
    defaults = {"action": "run", "name": "masking", "set": [], "auto": True, "json": True, "tape": None}
    return argparse.Namespace(**defaults | values)


def test_the_labs_are_listed(capsys) -> None:
    assert lab.run(argparse.Namespace(action="list", json=False)) == 0
    listed = capsys.readouterr().out
    assert all(each.name in listed and each.title in listed for each in LABS)
    assert lab.run(argparse.Namespace(action="list", json=True)) == 0
    described = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in described] == [each.name for each in LABS]
    assert described[0]["verdicts"] == LABS[0].verdicts
    assert {knob["name"] for knob in described[0]["knobs"]} == {knob.name for knob in LABS[0].knobs}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "handshak"}, "no such lab: 'handshak'; did you mean handshake?"),
        ({"name": "x"}, "no such lab: 'x'; there are handshake, masking"),
        ({"set": ["payload"]}, "--set payload: no value; a knob is set as KNOB=VALUE"),
        ({"set": ["payloud=x"]}, "lab masking has no knob 'payloud'; did you mean payload?"),
        ({"set": ["zzz=1"]}, "no knob 'zzz'; it has payload, key, masking"),
        ({"set": ["key=odd"]}, "key='odd': not a choice; it takes random, zero, counter"),
        ({"set": ["masking=maybe"]}, "not a switch; it takes on or off"),
        ({"tape": Path("/nowhere/x.tape")}, "/nowhere/x.tape: cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_run_is_one_line(values, says, capsys) -> None:
    assert lab.run(asked_for(**values)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert says in captured.err


def test_a_tape_on_standard_output_and_in_a_file(tmp_path) -> None:
    done = ran("run", "masking", "--auto", "--json", "--tape", str(tmp_path / "x.tape"), stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "x.tape").read_bytes() == done.stdout
    with (tmp_path / "x.tape").open("rb") as stream:
        events = [event for _, event in read_events(stream, "x")]
    assert (events[0].kind, events[-1].kind, events[-1].ok) == ("lab", "end", True)


def test_a_verdict_that_does_not_hold_is_exit_1(tmp_path) -> None:
    (tmp_path / "data").write_text("a file stands where the folder should be")
    home = os.environ | {"WS_TUTOR_HOME": str(tmp_path)}
    done = ran("run", "masking", "--auto", "--set", "key=zero", stdin=subprocess.DEVNULL, env=home)
    assert done.returncode == 1
    assert "9 of 11 verdicts held" in done.stdout.decode()
    assert "✗ key-per-frame: 64 frames, 1 different key" in done.stdout.decode()
    assert done.stderr.decode().startswith("ws-tutor: Progress is not saved") and done.stderr.count(b"\n") == 1


def test_a_lab_that_cannot_be_run_to_its_end_is_exit_2() -> None:
    done = ran("run", "handshake", "--json", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["kind"], last["ok"]) == ("end", False)
    assert "--auto" in last["error"]


def test_a_reader_that_has_enough_is_no_error() -> None:
    shell = f"{' '.join(CLI)} run masking --auto | head -n 3"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {shell}"], capture_output=True, timeout=30, check=False)
    assert done.stderr == b""
    assert len(done.stdout.splitlines()) == 3


def test_a_terminal_that_speaks_latin_1_gets_its_story() -> None:
    done = ran("run", "masking", "--auto", stdin=subprocess.DEVNULL, env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0
    assert b"11 of 11 verdicts held" in done.stdout


def test_predictions_are_asked_on_a_terminal(tmp_path) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*CLI, "run", "masking", "--tape", str(tmp_path / "x.tape")], stdin=slave, stdout=slave,
        stderr=subprocess.PIPE, env=os.environ | {"WS_TUTOR_HOME": str(tmp_path)},
    )  # fmt: skip
    os.close(slave)
    screen = b""
    typed = iter([b"nonsense\n", b"64\n", b"5\n", b"2\n", b"2\n", b"2\n", b"1\n", b"1\n", b"2\n"])
    end = time.monotonic() + 30
    prompts = 0
    while time.monotonic() < end:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        screen += piece
        asked = screen.count(b"a number of keys: ") + screen.count(b"a number of bytes: ")
        while asked + screen.count(b"number of your choice: ") > prompts:
            prompts += 1
            os.write(master, next(typed))
    os.close(master)
    assert process.wait(10) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
    text = screen.decode().replace("\r\n", "\n")
    assert "different-keys is answered by a number" in text
    assert "as predicted" in text
    assert "predicted: 5 bytes" in text
    with (tmp_path / "x.tape").open("rb") as stream:
        answers = [event.value for _, event in read_events(stream, "x") if isinstance(event, Answer)]
    assert answers[:3] == [64, 5, 2]
    assert answers[3] == "1002"
    (kept,) = Store(tmp_path / "data" / "progress.db").lab_runs()
    assert (kept.lab, kept.ok, len(kept.verdicts)) == ("masking", True, 11)
    first, second = kept.predictions[:2]
    assert (first.predicted, first.measured, first.unit) == (64, 64, "keys") and "key" in first.ask
    assert second.predicted == 5 != second.measured


@pytest.mark.parametrize(
    ("form", "typed", "value"),
    [
        ("choice", "2", "b"), ("choice", "b", "b"), ("choice", "7", "7"), ("order", "2, 1", ["b", "a"]),
        ("number", "28", 28), ("number", "1.5", 1.5), ("number", "x", "x"), ("bytes", "81", "81"),
    ],
)  # fmt: skip
def test_what_is_typed_is_understood(form, typed, value) -> None:
    asked = Predict(t=0, id="p", ask="?", form=form, options=["a", "b"], unit="bytes")
    assert parse_typed(asked, typed) == value
    assert hint(asked)


def test_a_reader_that_goes_away_does_not_cut_the_tape(tmp_path) -> None:
    tape = tmp_path / "x.tape"
    words = f"{' '.join(CLI)} run masking --auto --tape {tape} | head -n 3; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", words], capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    with tape.open("rb") as lines:
        last = [event for _, event in read_events(lines, "x")][-1]
    assert (last.kind, last.ok, last.error) == ("end", True, None)


async def typed(*lines: str):
    for line in lines:
        yield line


async def test_what_comes_while_one_types_does_not_stand_on_the_line_of_the_prompt(capsys) -> None:
    asking = Asking(typed("", "64"))
    tell = asking.hear(lambda event: print(event.kind))
    tell(Predict(t=0.0, id="keys", ask="How many?", form="number", options=[], unit="keys"))
    tell(Note(t=0.1, text="the server closes"))
    assert capsys.readouterr().out == "predict\n     a number of keys: \nnote\n"
    assert [json.loads(command)["value"] async for command in asking] == [64]
    assert capsys.readouterr().out == "     a number of keys: "  # an empty line is no answer: it is asked again
    tell(Answer(t=0.2, id="keys", value=64))
    assert capsys.readouterr().out == "answer\n"
