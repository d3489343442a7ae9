"""The tape of a running lab: followed as it is written, told from one of another day, kept when it was good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.net.test_processes import alive
from tutor.study import stage_tapes
from tutor.study.stage_tapes import Follower, LiveTape, good_tape, live_tape


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_TUTOR_HOME", str(tmp_path))


def test_a_run_is_followed_line_by_line() -> None:
    follower = Follower("x")
    assert (follower.poll(), follower.runs, follower.writing) == ([], 0, False)
    with LiveTape("x") as live:
        live.write(b"one\ntw")
        assert (follower.poll(), follower.runs, follower.writing) == (["one"], 1, True)
        live.write("ö\n".encode())
        assert follower.poll() == ["twö"]
    assert (follower.poll(), follower.writing) == ([], False)
    follower.close()


def test_another_run_takes_its_place_and_the_older_one_is_not_kept() -> None:
    follower = Follower("x")
    with LiveTape("x") as first, LiveTape("x") as second:
        first.write(b"first\n")
        second.write(b"second\n")
        assert (follower.poll(), follower.runs) == (["second"], 1)
        first.keep()
        assert not good_tape("x").exists()
        second.keep()
        assert good_tape("x").read_bytes() == b"second\n"
        with LiveTape("x") as third:
            third.write(b"third\n")
            assert (follower.poll(), follower.runs) == (["third"], 2)
    follower.close()


def test_a_run_of_another_day_is_none_but_the_next_one_is() -> None:
    with LiveTape("x") as live:
        live.write(b"old\n")
    follower = Follower("x")
    assert (follower.poll(), follower.runs) == ([], 0)
    with LiveTape("x") as live:
        live.write(b"new\n")
        assert (follower.poll(), follower.runs) == (["new"], 1)
    follower.close()


def test_a_writer_that_was_killed_is_noticed() -> None:
    code = (
        "import sys; from tutor.study.stage_tapes import LiveTape; t = LiveTape('x'); print('go', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"go\n"
        follower = Follower("x")
        follower.poll()
        assert (follower.runs, follower.writing) == (1, True)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert not alive(writer.pid)
        assert not follower.writing
        follower.close()


def test_where_nothing_can_be_written_the_lab_never_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WS_TUTOR_HOME", str(tmp_path / "file"))
    with LiveTape("x") as live:
        live.write(b"one\n")
        live.keep()
    assert Follower("x").poll() == []


def test_a_tape_without_end_is_cut_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_tapes, "MAX_TAPE", 8)
    with LiveTape("x") as live:
        live.write(b"12345\n")
        live.write(b"12345\n")
        live.keep()
    assert live_tape("x").read_bytes() == b"12345\n"
    assert not good_tape("x").exists()
