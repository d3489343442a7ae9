"""How long a node takes to start: `python -m tests.bench.node_start [RUNS]`.

From starting the process until it says that it listens, with the store that it joins, and its CPU seconds; then
`serve --nodes 3` until its ready line. Beside them, in the same run, a Python that imports what all of them need.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from labs.net.processes import Cast
from labs.net.store import running_store
from labs.net.tasks import Tasks

RUNS = 7
WANTED = 1.0  # seconds
LIBRARIES = "import asyncio, websockets.server, redis.asyncio"


def bare() -> None:
    """Start and end a Python that imports the libraries."""
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)


def serve() -> None:
    """Start three nodes with their store and balancer until they are ready, and end them."""
    command = [sys.executable, "-m", "tutor.cli", "serve", "--nodes", "3", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        READY.append(time.perf_counter())
        process.terminate()


READY: list[float] = []  # when it was, for what has to be ended afterwards


async def nodes(runs: int) -> list[tuple[float, float]]:
    """One node after the other on one store: wall and CPU seconds until each listens. A child's CPU time is known when
    it has ended."""
    found = []
    async with running_store() as store:
        for _ in range(runs):
            async with Tasks() as tasks:
                cast = Cast(tasks, lambda part, record: None)
                before, begun = spent(), time.perf_counter()
                await cast.spawn("node", "labs.net.node", {"relay": store.url, "tap": False})
                wall = time.perf_counter() - begun
                await cast.aclose()
                found.append((wall, spent() - before))
    return found


def spent() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Wall seconds, until ready where it says so, and CPU seconds of `work`."""
    READY.clear()
    before, begun = spent(), time.perf_counter()
    work()
    ended = READY[-1] if READY else time.perf_counter()
    return ended - begun, spent() - before


def main() -> None:
    """Print medians and ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    libraries = [timed(bare) for _ in range(runs)]
    rows = {
        "asyncio, websockets, redis": libraries,
        "one node": asyncio.run(nodes(runs)),
        "serve --nodes 3": [timed(serve) for _ in range(runs)],
    }
    base = statistics.median(wall for wall, _ in libraries)
    for name, figures in rows.items():
        wall, cpu = (statistics.median(each) for each in zip(*figures, strict=True))
        worst = max(figures)[0]
        print(f"{name:28} median {wall * 1000:6.0f} ms  worst {worst * 1000:6.0f} ms  {wall / base:5.2f}×", end="")
        print(f"  CPU {cpu * 1000:6.0f} ms")
    print(f"wanted: a node within {WANTED * 1000:.0f} ms")


if __name__ == "__main__":
    main()
