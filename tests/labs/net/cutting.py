"""A relay that can be cut, made deaf, or told to answer an upgrade itself, between a client and a server under test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Cutting:
    """`answer`: bytes that are sent instead of forwarding. `mute`: what the server says is dropped."""

    def __init__(self) -> None:
        self.address = ""
        self.target = ""
        self.answer = b""
        self.mute = False
        self.heads: list[bytes] = []
        self.said = bytearray()  # by clients, all connections
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Both sides of every connection, at once."""
        for writer in list(self._open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if self.answer:
                writer.write(self.answer)
                await writer.drain()
            else:
                await self._forward(head, reader, writer)
        self._open.discard(writer)
        writer.close()

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.rpartition(":")
        back_reader, back = await asyncio.open_connection(host, int(port))
        self._open.add(back)
        back.write(head)
        pumping = asyncio.ensure_future(self._back(back_reader, writer))
        try:
            while data := await reader.read(65536):
                self.said += data
                back.write(data)
        finally:
            self._open.discard(back)
            back.close()
            writer.close()
            await asyncio.wait([pumping])

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not self.mute:
                    writer.write(data)
        writer.close()


@contextlib.asynccontextmanager
async def cutting(target: str) -> AsyncIterator[Cutting]:
    relay = Cutting()
    relay.target = target
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    relay.address = f"{host}:{port}"
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
