"""What a server counts of itself, as plain numbers. Counting happens where things happen; the names that `/metrics` has
for them are in exposition.py, which is loaded when somebody asks for the first time."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence

from labs.broker import Counters

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENCY = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
DURATION = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86400.0)
LAG = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
LATEST = 1000  # messages whose latency is kept


class Spread:
    """How often a figure fell into each of its ranges, which end at `bounds` and are the last one without end."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Metrics:
    """One server's figures; `counters` are its broker's. Seconds."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.latest: deque[float] = deque(maxlen=LATEST)
        self.connections: Counter[str] = Counter()  # by endpoint
        self.opened: Counter[str] = Counter()  # by endpoint
        self.closed: Counter[str] = Counter()  # by close code
        self.requests: Counter[str] = Counter()  # by status
        self.duration = Spread(DURATION)
        self.latency = Spread(LATENCY)
        self.lag = Spread(LAG)
        self.sockjs = 0

    def delivered(self, seconds: float, count: int) -> None:
        """A message went to `count` subscribers; the latency is the message's, once."""
        if count:
            self.latency.observe(seconds)
            self.latest.append(seconds)

    def text(self) -> bytes:
        """All of it, in Prometheus' format."""
        from labs.net.exposition import text

        return text(self)
