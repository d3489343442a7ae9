"""How a crowd that was cut off together comes back: waits by policy, arrivals over time, the busiest moment. A model of
any number of clients; a lab gives the same waits to real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

Jitter = Literal["none", "second", "full"]
JITTERS: tuple[Jitter, ...] = get_args(Jitter)
WINDOW = 0.1  # seconds, in which arrivals are counted
_BARS = "▁▂▃▄▅▆▇█"


def waits(jitter: Jitter, clients: int, ceiling: float, draw: Callable[[], float]) -> list[float]:
    """Seconds until the next attempt of each client: the ceiling itself, the ceiling and up to one second, or anything
    below it."""
    if jitter == "full":
        return [draw() * ceiling for _ in range(clients)]
    if jitter == "second":
        return [ceiling + draw() for _ in range(clients)]
    return [ceiling] * clients


def arrivals(jitter: Jitter, clients: int, ceilings: Sequence[float], draw: Callable[[], float]) -> list[list[float]]:
    """For each attempt, when each client makes it, in seconds since the cut: all attempts fail. Attempt n waits up to
    `ceilings[n]` from the attempt before it."""
    times = [0.0] * clients
    rounds = []
    for ceiling in ceilings:
        times = [time + seconds for time, seconds in zip(times, waits(jitter, clients, ceiling, draw), strict=True)]
        rounds.append(times)
    return rounds


def peak(times: Iterable[float], window: float = WINDOW) -> int:
    """The most arrivals in one of the stretches of `window` seconds that time is cut into."""
    return max(Counter(map(window.__rfloordiv__, times)).values(), default=0)  # at the speed of C: there may be many


def half(times: Iterable[float]) -> float:
    """Seconds of the shortest stretch in which half of the crowd arrives: how far it is spread, whatever one busy
    moment does to its peak."""
    ordered = sorted(times)
    size = (len(ordered) + 1) // 2
    return min((end - begin for begin, end in zip(ordered, ordered[size - 1 :], strict=False)), default=0.0)


def histogram(times: Iterable[float], until: float, window: float = WINDOW) -> str:
    """One bar for each `window` from 0 to `until`: a dot for none, else as high as its share of the busiest one."""
    counts = Counter(int(time / window) for time in times if 0 <= time < until)
    most = max(counts.values(), default=1)
    bars = [counts[place] for place in range(round(until / window))]
    return "".join(_BARS[(count * len(_BARS) - 1) // most] if count else "·" for count in bars)
