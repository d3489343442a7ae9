"""What a review costs until it is on disk, alone and from a key in the terminal UI, and whether 200 kills at random
moments lose one that was reported kept.

Run it with `python -m tests.bench.reviews`.
"""

from __future__ import annotations

import os
import random
import re
import select
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.ui import Terminal, bank
from tutor.study.reviews import Reviews, review
from tutor.study.store import Store

KILLS = 200
WRITES = 500
CARDS = 40
PATIENCE = 20.0  # seconds for a writer to begin
_WRITER = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from tests.bench.ui import Terminal, bank
from tutor.study.reviews import Reviews, review
from tutor.study.store import Store

def write():
    log = Reviews(Store(Path(sys.argv[1])))
    for number in range(100_000):
        done = review(f"card-{number}", datetime.now(UTC), "drill", 3, 2, 1.5, ["a", "b"])
        assert log.add(done)
        os.write(1, f"{done.id}\\n".encode())

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        write()
    os.write(1, f"pid {pid}\\n".encode())
    os.waitpid(pid, 0)
    os.write(1, b"gone\\n")
"""
"""For each line of its input it forks a process that writes until it is killed: a new interpreter each would cost more
than all else."""


def kill_writers(path: Path, times: int, rng: random.Random) -> int:
    """Kill a process that writes reviews, so often; returns how many it kept. Raises AssertionError where one that was
    reported as kept is gone, or where the file is damaged."""
    told: set[str] = set()
    kept: set[str] = set()
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as writers:
        for kills in range(1, times + 1):
            told |= _written_until_killed(writers, rng)
            connection = sqlite3.connect(path)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            kept = {row[0] for row in connection.execute("SELECT id FROM review")}
            connection.close()
            assert kept >= told, "a review that was reported as kept is gone"
            assert len(kept) <= len(told) + kills, "more than one a process was written and not reported"
    return len(kept)


def _written_until_killed(writers: subprocess.Popen[bytes], rng: random.Random) -> set[str]:
    assert writers.stdin is not None and writers.stdout is not None
    writers.stdin.write(b"another\n")
    pid, lines = 0, b""
    while not (pid and lines.count(b"\n") > 1):  # it has begun to write
        assert select.select([writers.stdout], [], [], PATIENCE)[0], "the writer wrote nothing"
        lines += os.read(writers.stdout.fileno(), 65536)
        found = re.search(rb"pid (\d+)\n", lines)
        pid = int(found[1]) if found else 0
    time.sleep(rng.random() * 0.02)  # the moment is the point: nothing waits for it
    os.kill(pid, signal.SIGKILL)
    while not lines.endswith(b"gone\n"):
        assert select.select([writers.stdout], [], [], PATIENCE)[0], "the killed writer did not go"
        lines += os.read(writers.stdout.fileno(), 65536)
    return {line.decode() for line in lines.split(b"\n") if len(line) == len(uuid.uuid4().hex)}


def _write_times(path: Path, synchronous: str) -> list[float]:
    store = Store(path)
    log = Reviews(store)
    store.settings()
    connection = store._connection
    assert connection is not None
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    times = []
    for number in range(WRITES):
        start = time.perf_counter()
        assert log.add(review(f"card-{number}", datetime.now(UTC), "drill", 3))
        times.append((time.perf_counter() - start) * 1000)
    store.close()
    return times


def key_times(home: str) -> list[float]:
    """Milliseconds from the key that rates a card, written to the tutor's terminal, until another process's connection
    sees the review; a commit is seen once it is synced."""
    command = [sys.executable, "-m", "tutor.cli", "--bank", str(bank(Path(home))), "quiz", "--count", str(CARDS)]
    terminal = Terminal(command, home)
    try:
        terminal.read(b"How sure")
        terminal.rest(1.0)
        connection = sqlite3.connect(Path(home) / "data" / "progress.db", isolation_level=None)
        times = []
        for number in range(1, CARDS + 1):
            terminal.press(b"2")
            terminal.rest(0.3)
            start = time.perf_counter()
            os.write(terminal.fd, b"3")
            while connection.execute("SELECT count(*) FROM review").fetchone()[0] < number:
                assert time.perf_counter() - start < PATIENCE, "the review does not come"
                time.sleep(0.0002)
            times.append((time.perf_counter() - start) * 1000)
            terminal.rest(0.3)
        connection.close()
    finally:
        terminal.close()
    return times


def main() -> None:
    """Print the times and the outcome of the kills."""
    with tempfile.TemporaryDirectory(prefix="bench-reviews-") as home:
        times = key_times(home)
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[18]
    print(f"from the key to the disk: p50 {p50:.2f} ms, p95 {p95:.2f} ms, p95 / 20 ms: {p95 / 20:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        for synchronous in ("NORMAL", "FULL"):
            times = _write_times(Path(folder) / f"{synchronous}.db", synchronous)
            p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[18]
            print(f"a review, synchronous={synchronous}: p50 {p50:.2f} ms, p95 {p95:.2f} ms, at most {max(times):.1f}")
        start = time.perf_counter()
        kept = kill_writers(Path(folder) / "killed.db", KILLS, random.Random())
        print(f"{KILLS} kills in {time.perf_counter() - start:.0f} s: {kept} reviews, none lost, file whole")


if __name__ == "__main__":
    main()
