"""Joins a live stream with the history that was asked for beside it: everything once, in order."""

from __future__ import annotations

from typing import Generic, TypeVar

from labs.rules.cursor import Cursor, Seen

T = TypeVar("T")


class CatchUp(Generic[T]):
    """Live items wait until the history is complete. Each method returns what can be handed on now.

    Nothing is missing where the live subscription stood before the history was read; what came both ways is dropped.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._waiting: list[tuple[int, T]] | None = []
        self.repeats = 0

    def history(self, sequence: int, item: T) -> list[T]:
        """An item of the history."""
        if self._cursor.take(sequence, "", 0.0) is Seen.REPEAT:
            self.repeats += 1
            return []
        return [item]

    def live(self, sequence: int, item: T) -> list[T]:
        """An item of the live stream."""
        if self._waiting is None:
            return self.history(sequence, item)
        self._waiting.append((sequence, item))
        return []

    def complete(self) -> list[T]:
        """The history is there: what waited may follow it."""
        waiting, self._waiting = self._waiting or [], None
        return [item for sequence, kept in waiting for item in self.history(sequence, kept)]
