"""When each session is to be looked at again. Deadlines mostly move back, so an entry is a lower bound and is put off
when it comes: hearing from a client costs nothing here."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator

from labs.broker.config import Limits
from labs.broker.session import Session


class Timers:
    """The sessions by their deadlines, and the time of the next sweep over what is kept."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._connect_seconds = limits.connect_seconds
        self._sweep_every = max(1.0, min(limits.queue_seconds, limits.replay_seconds) / 10)
        self._sweep_at = now + self._sweep_every
        self._heap: list[tuple[float, int, Session]] = []
        self._number = itertools.count()
        self._stale = 0  # at most so many entries are of sessions that have ended or have an earlier one

    def watch(self, session: Session) -> None:
        """See to it that due() returns it at its deadline."""
        at = session.deadline(self._connect_seconds)
        if at < session.timer_at:
            if session.timer_at < math.inf:
                self._count_stale()
            session.timer_at = at
            heapq.heappush(self._heap, (at, next(self._number), session))

    def forget(self, session: Session) -> None:
        """It has ended. Its entry stays until there are more such than others."""
        if session.timer_at < math.inf:
            session.timer_at = math.inf
            self._count_stale()

    def next(self, *, keeping: bool) -> float:
        """When due() or, where messages are being kept, sweep_due() may have something."""
        heap = self._heap
        while heap and heap[0][2].timer_at != heap[0][0]:
            heapq.heappop(heap)
        first = heap[0][0] if heap else math.inf
        return min(first, self._sweep_at) if keeping else first

    def due(self, now: float) -> Iterator[Session]:
        """The sessions that have something due; watch() each again that goes on."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, session = heapq.heappop(heap)
            if session.timer_at != at:
                continue
            session.timer_at = math.inf
            if session.deadline(self._connect_seconds) <= now:
                yield session
            else:
                self.watch(session)

    def sweep_due(self, now: float) -> bool:
        """Whether it is time to look for what has waited too long; if so the next time is set."""
        if now < self._sweep_at:
            return False
        self._sweep_at = now + self._sweep_every
        return True

    def _count_stale(self) -> None:
        self._stale += 1
        if self._stale > 100 and self._stale > len(self._heap) // 2:
            self._heap[:] = [entry for entry in self._heap if entry[2].timer_at == entry[0]]
            heapq.heapify(self._heap)
            self._stale = 0
