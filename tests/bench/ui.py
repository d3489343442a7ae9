"""From a key to its repaint, in a real terminal of 120×36: `python -m tests.bench.ui [QUESTIONS]`.

Without an argument it makes 45 long questions; with `questions` it takes our own.

A pty is forked, the tutor runs in it, a key is written and the clock runs until the end of the first frame that
answers it (synchronized output, ESC [ ? 2026 l).
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

import yaml

QUESTIONS = 45
FRAME_END = b"\x1b[?2026l"
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
ROUNDS = (
    ("j in the list", b"", b"j", 44),
    ("k in the list", b"", b"k", 44),
    ("a, the answer", b"", b"a", 60),
    ("f, a follow-up", b"", b"f", 6),
    ("j in the reader", b"Fg", b"j", 60),
    ("n, the next question", b"", b"n", 40),
)


def bank(folder: Path) -> Path:
    """45 questions of some 900 words each, with code and tables."""
    paragraph = "A WebSocket connection **stays open**, so that `either side` may send at any time; " * 8
    code = "\n```java\n" + "session.send(new TextMessage(payload));\n" * 12 + "```\n"
    table = "\n| header | meaning |\n|---|---|\n" + "| Sec-WebSocket-Key | sixteen random bytes |\n" * 8
    entries = [
        {
            "ref": f"Q{number}",
            "id": f"question-{number}",
            "ask": f"What happens in case {number}, and how would you find out in production?",
            "level": "senior",
            "tags": ["bench"],
            "answer": f"{paragraph}\n{code}\n{table}\n{paragraph}",
            "depth": paragraph * 2,
            "follow_ups": [{"ask": f"And then, {letter}?", "answer": paragraph} for letter in "abcdef"],
            "key_points": [{"text": f"point {point}"} for point in range(8)],
            "sources": ["RFC 6455 §1.1"],
        }
        for number in range(1, QUESTIONS + 1)
    ]
    path = folder / "big.yaml"
    path.write_text(yaml.safe_dump({"section": "Big", "entries": entries}, allow_unicode=True), encoding="utf-8")
    return path


class Terminal:
    """The tutor in a pty."""

    def __init__(self, command: list[str], home: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
            environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", WS_TUTOR_HOME=home)
            os.execvpe(command[0], command, environment)
        self.answered: set[bytes] = set()

    def read(self, until: bytes, seconds: float = 20.0) -> float:
        """Seconds until `until` has been printed; raises TimeoutError."""
        start, seen = time.perf_counter(), b""
        while until not in seen:
            left = seconds - (time.perf_counter() - start)
            if left <= 0:
                raise TimeoutError(f"{until!r} did not come within {seconds:g} s")
            if select.select([self.fd], [], [], left)[0]:
                seen += os.read(self.fd, 65536)
                self._answer(seen)
        return time.perf_counter() - start

    def _answer(self, seen: bytes) -> None:
        for query, answer in ANSWERS.items():
            if query in seen and query not in self.answered:
                self.answered.add(query)
                os.write(self.fd, answer)

    def rest(self, seconds: float = 0.15) -> None:
        """Read until nothing has come for so long."""
        while select.select([self.fd], [], [], seconds)[0]:
            self._answer(os.read(self.fd, 65536))

    def press(self, key: bytes) -> float:
        """Seconds from the key to the end of the frame that answers it."""
        os.write(self.fd, key)
        taken = self.read(FRAME_END)
        self.rest()
        return taken

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def main() -> None:
    """Print median and 95th percentile of each kind of key, in milliseconds, and the worst p95 as a ratio to 30 ms."""
    with tempfile.TemporaryDirectory(prefix="bench-ui-") as home:
        questions = sys.argv[1] if sys.argv[1:] else str(bank(Path(home)))
        terminal = Terminal([sys.executable, "-m", "tutor.ui.app", questions], home)
        try:
            terminal.read(b" read")
            terminal.rest(1.0)
            terminal.press(b"2")
            terminal.rest(1.0)
            worst = max(report(terminal, *each) for each in ROUNDS)
        finally:
            terminal.close()
    print(f"worst p95 / 30 ms: {worst / 30:.2f}")


def report(terminal: Terminal, name: str, before: bytes, key: bytes, times: int) -> float:
    """Press a key so many times; print and give back its p95 in milliseconds."""
    for each in before:
        terminal.press(bytes([each]))
    taken = sorted(terminal.press(key) * 1000 for _ in range(times))
    p95 = taken[int(len(taken) * 0.95) - 1]
    print(f"{name:22} median {statistics.median(taken):5.1f} ms   p95 {p95:5.1f} ms   worst {taken[-1]:5.1f} ms")
    return p95


if __name__ == "__main__":
    main()
