"""Puts the records of several processes and the lab's own events into one order, and names the connections.

A process stamps its records with the machine's monotonic clock and writes them down at once, so its records are
complete up to a moment once it has answered a question that was asked after that moment (a barrier, processes.py). Up
to there the journal is drained, in order of time: cause before effect, since a record of sending is made before the
bytes leave.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

from labs.net.tap import Record, Remark
from labs.tape import Bytes, Event, Note

STRANGER = "stranger"


@dataclass(slots=True)
class _Conn:
    id: str
    dialer: str
    acceptor: str
    recorders: tuple[str, ...]  # the parts whose records go onto the tape


class Journal:
    """Records and events in, the tape's events out. `began` is the monotonic time of t = 0.

    A connection is recorded at the end that dialled it, or at the accepting end where a stranger dialled; with
    `both_ends`, at both.
    """

    def __init__(self, began: float, *, both_ends: bool = False) -> None:
        self.began = began
        self.stranger = STRANGER  # the part that dials from outside the lab's processes, such as a browser
        self._both_ends = both_ends
        self._order = itertools.count()
        self._heap: list[tuple[float, int, str, Record | Remark | Event]] = []
        self._listeners: dict[str, str] = {}
        self._by_pair: dict[tuple[str, str], _Conn] = {}
        self._by_line: dict[tuple[str, int], _Conn] = {}
        self._numbers = itertools.count(1)

    @property
    def waiting(self) -> bool:
        """Whether anything has not been drained yet."""
        return bool(self._heap)

    def listen(self, part: str, address: str) -> None:
        """`part` accepts connections at `ip:port`."""
        self._listeners[address] = part

    def take(self, part: str, record: Record | Remark) -> None:
        """What one process recorded, with its own stamp."""
        heapq.heappush(self._heap, (record.t, next(self._order), part, record))

    def event(self, event: Event) -> None:
        """An event of the lab itself; its `t` counts from the beginning of the lab."""
        heapq.heappush(self._heap, (self.began + event.t, next(self._order), "", event))

    def drain(self, until: float) -> list[Event]:
        """The events up to the monotonic time `until`, in order."""
        out: list[Event] = []
        while self._heap and self._heap[0][0] <= until:
            _, _, part, item = heapq.heappop(self._heap)
            if isinstance(item, Event):
                out.append(item)
            elif isinstance(item, Remark):
                out.append(Note(t=item.t - self.began, text=f"{part}: {item.text}"))
            elif item.way in ("dial", "accept"):
                self._begin(part, item)
            elif (event := self._bytes(part, item)) is not None:
                out.append(event)
        return out

    def _begin(self, part: str, record: Record) -> None:
        if record.way == "dial":
            conn = self._new(part, self._listeners.get(record.remote, STRANGER), (part,))
            self._by_pair[record.local, record.remote] = conn
        else:
            # A dialled connection is found once: should its pair of addresses be used again, that is another one.
            found = self._by_pair.pop((record.remote, record.local), None)
            conn = found or self._new(self.stranger, part, (part,))
            if self._both_ends and found:
                conn.recorders = (*conn.recorders, part)
        self._by_line[part, record.line] = conn

    def _new(self, dialer: str, acceptor: str, recorders: tuple[str, ...]) -> _Conn:
        return _Conn(f"c{next(self._numbers)}", dialer, acceptor, recorders)

    def _bytes(self, part: str, record: Record) -> Bytes | None:
        conn = self._by_line[part, record.line]
        if part not in conn.recorders:
            return None
        out = record.way == "out"
        other = conn.acceptor if part == conn.dialer else conn.dialer
        src, dst = (record.local, record.remote) if out else (record.remote, record.local)
        return Bytes(
            t=record.t - self.began, conn=conn.id, sender=part if out else other, receiver=other if out else part,
            src=src, dst=dst, at=part, hex=record.data.hex(),
        )  # fmt: skip
