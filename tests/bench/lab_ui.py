"""The lab screen under load, in a real terminal of 120×36: `python -m tests.bench.lab_ui`.

From a key to the end of the frame that answers it (the next message's bytes are shown) with 10,000 messages listed, and
while 2,000 messages a second come; and from pressing run to the first bytes of the real handshake lab.
"""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import sys
import tempfile
import time

from labs.tape import Event, Part, to_line
from labs.wire.frames import PING, PONG, TEXT, encode_frame
from tests.bench.ui import FRAME_END, Terminal
from tests.tutor.ui.lab_tape import KEY, LAB, opening, passed
from tutor.ui import lab_process

MANY = 10_000
RATE = 2_000  # messages a second
STREAMED = 60_000
KEYS = 60
FRAME = 0.03  # seconds that a key may take
FIRST_BYTES = 0.5  # seconds
RUNS = 5
STEADY = 0.005  # seconds between two writes of the stream


def exchange(number: int, t: float) -> list[Event]:
    """Two messages: a text there and back, each tenth time a ping and its pong."""
    text = f"message {number}".encode()
    there, back = (PING, PONG) if number % 10 == 0 else (TEXT, TEXT)
    return [
        passed("client", encode_frame(there, text, mask_key=KEY), t),
        passed("server", encode_frame(back, text), t + 0.0002),
    ]


def write_tape(count: int, rate: int) -> None:
    """A tape of `count` messages on standard output, all at once or `rate` a second, until standard input ends."""
    began, written = time.monotonic(), 0
    write(opening())
    while written < count:
        due = count if not rate else min(count, int((time.monotonic() - began) * rate))
        if due > written + 1:
            t = 1 + time.monotonic() - began
            write([event for number in range(written // 2, due // 2) for event in exchange(number, t)])
            written = due // 2 * 2
        time.sleep(STEADY if rate else 0)
    write([Part(t=99, id="client", role="client", state="down")])
    sys.stdin.read()


def write(events: list[Event]) -> None:
    """Lines as a lab writes them."""
    sys.stdout.write("".join(to_line(event) + "\n" for event in events))
    sys.stdout.flush()


def show(count: str, rate: str) -> None:
    """The tutor with a lab that writes such a tape."""
    from tutor.ui.app import TutorApp
    from tutor.ui.screens.lab import LabScreen

    program = (sys.executable, "-m", "tests.bench.lab_ui", "tape", count, rate)
    lab_process.command = lambda name, knobs: program
    app = TutorApp()
    app.call_later(lambda: app.push_screen(LabScreen(LAB)))
    app.run()


def press(terminal: Terminal, key: bytes, shows: bytes) -> float:
    """Seconds from a key to the end of the frame with what it brings; other frames may come before."""
    began = time.perf_counter()
    os.write(terminal.fd, key)
    terminal.read(shows)
    return time.perf_counter() - began


def keys(home: str, count: int, rate: int, ready: bytes) -> tuple[list[float], list[float]]:
    """Go down the list, a message a key: seconds to the next frame, which has the cursor, and to the message's bytes.
    While messages come the next frame may be that of a message, and says nothing."""
    terminal = Terminal([sys.executable, "-m", "tests.bench.lab_ui", "show", str(count), str(rate)], home)
    try:
        terminal.read(b"not run yet")
        terminal.rest(0.5)
        os.write(terminal.fd, b"r")
        terminal.read(ready, 60)
        os.write(terminal.fd, b"\t")
        wait(terminal, 0.5)
        press(terminal, b"g", b"#1  http")
        press(terminal, b"j", b"#2  http")
        moved, shown = [], []
        for number in range(3, 3 + KEYS):
            wait(terminal, 0.05)
            shown.append(press(terminal, b"j", f"#{number}  ws".encode()))
        for _ in range(KEYS if not rate else 0):
            wait(terminal, 0.15)
            moved.append(press(terminal, b"k", FRAME_END))
    finally:
        terminal.close()
    return sorted(moved), sorted(shown)


def p95(name: str, taken: list[float]) -> float:
    """Print how long it took; returns the 95th percentile as a ratio to FRAME."""
    worst = taken[int(len(taken) * 0.95) - 1]
    figures = (f"{figure * 1000:5.1f} ms" for figure in (statistics.median(taken), worst, taken[-1]))
    print("{:44} median {}   p95 {}   worst {}".format(name, *figures))
    return worst / FRAME


def wait(terminal: Terminal, seconds: float) -> None:
    """Read on for so long, as a terminal does."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([terminal.fd], [], [], left)[0]:
            os.read(terminal.fd, 65536)


def first_bytes(home: str) -> float:
    """Seconds from pressing run to the first message of the handshake lab on the screen."""
    terminal = Terminal([sys.executable, "-m", "tutor.ui.start"], home)
    try:
        terminal.read(b" read")
        terminal.rest(1.0)
        press(terminal, b"3", b"masking")
        terminal.rest(0.5)
        press(terminal, b"\r", b"not run yet")
        terminal.rest(0.5)
        return press(terminal, b"r", b"GET /echo")
    finally:
        terminal.close()


def lab_alone() -> float:
    """Seconds from starting the lab to its first bytes, without a UI."""
    began = time.perf_counter()
    command = lab_process.command("handshake", {})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while b'"kind":"bytes"' not in process.stdout.readline():
            pass
        taken = time.perf_counter() - began
        process.kill()
    return taken


def main() -> None:
    """Print the figures, and each as a ratio to what it may be."""
    with tempfile.TemporaryDirectory(prefix="bench-lab-") as home:
        moved, shown = keys(home, MANY, 0, f"{MANY + 2} messages".encode())
        _, streaming = keys(home, STREAMED, RATE, b"following")
        alone, first = [], []
        for _ in range(RUNS):
            alone.append(lab_alone())
            first.append(first_bytes(home))
    ratios = (
        p95(f"{MANY:,} messages listed: the cursor", moved),
        p95(f"{MANY:,} messages listed: the bytes as well", shown),
        p95(f"{RATE:,} messages a second coming: the bytes", streaming),
    )
    print("p95 / 30 ms: " + ", ".join(f"{ratio:.2f}" for ratio in ratios))
    whole, lab = statistics.median(first), statistics.median(alone)
    print(f"first bytes after run: median {whole:.2f} s; of the lab alone {lab:.2f} s; ratio {whole / lab:.2f}")
    print(f"first bytes / 0.5 s: {whole / FIRST_BYTES:.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tape", count, rate]:
            write_tape(int(count), int(rate))
        case ["show", count, rate]:
            show(count, rate)
        case _:
            main()
