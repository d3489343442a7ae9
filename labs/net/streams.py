"""Tapped byte streams: raw connections out and in, for parts that speak HTTP or frames by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from labs.net.tap import Tap, Tapped, TappedTransport, address_of
from labs.net.tasks import Tasks

READ = 64 * 1024  # bytes that one read takes at most
MAX_HEAD = 64 * 1024  # bytes of an HTTP head

Handler = Callable[["Stream"], Awaitable[None]]


class _TappedStreamProtocol(Tapped, asyncio.StreamReaderProtocol):
    def __init__(
        self,
        tap: Tap,
        reader: asyncio.StreamReader,
        connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None] | None = None,
    ) -> None:
        super().__init__(reader, connected)
        self.tap = tap


class Stream:
    """One raw connection: read, write, close. Errors of the socket surface as OSError, its end as b''."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def read(self) -> bytes:
        """Whatever has come, at least one byte; b'' at the end of the connection."""
        return await self._reader.read(READ)

    async def read_head(self) -> bytes:
        """Up to and with the blank line that ends an HTTP head; what there is when the connection ends before it."""
        try:
            return await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            return error.partial
        except asyncio.LimitOverrunError as error:
            raise ConnectionError(f"no end of the head within {MAX_HEAD} bytes") from error

    async def read_exactly(self, size: int) -> bytes:
        """`size` bytes, or fewer when the connection ends before."""
        try:
            return await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            return error.partial

    async def read_rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return await self._reader.read()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def dial(tap: Tap, address: str) -> Stream:
    """A raw connection to `ip:port`; raises OSError, TimeoutError."""
    plug, line = await tap.dial(address)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_HEAD)
    protocol = _TappedStreamProtocol(tap, reader)
    protocol.line = line
    transport, _ = await loop.create_connection(lambda: protocol, sock=plug)
    return Stream(reader, asyncio.StreamWriter(TappedTransport(transport, line), protocol, reader, loop))


async def listen(tap: Tap, tasks: Tasks, handler: Handler) -> str:
    """The `ip:port` of a server on a free port of loopback that runs `handler` for each connection, as long as `tasks`.

    What the socket does to a handler (OSError) ends that connection only.
    """

    def accepted() -> asyncio.Protocol:
        reader = asyncio.StreamReader(limit=MAX_HEAD)
        return _TappedStreamProtocol(tap, reader, lambda reader, writer: _start(tasks, handler, Stream(reader, writer)))

    server = await asyncio.get_running_loop().create_server(accepted, "127.0.0.1", 0)
    address = address_of(server.sockets[0].getsockname())
    tasks.start(server.serve_forever(), f"server on {address}")
    return address


def _start(tasks: Tasks, handler: Handler, stream: Stream) -> None:
    tasks.start(_handle(handler, stream), "connection")


async def _handle(handler: Handler, stream: Stream) -> None:
    try:
        with contextlib.suppress(OSError):
            await handler(stream)
    finally:
        await stream.close()
