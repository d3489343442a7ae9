"""A destination's latest messages, for who comes back and says what it saw last: bounded in number, bytes and age."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequence numbers that are gone for good, both included. `last < first` when the cursor is not of this history."""

    first: int
    last: int


class ReplayBuffer(Generic[T]):
    """Items under rising sequence numbers. At most `items` of them and `size` bytes, none older than `age` seconds."""

    __slots__ = ("_age", "_entries", "_items", "_limit", "size")

    def __init__(self, items: int, size: int, age: float) -> None:
        self._items = items
        self._limit = size
        self._age = age
        self._entries: deque[tuple[int, float, int, T]] = deque()
        self.size = 0  # bytes held

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, sequence: int, item: T, size: int, now: float) -> None:
        """Keep `item`; the oldest go until the bounds hold, itself too if it is larger than they allow."""
        self._entries.append((sequence, now, size, item))
        self.size += size
        self.trim(now)

    def trim(self, now: float) -> None:
        """Let go what is too old or too much."""
        entries = self._entries
        while entries and (len(entries) > self._items or self.size > self._limit or now - entries[0][1] > self._age):
            self.size -= entries.popleft()[2]

    def clear(self) -> None:
        """Let everything go."""
        self._entries.clear()
        self.size = 0

    def since(self, last_seen: int, head: int, now: float) -> tuple[list[T], Gap | None]:
        """What is newer than `last_seen`, and what of it is gone. `head` is the latest sequence number given out.

        A cursor beyond `head` is from another history (a server that began anew): everything is newer then.
        """
        self.trim(now)
        entries = self._entries
        if last_seen > head:
            return [entry[3] for entry in entries], Gap(last_seen + 1, head)
        items = [entry[3] for entry in entries if entry[0] > last_seen]
        oldest = entries[0][0] if entries else head + 1
        return items, Gap(last_seen + 1, oldest - 1) if oldest > last_seen + 1 else None
