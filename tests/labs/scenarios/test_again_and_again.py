"""Each lab twenty times in a row, with every core busy, gives the same verdicts. WS_TUTOR_STRESS=1 runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from labs.catalog import LABS
from tests.labs.playing import play

RUNS = 20
pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def busy() -> Iterator[None]:
    """A process that only counts, for each core."""
    counting = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    yield
    for process in counting:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", [lab.name for lab in LABS])
async def test_the_verdicts_are_the_same_each_time(name: str, busy: None) -> None:
    runs = []
    for _ in range(RUNS):
        played = await play(name)
        assert played.ended.error is None
        runs.append({id: verdict.ok for id, verdict in played.verdicts.items()})
    assert runs == [dict.fromkeys(runs[0], True)] * RUNS
