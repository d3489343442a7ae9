"""Two connections whose bytes pass from one to the other, both ways: backpressure, half-close, idle timer. Whoever
makes the connections, and what was said on them before, is the balancer's or the relay's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

HALF_CLOSED_SECONDS = 10.0  # one side has ended, the other says nothing: then both are cut
HIGH_WATER = 64 * 1024  # bytes that wait for one side before the other is not read any more


class End(asyncio.Protocol):
    """One side of a passage."""

    def __init__(self, passage: Passage, name: str) -> None:
        self.passage = passage
        self.name = name
        self.ended = False
        self.heard = 0  # bytes that came from here
        self.transport: asyncio.Transport
        self.other: End

    def take(self, transport: asyncio.BaseTransport) -> None:
        """This is its connection."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.transport.set_write_buffer_limits(high=HIGH_WATER)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.take(transport)

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)
        self.passage.came(self, data)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        self.passage.ended(self)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.passage.lost(self, exc)


class Passage:
    """Passes bytes on between `near`, which dialled us, and `far`, which we dialled.

    `idle` seconds without a byte either way cut both (0: never); every byte counts, a ping's as well as a message's,
    but no TCP keepalive, which never gets here. `over(why)` is called once: `client` or `node`, which ended first,
    `idle`, or `reset`.
    """

    def __init__(self, idle: float, over: Callable[[str], None] = lambda why: None) -> None:
        self.near, self.far = End(self, "client"), End(self, "node")
        self.near.other, self.far.other = self.far, self.near
        self.why = ""
        self._over = over
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._lost = 0

    def begin(self) -> None:
        """Both connections are there."""
        self._heard_at = self._loop.time()
        self._watch(self._idle)

    def came(self, end: End, data: bytes) -> None:
        """Bytes of one side."""
        self._heard_at = self._loop.time()
        if not end.other.transport.is_closing():
            end.other.transport.write(data)

    def ended(self, end: End) -> None:
        """One side will send no more: say so to the other; when neither will, that is the end."""
        end.ended = True
        self.why = self.why or end.name
        if end.other.ended:
            end.transport.close()
            end.other.transport.close()
            return
        other = end.other.transport
        if other.can_write_eof() and not other.is_closing():
            other.write_eof()
        self._heard_at = self._loop.time()
        self._watch(min(HALF_CLOSED_SECONDS, self._idle or HALF_CLOSED_SECONDS))

    def lost(self, end: End, exc: Exception | None) -> None:
        """One connection is gone: the other goes behind what still waits for it, or with a reset where this one did."""
        self.why = self.why or ("reset" if exc else end.name)
        self._lost += 1
        if self._lost == 2:
            self._stop_timer()
            self._over(self.why)
        elif exc:
            end.other.transport.abort()
        else:
            end.other.transport.close()
            self._watch(min(HALF_CLOSED_SECONDS, self._idle or HALF_CLOSED_SECONDS))

    def cut(self, why: str) -> None:
        """End both now."""
        self.why = self.why or why
        for end in (self.near, self.far):
            end.transport.abort()

    def _watch(self, seconds: float) -> None:
        self._stop_timer()
        if seconds:
            self._idle = seconds
            self._timer = self._loop.call_at(self._heard_at + seconds, self._look)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        if self._loop.time() - self._heard_at >= self._idle:
            self.cut("idle")
        else:
            self._watch(self._idle)
