"""First paint of the tutor, of a drill that the command line asks for, and of one that two keys start once the tutor is
there (from the keys on), as ratios to a bare Textual app, all run by turns in a pseudo-terminal of 120×40. Each has a
home of its own, which the runs that are not counted fill.

Two times from fork: `paint`, the first printable glyph on the alternate screen; `content`, when a marker is there.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
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
    "drill": ([sys.executable, "-m", "tutor.cli", "quiz"], "How sure"),
    "keys": ([sys.executable, "-m", "tutor.cli"], " read"),
}
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P^_].*?(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\x1b[()][0-9A-B]", re.S)
ENTER = b"\x1b[?1049h"  # the alternate screen
KEYS = {"keys": (b"4\r", "How sure")}
LIMIT = 20.0
WARM_UP = 2


def paint(argv: list[str], marker: str, home: str, keys: tuple[bytes, str] | None = None) -> tuple[float, float]:
    """Seconds from fork to the first glyph and to `marker`; with `keys` from those, pressed then, to a second marker.
    TimeoutError after 20 s."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        env = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", WS_TUTOR_HOME=home, XDG_CACHE_HOME=home)
        os.execvpe(argv[0], argv, env)
    try:
        times = _read_until(terminal, marker, started)
        if keys:
            started = time.perf_counter()
            os.write(terminal, keys[0])
            times = (0.0, _read_until(terminal, keys[1], started, entered=True)[1])
        return times
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _read_until(terminal: int, marker: str, started: float, *, entered: bool = False) -> tuple[float, float]:
    """`entered`: the alternate screen is there already."""
    raw, first = ENTER if entered else b"", 0.0
    while (now := time.perf_counter() - started) < LIMIT:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        raw += os.read(terminal, 65536)
        _, on_screen, shown = raw.partition(ENTER)
        text = ESCAPES.sub(b"", shown).decode("utf-8", "ignore")
        if on_screen and text.strip() and not first:
            first = time.perf_counter() - started
        if marker in text:
            return first, time.perf_counter() - started
    raise TimeoutError(f"no {marker!r} within {now:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=7, help="counted runs of each, after two that are not")
    runs = parser.parse_args().n
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory(prefix="first-paint-", ignore_cleanup_errors=True) as homes:
        for turn in range(runs + WARM_UP):
            for name, case in CASES.items():
                result = paint(*case, f"{homes}/{name}", KEYS.get(name))
                if turn >= WARM_UP:
                    times[name].append(result)
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}
    for name, (first, content) in medians.items():
        print(f"{name:6} paint {first * 1000:5.0f} ms  content {content * 1000:5.0f} ms")
    for name in ("tutor", "drill", "keys"):
        paint_ratio, content = (ours / bare for ours, bare in zip(medians[name], medians["bare"], strict=True))
        print(f"{name} to bare: paint {paint_ratio:.2f}  content {content:.2f}")


if __name__ == "__main__":
    main()
