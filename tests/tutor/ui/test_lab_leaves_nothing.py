"""However the terminal UI ends, no process of a lab outlives it. The real program in a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tutor.ui.processes import alive, descendants, until_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

START_SECONDS = 30.0  # to a lab that runs, on a busy machine
END_SECONDS = 5.0


class Terminal:
    """The tutor in a terminal of its own; `pid` is the UI's."""

    def __init__(self) -> None:
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-m", "tutor.cli"])
        self.seen = b""

    def read(self, seconds: float) -> None:
        """Take what the program writes, so that it is never held up."""
        if self.master >= 0 and select.select([self.master], [], [], seconds)[0]:
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:  # its other end is closed
                self.close()

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def until(self, condition: Callable[[], object], what: str, seconds: float = START_SECONDS) -> None:
        """Wait for it while the program goes on."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds:g} s: {what}; it wrote {self.seen[-2000:]!r}"
            self.read(0.02)

    def close(self) -> None:
        """Close the window."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def end(self) -> None:
        """Whatever the test did, nothing of it stays."""
        left = {self.pid, *descendants(self.pid)}
        self.close()
        for pid in left:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    yield terminal
    terminal.end()


def run_a_lab(terminal: Terminal) -> set[int]:
    """Open the first lab and run it up to its first question; returns its process and that of its server."""
    terminal.until(lambda: b"Labs" in terminal.seen, "the first screen")
    terminal.type(b"3")
    terminal.until(lambda: b"verdicts" in terminal.seen and b"masking" in terminal.seen, "the labs")
    terminal.type(b"\r")
    terminal.until(lambda: b"not run yet" in terminal.seen, "the lab")
    terminal.type(b"r")
    terminal.until(lambda: b"your prediction first" in terminal.seen, "a question of the lab")
    pids = descendants(terminal.pid)
    assert len(pids) == 2, "the lab and its server"
    return pids


def killed(terminal: Terminal) -> None:
    os.kill(terminal.pid, signal.SIGKILL)


def hung_up(terminal: Terminal) -> None:
    terminal.close()


def quit_at_once(terminal: Terminal) -> None:
    terminal.type(b"\x03")


def left(terminal: Terminal) -> None:
    """Esc out of the line one types in, then out of the lab. Two at once would be another key."""
    terminal.type(b"\x1b")
    terminal.until(lambda: b"Go on" in terminal.seen[-4000:], "the keys of the story", 5)
    terminal.type(b"\x1b")


@pytest.mark.parametrize("way", [killed, hung_up, quit_at_once, left])
def test_no_process_is_left(terminal: Terminal, way: Callable[[Terminal], None]) -> None:
    pids = run_a_lab(terminal)
    assert all(map(alive, pids))
    way(terminal)
    if way is not left:
        terminal.until(lambda: not alive(terminal.pid), "the end of the UI", END_SECONDS)
    terminal.until(lambda: not any(map(alive, pids)), "the end of the lab", END_SECONDS)
    until_gone(pids, 0)
    assert alive(terminal.pid) == (way is left)


def test_not_even_when_the_server_is_frozen(terminal: Terminal) -> None:
    pids = run_a_lab(terminal)
    server = next(pid for pid in pids if not descendants(pid))
    os.kill(server, signal.SIGSTOP)
    killed(terminal)
    until_gone(pids, END_SECONDS)
