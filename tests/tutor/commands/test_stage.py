"""`stage` as a user types it."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tutor.study.stage_tapes import good_tape, live_tape

CLI = (sys.executable, "-m", "tutor.cli")


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50, check=False
    )


def test_what_cannot_be_staged_is_one_line() -> None:
    unknown, piped = ran("stage", "handshak"), ran("stage", "handshake")
    assert (unknown.returncode, unknown.stderr) == (2, "ws-tutor: no such lab: 'handshak'; did you mean handshake?\n")
    assert piped.returncode == 2
    assert "stage needs a terminal" in piped.stderr
    assert piped.stderr.count("\n") == 1


def test_every_run_can_be_followed_and_a_good_one_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_TUTOR_HOME", str(tmp_path))
    good = ran("lab", "run", "masking", "--auto", "--json")
    assert good.returncode == 0
    assert good_tape("masking").read_text() == live_tape("masking").read_text() == good.stdout
    bad = ran("lab", "run", "masking", "--auto", "--json", "--set", "key=zero")
    assert bad.returncode == 1
    assert live_tape("masking").read_text() == bad.stdout
    assert good_tape("masking").read_text() == good.stdout, "what did not hold is not to fall back on"
    assert {path.name for path in (tmp_path / "data" / "stage").iterdir()} == {
        "masking.good.jsonl", "masking.live.jsonl",
    }  # fmt: skip


def test_ctrl_c_ends_it_in_a_real_terminal() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*CLI, "stage", "handshake"], stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"}
    ) as process:
        os.close(theirs)
        end, seen = time.monotonic() + 30, b""
        while b"Nothing runs yet" not in seen:
            assert time.monotonic() < end, seen[-500:]
            if select.select([ours], [], [], 1)[0]:
                seen += os.read(ours, 65536)
        os.write(ours, b"\x03")
        while process.poll() is None:
            assert time.monotonic() < end, "it goes on"
            with contextlib.suppress(OSError):  # its end of the terminal may be closed already
                if select.select([ours], [], [], 0.1)[0]:
                    os.read(ours, 65536)
        assert process.returncode == 0
    os.close(ours)
