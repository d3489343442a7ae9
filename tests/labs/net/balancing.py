"""A balancer on the test's own loop, and nodes that do exactly what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from labs.net.balancer import Balancer, Options
from labs.net.health import Checks
from labs.net.tasks import Tasks
from tests.labs.net.serving import Answer, Raw, request

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


class Balanced:
    def __init__(self, balancer: Balancer, address: str, log: io.StringIO) -> None:
        self.balancer = balancer
        self.address = address
        self._log = log

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    @contextlib.asynccontextmanager
    async def raw(self) -> AsyncIterator[Raw]:
        connection = Raw(*await asyncio.open_connection(*self.address.split(":")))
        try:
            yield connection
        finally:
            connection.close()

    async def ask(self, method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> Answer:
        async with self.raw() as connection:
            connection.send(request(method, path, body, **headers))
            return await connection.answer()

    async def upgrade(self, path: str = "/ws", **headers: str) -> tuple[str, str]:
        """The name of the node that switched protocols, and the Set-Cookie that came with it."""
        async with self.raw() as connection:
            connection.send(request("GET", path, **UPGRADE, **headers))
            head = await connection.head()
            assert head.status == 101
            return head.headers["x-node"], head.headers.get("set-cookie", "")


@contextlib.asynccontextmanager
async def balancing(backends: dict[str, str], **options: Any) -> AsyncIterator[Balanced]:
    log = io.StringIO()
    async with Tasks() as tasks:
        made = Options(**{"checks": Checks("off"), "access_log": log, **options})
        balancer = Balancer(backends, made, tasks)
        try:
            yield Balanced(balancer, await balancer.listen(), log)
        finally:
            balancer.abort()
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def node(serve: Serve) -> AsyncIterator[str]:
    """A node that runs `serve` for each connection."""
    writers: list[asyncio.StreamWriter] = []

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    try:
        yield "{}:{}".format(*server.sockets[0].getsockname()[:2])
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


def telling(answer: bytes, seen: list[bytes] | None = None) -> Serve:
    """Answers each connection's first head with `answer`, then ends it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(answer)
        await writer.drain()

    return serve


def named(name: str) -> Serve:
    """Answers with its name, and an upgrade with that in a header."""
    plain = telling(f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode())
    switched = telling(SWITCHED[:-2] + f"X-Node: {name}\r\n\r\n".encode())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        again = asyncio.StreamReader()
        again.feed_data(head)
        await (switched if b"upgrade: websocket" in head.lower() else plain)(again, writer)

    return serve


async def echoing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switches protocols, then sends back whatever comes, and ends when the client does."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(SWITCHED)
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b"the end")


async def unused() -> str:
    """An address at which nothing listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    address = "{}:{}".format(*server.sockets[0].getsockname()[:2])
    server.close()
    await server.wait_closed()
    return address
