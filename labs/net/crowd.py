"""Many WebSocket clients in one process, which lose their server together and come back each in its own time. Runs as a
child process of the failover lab: how long each waits is all that it knows.

config: `waits`, seconds, one for each client. Commands: `connect` all of them to an address; then `return_to` another
one, each so long after its connection has ended. Both are answered when all are there.
"""

from __future__ import annotations

import asyncio
import base64
import os
from typing import Any

from labs.net import streams
from labs.net.control import ControlError, Running
from labs.net.tap import Tap
from labs.net.tasks import Tasks, together
from labs.wire.handshake import build_request, upgrade_headers

AT_ONCE = 20  # handshakes under way in the beginning, where nobody counts them
SECONDS = 10.0  # for all to be there


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Nothing listens; see the commands."""
    crowd = Crowd(tap, config["waits"])
    return Running({}, {"connect": crowd.connect, "return_to": crowd.return_to})


class Crowd:
    """All the clients."""

    def __init__(self, tap: Tap, waits: list[float]) -> None:
        self._tap = tap
        self._waits = waits
        self._streams: list[streams.Stream] = []

    async def connect(self, address: str) -> None:
        """Everybody to that server, a few at a time."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def enter() -> streams.Stream:
            async with gate:
                return await self._shake_hands(address)

        self._streams = await self._within(*(enter() for _ in self._waits))

    async def return_to(self, address: str) -> None:
        """Wait for the end of each connection, then its time, then connect to the other server, and leave."""

        async def come_back(stream: streams.Stream, seconds: float) -> None:
            await stream.read_rest()
            await asyncio.sleep(seconds)
            await stream.close()
            await (await self._shake_hands(address)).close()

        await self._within(*(come_back(*each) for each in zip(self._streams, self._waits, strict=True)))

    async def _within(self, *work: Any) -> list[Any]:
        try:
            async with asyncio.timeout(SECONDS + max(self._waits)):
                return await together(*work)
        except TimeoutError:
            raise ControlError(f"not all {len(self._waits)} clients are there in time") from None

    async def _shake_hands(self, address: str) -> streams.Stream:
        stream = await streams.dial(self._tap, address)
        key = base64.b64encode(os.urandom(16)).decode()
        await stream.write(build_request("/echo", upgrade_headers(key), host=address))
        await stream.read_head()
        return stream
