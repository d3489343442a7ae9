"""What the study engine costs: a load from the cache against a checked one, and a keystroke of a search.

Run it with `python -m tests.bench.study`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

from tutor.study import bank
from tutor.study.search import Index

RUNS = 7
LOAD = "import time; from tutor.study import bank; t = time.perf_counter(); bank.load(); print(time.perf_counter() - t)"


def load_seconds(home: str) -> float:
    """One load in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD], env={"WS_TUTOR_HOME": home}, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print the medians and their ratio."""
    checked = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as home:
            checked.append(load_seconds(home))
    with tempfile.TemporaryDirectory() as home:
        load_seconds(home)
        cached = [load_seconds(home) for _ in range(RUNS)]
    full, quick = statistics.median(checked), statistics.median(cached)
    print(f"load: checked {full * 1000:.0f} ms, from the cache {quick * 1000:.1f} ms, {full / quick:.0f} times as fast")

    ours = bank.check(bank.read()[0])[0]
    index = Index(ours)
    start = time.perf_counter()
    index.build()
    built = time.perf_counter() - start
    typed = "masking key security level:senior"
    keystrokes = []
    for stop in range(1, len(typed) + 1):
        start = time.perf_counter()
        for result in index.search(typed[:stop])[:20]:
            assert result.hits is not None
        keystrokes.append(time.perf_counter() - start)
    usual, worst = statistics.median(keystrokes) * 1000, max(keystrokes) * 1000
    print(
        f"search: index of {len(ours.questions)} questions, {len(ours.facts)} facts {built * 1000:.0f} ms once, ",
        end="",
    )
    print(f"a keystroke with 20 rows of hits {usual:.1f} ms, at most {worst:.1f} ms")


if __name__ == "__main__":
    main()
