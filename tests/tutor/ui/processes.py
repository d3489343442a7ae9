"""Which processes there are, for tests that nothing is left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:
        return True


def until_gone(pids: Iterable[int], seconds: float) -> None:
    """Wait until none of them is alive; AssertionError names those that are left."""
    end = time.monotonic() + seconds
    left = set(pids)
    while left := {pid for pid in left if alive(pid)}:
        assert time.monotonic() < end, f"left behind after {seconds:g} s: {left}"
        time.sleep(0.02)


def descendants(pid: int) -> set[int]:
    """All processes that `pid` started, and they. Linux."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for tasks in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            try:
                children = {int(word) for word in tasks.read_text().split()}
            except OSError:
                continue
            waiting += children - found
            found |= children
    return found
