"""A server on a free port of the test's own loop, and an HTTP client that sends exactly what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from labs.net.auth import generate_secret
from labs.net.serve import ServeOptions, Server

SECONDS = 5.0


@contextlib.asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Server]:
    server = Server(replace(ServeOptions(secret=generate_secret()), **options))
    await server.listen()
    try:
        yield server
    finally:
        server.abort()
        await until(lambda: not server.channels and not server.connections, "every connection is gone")


async def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not within {SECONDS} s: {what}"
        await asyncio.sleep(0.005)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes = b""


class Raw:
    """One TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> Answer:
        async with asyncio.timeout(SECONDS):
            raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = raw.split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        return Answer(int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs})

    async def chunk(self) -> bytes:
        async with asyncio.timeout(SECONDS):
            size = int(await self.reader.readline(), 16)
            return (await self.reader.readexactly(size + 2))[:-2]

    async def answer(self) -> Answer:
        answer = await self.head()
        if answer.headers.get("transfer-encoding") == "chunked":
            while data := await self.chunk():
                answer.body += data
        elif "content-length" in answer.headers:
            answer.body = await self.reader.readexactly(int(answer.headers["content-length"]))
        return answer

    async def end(self) -> bytes:
        """What comes until the server closes."""
        async with asyncio.timeout(SECONDS):
            return await self.reader.read()

    def close(self) -> None:
        self.writer.close()


@contextlib.asynccontextmanager
async def raw(server: Server) -> AsyncIterator[Raw]:
    host, _, port = server.address.rpartition(":")
    connection = Raw(*await asyncio.open_connection(host, int(port)))
    try:
        yield connection
    finally:
        connection.close()


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request's bytes; `_` in the name of a header is a hyphen."""
    named = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body or method == "POST":
        named["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def ask(server: Server, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    async with raw(server) as connection:
        connection.send(request(method, path, body, **headers))
        return await connection.answer()
