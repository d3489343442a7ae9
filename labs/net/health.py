"""Active health checks: asks every node over and over whether it works, and tells the backends what it heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from labs.net.streams import MAX_HEAD, Stream, dial
from labs.net.tap import Tap, address_parts
from labs.net.tasks import Tasks
from labs.rules.balancing import Backend, Backends
from labs.wire.http_head import parse_head

Changed = Callable[[Backend, str], None]  # the node, and what the check saw


@dataclass(frozen=True, slots=True)
class Checks:
    """How nodes are checked: every `every` seconds, each check failing after `timeout` seconds.

    `http`: GET `path` is answered with 2xx or 3xx. `tcp`: a connection opens, which a frozen process passes, since its
    kernel accepts for it. `off`: only refused connections take a node out, and nothing brings it back but join().
    """

    kind: Literal["http", "tcp", "off"] = "http"
    every: float = 1.0
    timeout: float = 1.0
    path: str = "/health"


class Health:
    """Checks all of `backends`, each in its own time, until `tasks` end; `changed` is told of each change."""

    def __init__(self, checks: Checks, backends: Backends, changed: Changed, tap: Tap | None = None) -> None:
        self._tap = tap
        self._checks = checks
        self._backends = backends
        self._changed = changed

    async def run(self, tasks: Tasks) -> None:
        """Check, wait, check."""
        running: set[str] = set()
        while self._checks.kind != "off":
            for backend in self._backends:
                if backend.name not in running:
                    running.add(backend.name)
                    check = tasks.start(self._check(backend), f"check of {backend.name}")
                    check.add_done_callback(lambda _, name=backend.name: running.discard(name))  # type: ignore[misc]
            await asyncio.sleep(self._checks.every)

    async def _check(self, backend: Backend) -> None:
        try:
            async with asyncio.timeout(self._checks.timeout):
                seen = await self._look(backend.address)
        except TimeoutError:
            seen = f"no answer within {self._checks.timeout:g} s"
        except OSError as error:
            seen = error.strerror or type(error).__name__
        if self._backends.report(backend, not seen):
            self._changed(backend, seen)

    async def _look(self, address: str) -> str:
        """What is wrong with the node, or nothing. Raises OSError."""
        stream = await self._open(address)
        try:
            if self._checks.kind == "tcp":
                return ""
            head = f"GET {self._checks.path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            await stream.write(head.encode())
            answered = parse_head(await stream.read_head())
            if not answered.status:
                return "no HTTP answer"
            return "" if 200 <= answered.status < 400 else f"answered {answered.status}"
        finally:
            await stream.close()

    async def _open(self, address: str) -> Stream:
        if self._tap is not None:
            return await dial(self._tap, address)
        return Stream(*await asyncio.open_connection(*address_parts(address), limit=MAX_HEAD))
