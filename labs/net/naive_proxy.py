"""A deliberately broken toy: a transparent caching proxy that knows HTTP but not Upgrade. Runs as a child process.

It takes every connection for a sequence of HTTP requests and responses, whatever was said before: it scans what the
client sends for GET and what comes back for HTTP/1.1, and keeps the response under the Host and path that the
*client's bytes* name, though it forwards to the address that the connection was opened to. That confusion is what
Huang et al. found in real proxies (Talking to Yourself for Fun and Profit, 2011) and what RFC 6455 §10.3 answers with
masking.

config `routes`: name -> `ip:port`. Each name gets a listening port of its own: a STAND-IN for the interception of
connections to that address.
"""

from __future__ import annotations

import re
from typing import Any

from labs.net import streams
from labs.net.streams import Stream, listen
from labs.net.tap import Tap
from labs.net.tasks import Tasks, together
from labs.wire.http_head import Head, parse_head

MAX_HELD = 256 * 1024  # bytes of one direction that are searched at most
MAX_ENTRIES = 64

_REQUEST = re.compile(rb"GET [^ ]+ HTTP/1\.1\r\n.*?\r\n\r\n", re.DOTALL)
_RESPONSE = re.compile(rb"HTTP/1\.1 [0-9]{3} .*?\r\n\r\n", re.DOTALL)

_Key = tuple[str, str]  # Host, path


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    """Listen for each route on a free port of loopback."""
    cache: dict[_Key, bytes] = {}
    addresses = {}
    for name, target in config["routes"].items():

        async def serve(stream: Stream, target: str = target) -> None:
            await _Intercepted(cache, stream, await streams.dial(tap, target)).run()

        addresses[name] = await listen(tap, tasks, serve)
    return addresses


class _Intercepted:
    """One connection through the proxy."""

    def __init__(self, cache: dict[_Key, bytes], client: Stream, server: Stream) -> None:
        self._cache = cache
        self._client = client
        self._server = server
        self._from_client = bytearray()
        self._from_server = bytearray()
        self._pending: list[_Key] = []  # requests that were forwarded and wait for their response

    async def run(self) -> None:
        await together(self._requests(), self._responses())

    async def _requests(self) -> None:
        while data := await self._client.read():
            self._from_client += data
            keys = list(_take(_REQUEST, self._from_client))
            cached = [self._cache[key] for key in map(_key, keys) if key in self._cache]
            if cached:
                for response in cached:
                    await self._client.write(response)
                continue
            self._pending += map(_key, keys)
            await self._server.write(data)
        await self._server.close()

    async def _responses(self) -> None:
        while data := await self._server.read():
            await self._client.write(data)
            self._from_server += data
            self._keep()
        await self._client.close()

    def _keep(self) -> None:
        """Pair each response with the request that came first, as a proxy of HTTP does, and keep what may be kept."""
        while match := _RESPONSE.search(self._from_server):
            head = parse_head(match.group())
            length = _content_length(head)
            if len(self._from_server) < match.end() + length:
                return
            response = bytes(self._from_server[match.start() : match.end() + length])
            del self._from_server[: match.end() + length]
            key = self._pending.pop(0) if self._pending else None
            if key and head.status == 200 and len(self._cache) < MAX_ENTRIES:
                self._cache[key] = response
        del self._from_server[:-MAX_HELD]


def _content_length(head: Head) -> int:
    stated = head.get("Content-Length") or ""
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 10 else 0


def _take(pattern: re.Pattern[bytes], held: bytearray) -> list[bytes]:
    """The matches in what is held, which then begins after the last of them."""
    matches = list(pattern.finditer(held))
    found = [match.group() for match in matches]
    del held[: matches[-1].end() if matches else 0]
    del held[:-MAX_HELD]
    return found


def _key(request: bytes) -> _Key:
    head = parse_head(request)
    return head.get("Host") or "", head.target
