"""A tape in memory: its events with their line numbers, the bytes of each direction, and the messages on them.

Verdicts are computed from this and from nothing else.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from labs.tape import Bytes, Event, Step, read_events
from labs.wire.message import Message

if TYPE_CHECKING:
    from labs.wire.dissect import Dissector

E = TypeVar("E", bound=Event)

_Direction = tuple[str, str]  # conn, sender


@dataclass(frozen=True, slots=True)
class Traced:
    """A message, the lines of the tape that carried its bytes (1 = first), and the step in which its connection began
    (its id; empty before the first step)."""

    message: Message
    lines: tuple[int, ...]
    step: str


class Tape:
    """The events of one run in order. Lines are numbered from 1, as in the file.

    A direction that was recorded at both ends is read at the end that recorded it first, which is the sender's.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._at: dict[_Direction, str] = {}
        self._starts: dict[_Direction, list[int]] = {}  # offset in the direction's stream at which each line begins
        self._lines: dict[_Direction, list[int]] = {}
        self._sizes: dict[_Direction, int] = {}
        self._conn_steps: dict[str, str] = {}
        self._step = ""
        self._messages: list[Traced] = []

    def add(self, event: Event) -> list[Traced]:
        """Take the next event; returns the messages that it completed."""
        self.events.append(event)
        if isinstance(event, Step):
            self._step = event.id
        return self._add_bytes(event) if isinstance(event, Bytes) else []

    def finish(self) -> list[Traced]:
        """No more bytes come: what each direction holds back, as messages with a problem."""
        return self._trace(self._dissector.finish())

    def of(self, kind: type[E]) -> Iterator[tuple[int, E]]:
        """The events of one kind with their line numbers."""
        return ((number, event) for number, event in enumerate(self.events, 1) if isinstance(event, kind))

    def line(self, number: int) -> Event:
        """The event of that line, 1 = first."""
        return self.events[number - 1]

    def messages(self, *, step: str | None = None, conn: str | None = None) -> list[Traced]:
        """The messages so far; only those whose connection began in `step`, or that passed on `conn`, where given."""
        return [
            traced
            for traced in self._messages
            if (step is None or traced.step == step) and (conn is None or traced.message.conn == conn)
        ]

    def conns(self, *, step: str | None = None) -> list[str]:
        """The connections that carried bytes, in the order in which they began."""
        return [conn for conn, began in self._conn_steps.items() if step is None or began == step]

    def stream(self, conn: str, sender: str, at: str | None = None) -> bytes:
        """All bytes of one direction, as the end `at` recorded them (by default the end that messages are read at)."""
        end = at or self._at.get((conn, sender), "")
        return b"".join(
            event.data for _, event in self.of(Bytes) if (event.conn, event.sender, event.at) == (conn, sender, end)
        )

    @cached_property
    def _dissector(self) -> Dissector:
        # Not before the first bytes: a lab loads it while its first process starts (stage.py).
        from labs.wire.dissect import Dissector

        return Dissector()

    def _add_bytes(self, event: Bytes) -> list[Traced]:
        direction = (event.conn, event.sender)
        self._conn_steps.setdefault(event.conn, self._step)
        if self._at.setdefault(direction, event.at) != event.at:
            return []
        size = self._sizes.get(direction, 0)
        self._starts.setdefault(direction, []).append(size)
        self._lines.setdefault(direction, []).append(len(self.events))
        self._sizes[direction] = size + len(event.hex) // 2
        return self._trace(
            self._dissector.feed(event.t, event.conn, event.sender, event.receiver, event.at, event.data)
        )

    def _trace(self, messages: list[Message]) -> list[Traced]:
        traced = [Traced(message, self._lines_of(message), self._conn_steps[message.conn]) for message in messages]
        self._messages += traced
        return traced

    def _lines_of(self, message: Message) -> tuple[int, ...]:
        direction = (message.conn, message.sender)
        lines = self._lines[direction]
        if message.offset < 0:  # a layer without bytes of its own: the line that completed it
            return (lines[-1],)
        starts = self._starts[direction]
        first = bisect.bisect_right(starts, message.offset) - 1
        last = bisect.bisect_left(starts, message.offset + max(1, len(message.raw)))
        return tuple(lines[first:last])


def read_tape(path: Path) -> Tape:
    """The whole tape; raises TapeError, or OSError where the file cannot be read."""
    tape = Tape()
    with path.open("rb") as stream:
        for _, event in read_events(stream, str(path)):
            tape.add(event)
    return tape
