"""Limits as small machines: a rate, a count by key, and what becomes of the output of a consumer that is too slow."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Slow = Literal["coalesce", "drop-oldest", "disconnect"]


class TokenBucket:
    """`rate` a second on average, `burst` at once. `now` in seconds, never going back."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Take a token; False when there is none."""
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Tally:
    """How many of each key there are, at most `limit`: look and count are one step, so that no two both come last."""

    __slots__ = ("_counts", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._counts: dict[str, int] = {}

    def enter(self, key: str) -> bool:
        """Count one more; False, and nothing counted, when that would pass the limit."""
        count = self._counts.get(key, 0)
        if count >= self.limit:
            return False
        self._counts[key] = count + 1
        return True

    def leave(self, key: str) -> None:
        """One less; what is at zero is forgotten."""
        count = self._counts.get(key, 0) - 1
        if count > 0:
            self._counts[key] = count
        else:
            self._counts.pop(key, None)


class Backlog(Generic[T]):
    """What waits for a slow consumer, in order, at most `limit` bytes of it.

    An entry with a `topic` may be dropped: `coalesce` keeps the latest of each topic, `drop-oldest` those that fit.
    Where that does not make room, and always under `disconnect`, the consumer has to go.
    """

    __slots__ = ("_droppable", "_entries", "_latest", "_limit", "_next", "_policy", "dropped", "size")

    def __init__(self, limit: int, policy: Slow) -> None:
        self._limit = limit
        self._policy = policy
        self._entries: dict[int, tuple[T, int, Hashable]] = {}
        self._droppable: deque[int] = deque()
        self._latest: dict[Hashable, int] = {}
        self._next = 0
        self.size = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, item: T, size: int, topic: Hashable = None) -> bool:
        """Keep `item` of `size` bytes; False when there is no room and the consumer has to go."""
        number = self._next
        self._next += 1
        if topic is not None and self._policy == "coalesce":
            self._forget(self._latest.get(topic))
            self._latest[topic] = number
        elif topic is not None and self._policy == "drop-oldest":
            self._droppable.append(number)
        self._entries[number] = (item, size, topic)
        self.size += size
        while self.size > self._limit and self._droppable:
            self._forget(self._droppable.popleft())
        return self.size <= self._limit

    def drain(self) -> Iterator[T]:
        """Everything that waits, in order; it is empty afterwards."""
        entries, self._entries = self._entries, {}
        self._droppable.clear()
        self._latest.clear()
        self.size = 0
        return (item for item, _, _ in entries.values())

    def _forget(self, number: int | None) -> None:
        if number is not None and (entry := self._entries.pop(number, None)) is not None:
            self.size -= entry[1]
            self.dropped += 1
