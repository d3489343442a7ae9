"""For all tests: hypothesis judges what comes out, never how long it took on a busy machine; the order; garbage."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("ws-tutor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ws-tutor")

# Where tests wait for processes, the longest first. What starts last and takes long is what a whole run waits for.
SLOW = ("test_failover.py", "test_bootstrap.py", "test_replay.py", "labs/scenarios", "peers", "packaging", "commands")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every second worker begins with such, while the others keep the cores busy.

    pytest-xdist gives each worker a part of the list, of one length; who is through takes from the end of another's.
    """
    slow = sorted((item for item in items if _rank(item) < len(SLOW)), key=_rank)
    files = list(dict.fromkeys(item.path for item in slow))
    rest = [item for item in items if _rank(item) == len(SLOW)]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    piles = (workers + 1) // 2
    total = len(items)
    items.clear()
    for pile in range(piles):
        items += [item for item in slow if files.index(item.path) % piles == pile]
        room = max(0, total * min(2 * (pile + 1), workers) // workers - len(items))
        items += rest[:room]
        del rest[:room]


def pytest_collection_finish() -> None:
    """Look seldom for garbage, and never through what all tests share: that was a tenth of the screens' tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _rank(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((rank for rank, name in enumerate(SLOW) if f"/{name}" in path), len(SLOW))
