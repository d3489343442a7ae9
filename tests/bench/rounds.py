"""What a bench takes as the time of something."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 5


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
