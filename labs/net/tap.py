"""Records bytes where they pass the transport, in both directions, the upgrade included. Naming connections, and
putting the records of several processes in order, is the journal's part (journal.py).

What is recorded as sent is what was handed to the transport of a connection that was still open: should a connection be
aborted with bytes waiting in its buffer, those were recorded and never left.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

CONNECT_SECONDS = 5.0

Way = Literal["dial", "accept", "out", "in"]


@dataclass(frozen=True, slots=True)
class Record:
    """One passage at one end of a connection.

    `t` is CLOCK_MONOTONIC in seconds, `line` numbers the connections of one tap, `local` and `remote` are `ip:port`.
    `dial` and `accept` say that a connection begins, and carry no data.
    """

    t: float
    line: int
    local: str
    remote: str
    way: Way
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a part has noticed, in words; `t` as in a Record."""

    t: float
    text: str


def address_of(name: Any) -> str:
    """`ip:port` of a socket's name; `?` where the socket has gone already."""
    return f"{name[0]}:{name[1]}" if name else "?"


def address_parts(address: str) -> tuple[str, int]:
    """Host and port of `host:port`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Line:
    """One tapped connection."""

    tap: Tap
    number: int
    local: str
    remote: str

    def record(self, way: Way, data: bytes = b"") -> None:
        self.tap.sink(Record(time.monotonic(), self.number, self.local, self.remote, way, data))


class Tap:
    """All connections of one part; each passage, and each remark, goes to `sink` at the moment it happens."""

    def __init__(self, sink: Callable[[Record | Remark], None]) -> None:
        self.sink = sink
        self._numbers = itertools.count(1)

    def open(self, way: Literal["dial", "accept"], local: str, remote: str) -> Line:
        """A connection begins."""
        line = Line(self, next(self._numbers), local, remote)
        line.record(way)
        return line

    def note(self, text: str) -> None:
        """Say what the part has noticed, at the moment it does."""
        self.sink(Remark(time.monotonic(), text))

    async def dial(self, address: str) -> tuple[socket.socket, Line]:
        """Connect to `ip:port`; raises OSError, TimeoutError.

        The local port is bound, and the connection recorded, before the first packet leaves, so that the other end's
        records always come later.
        """
        # With its protocol named asyncio switches Nagle's algorithm off, which held every second small frame for 40 ms.
        plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            plug.setblocking(False)
            plug.bind(("127.0.0.1", 0))
            line = self.open("dial", address_of(plug.getsockname()), address)
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(plug, address_parts(address))
        except BaseException:
            plug.close()
            raise
        return plug, line


class TappedTransport(asyncio.Transport):
    """Stands before a transport and records what is written to it. `front`: what records the other direction, where
    that is no part of the protocol itself."""

    def __init__(self, inner: asyncio.Transport, line: Line, front: TappedFront | None = None) -> None:
        super().__init__()
        self._inner = inner
        self._line = line
        self._front = front

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if data and not self._inner.is_closing():  # a closing transport would drop it
            self._line.record("out", bytes(data))
            self._inner.write(data)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def close(self) -> None:
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()

    def can_write_eof(self) -> bool:
        return self._inner.can_write_eof()

    def write_eof(self) -> None:
        self._inner.write_eof()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._inner.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._inner.get_write_buffer_limits()

    def is_reading(self) -> bool:
        return self._inner.is_reading()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._inner.get_protocol()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        if self._front is None:
            self._inner.set_protocol(protocol)
        else:
            assert isinstance(protocol, asyncio.Protocol)
            self._front.inner = protocol


class Tapped(asyncio.Protocol):
    """Mix in before any asyncio protocol class.

    A connection that was dialled brings its `line`; one that was accepted gets it from `tap` when it is made.
    """

    tap: Tap
    line: Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self.line is None:
            local = address_of(transport.get_extra_info("sockname"))
            self.line = self.tap.open("accept", local, address_of(transport.get_extra_info("peername")))
        super().connection_made(TappedTransport(transport, self.line))

    def data_received(self, data: bytes) -> None:
        assert self.line is not None
        self.line.record("in", data)
        super().data_received(data)


class TappedFront(asyncio.Protocol):
    """Stands before the protocol of a connection, and of whatever that hands its transport to, as an HTTP server does
    at an upgrade. A connection that was dialled brings its `line`."""

    def __init__(self, tap: Tap, inner: asyncio.Protocol, line: Line | None = None) -> None:
        self.inner = inner
        self._tap = tap
        self._line = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._line is None:
            local = address_of(transport.get_extra_info("sockname"))
            self._line = self._tap.open("accept", local, address_of(transport.get_extra_info("peername")))
        self.inner.connection_made(TappedTransport(transport, self._line, self))

    def data_received(self, data: bytes) -> None:
        assert self._line is not None
        self._line.record("in", data)
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()
