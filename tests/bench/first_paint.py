"""First paint of the tutor as a ratio to a bare Textual app, both run by turns in a pseudo-terminal of 120×40.

Two times from fork: `paint`, the first printable glyph on the alternate screen; `content`, when a marker is there.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time

BARE = (
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Bare(App):\n    def compose(self):\n        yield Static('BARE-APP')\nBare().run()"
)
CASES = {
    "bare": ([sys.executable, "-c", BARE], "BARE-APP"),
    "tutor": ([sys.executable, "-m", "tutor.cli"], "Today"),
}
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P^_].*?(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\x1b[()][0-9A-B]", re.S)
LIMIT = 20.0
WARM_UP = 2


def paint(argv: list[str], marker: str) -> tuple[float, float]:
    """Seconds from fork to the first glyph and to `marker`; TimeoutError after 20 s."""
    home = tempfile.mkdtemp(prefix="first-paint-")
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        env = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", WS_TUTOR_HOME=home, XDG_CACHE_HOME=home)
        os.execvpe(argv[0], argv, env)
    try:
        return _read_until(terminal, marker, started)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
        shutil.rmtree(home, ignore_errors=True)


def _read_until(terminal: int, marker: str, started: float) -> tuple[float, float]:
    raw, first = b"", 0.0
    while (now := time.perf_counter() - started) < LIMIT:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        raw += os.read(terminal, 65536)
        _, entered, shown = raw.partition(b"\x1b[?1049h")
        text = ESCAPES.sub(b"", shown).decode("utf-8", "ignore")
        if entered and text.strip() and not first:
            first = time.perf_counter() - started
        if marker in text:
            return first, time.perf_counter() - started
    raise TimeoutError(f"no {marker!r} within {now:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=7, help="counted runs of each, after two that are not")
    runs = parser.parse_args().n
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for turn in range(runs + WARM_UP):
        for name, case in CASES.items():
            result = paint(*case)
            if turn >= WARM_UP:
                times[name].append(result)
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    for name, (first, content) in medians.items():
        print(f"{name:6} paint {first * 1000:5.0f} ms  content {content * 1000:5.0f} ms")
    ratios = [ours / bare for ours, bare in zip(medians["tutor"], medians["bare"], strict=True)]
    print(f"ratio  paint {ratios[0]:.2f}  content {ratios[1]:.2f}")


if __name__ == "__main__":
    main()
