"""From a key to its repaint, in a real terminal of 120×36: `python -m tests.bench.ui [QUESTIONS]`.

Without an argument it makes 45 long questions; with `questions` it takes our own.

A pty is forked, the tutor runs in it, a key is written and the clock runs until the end of the first frame that
answers it (synchronized output, ESC [ ? 2026 l). In a second pty, key by key in turn, a bare Textual app (a list and 30
lines beside it) unfolds those lines: what the machine and the framework take at that moment.
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
from dataclasses import dataclass
from pathlib import Path

import yaml

QUESTIONS = 45
FRAME_END = b"\x1b[?2026l"
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
ESCAPE = b"\x1b"


@dataclass(frozen=True, slots=True)
class Kind:
    """A key to be timed, how often, and the keys around it that are not: once, before each, after each."""

    name: str
    key: bytes
    times: int
    once: bytes = b""
    before: bytes = b""
    after: bytes = b""


KINDS = (
    Kind("j in the list", b"j", 40),
    Kind("k in the list", b"k", 40),
    Kind("a, folded and unfolded", b"a", 40),
    Kind("a, of a new question", b"a", 15, before=b"n"),
    Kind("a, from the list", b"a", 15, once=ESCAPE, before=b"j", after=ESCAPE),
    Kind("f, a follow-up", b"f", 4, once=b"a"),
    Kind("j in the reader", b"j", 40, once=b"Fg"),
    Kind("n, the next question", b"n", 10),
)
BARE = """
from textual.app import App
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import OptionList, Static

class Bare(App):
    BINDINGS = [("a", "unfold", "")]
    CSS = "OptionList { width: 46; height: 100%; } #more { display: none; }"

    def compose(self):
        with Horizontal():
            yield OptionList(*(f"Q{n} a question to be asked\\n    new  senior" for n in range(45)))
            with VerticalScroll():
                for n in range(8):
                    yield Static(f"part {n}")
                    if n == 0:
                        yield Static("\\n".join(f"line {n} of what was folded " * 2 for n in range(30)), id="more")

    def action_unfold(self):
        more = self.query_one("#more")
        more.display = not more.display

Bare().run()
"""


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
    """Print median and 95th percentile of each kind of key, in milliseconds and as a ratio to the bare app's."""
    with tempfile.TemporaryDirectory(prefix="bench-ui-") as home:
        questions = sys.argv[1] if sys.argv[1:] else str(bank(Path(home)))
        terminal = Terminal([sys.executable, "-m", "tutor.ui.start", questions], home)
        bare = Terminal([sys.executable, "-c", BARE], home)
        try:
            terminal.read(b" read")
            bare.read(b"part 0")
            terminal.rest(1.0)
            terminal.press(b"2")
            terminal.rest(1.0)
            worst = max(report(terminal, bare, kind) for kind in KINDS)
        finally:
            terminal.close()
            bare.close()
    print(f"worst p95 / 30 ms: {worst / 30:.2f}")


def report(terminal: Terminal, bare: Terminal, kind: Kind) -> float:
    """Press the key so many times; print its times and give back p95 in milliseconds."""
    for each in kind.once:
        terminal.press(bytes([each]))
    ours, theirs = [], []
    for _ in range(kind.times):
        for each in kind.before:
            terminal.press(bytes([each]))
        ours.append(terminal.press(kind.key) * 1000)
        for each in kind.after:
            terminal.press(bytes([each]))
        theirs.append(bare.press(b"a") * 1000)
    median, p95 = quantiles(ours)
    bare_median, bare_p95 = quantiles(theirs)
    print(
        f"{kind.name:22} median {median:5.1f} ms   p95 {p95:5.1f} ms   bare {bare_median:5.1f}, {bare_p95:5.1f} ms"
        f"   ratio {median / bare_median:4.2f}, {p95 / bare_p95:4.2f}",
        flush=True,
    )
    return p95


def quantiles(times: list[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    return statistics.median(times), sorted(times)[max(int(len(times) * 0.95) - 1, 0)]


if __name__ == "__main__":
    main()
