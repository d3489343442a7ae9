"""`python -m tests.bench.lab_start [RUNS]`: from starting `ws-tutor lab run` to the first bytes on its tape.

Beside it, in the same run, a bare Python and a Python that imports what every lab needs (asyncio and websockets).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

WANTED = 0.5  # seconds
LIBRARIES = "import asyncio, websockets.asyncio.client, websockets.asyncio.server"


def bare(code: str) -> float:
    """Seconds from start to end of a Python that runs `code`."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begun


def first_bytes(lab: str) -> float:
    """Seconds from start to the line of the first `bytes` event."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "tutor.cli", "lab", "run", lab, "--auto", "--json"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        seconds = next(time.perf_counter() - begun for line in process.stdout if b'"kind":"bytes"' in line)
        process.stdout.read()
    return seconds


def main() -> None:
    """Print medians and ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    python, libraries, handshake, masking = [], [], [], []
    for _ in range(runs):
        python.append(bare("pass"))
        libraries.append(bare(LIBRARIES))
        handshake.append(first_bytes("handshake"))
        masking.append(first_bytes("masking"))
    base = statistics.median(libraries)
    rows = (
        ("bare Python", python),
        ("asyncio and websockets", libraries),
        ("handshake", handshake),
        ("masking", masking),
    )
    for name, seconds in rows:
        median = statistics.median(seconds)
        worst = max(seconds)
        print(f"{name:24} median {median * 1000:6.0f} ms  worst {worst * 1000:6.0f} ms  {median / base:5.2f}×")
    print(f"wanted: first bytes within {WANTED * 1000:.0f} ms of starting")


if __name__ == "__main__":
    main()
