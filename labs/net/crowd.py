"""Many WebSocket clients in one process, which lose their server together and come back each in its own time. Runs as a
child process of the failover lab: how long each waits is all that it knows.

They are bare sockets: what a client library does for each would take longer than the jitter that is to be seen.

config: `waits`, seconds, one for each client. Commands: `connect` all of them to an address; then `return_to` another
one, each so long after its connection has ended. Both are answered when all are there.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import Iterable
from typing import Any

from labs.net.control import ControlError, Running
from labs.net.tap import Line, Tap, address_of, address_parts
from labs.net.tasks import Tasks
from labs.wire.handshake import build_request, upgrade_headers
from labs.wire.http_head import END_OF_HEAD

SECONDS = 10.0  # for all to be there
READ = 64 * 1024  # bytes


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Nothing listens; see the commands."""
    crowd = Crowd(tap, config["waits"])
    return Running({}, {"connect": crowd.connect, "return_to": crowd.return_to})


class Crowd:
    """All the clients."""

    def __init__(self, tap: Tap, waits: list[float]) -> None:
        self._tap = tap
        self._waits = waits
        self._callers: list[Caller] = []

    async def connect(self, address: str) -> None:
        """Everybody to that server."""
        self._callers = [Caller(self._tap, address) for _ in self._waits]
        await self._all(caller.switched for caller in self._callers)

    async def return_to(self, address: str) -> None:
        """Wait for the end of each connection, then its time, then connect to the other server, and leave."""
        loop = asyncio.get_running_loop()

        def come_back(back: asyncio.Future[bool]) -> None:
            caller = Caller(self._tap, address)
            caller.switched.add_done_callback(lambda switched: leave(caller, back, switched.result()))

        def leave(caller: Caller, back: asyncio.Future[bool], switched: bool) -> None:
            caller.close()
            if not back.done():
                back.set_result(switched)

        def wait_for(caller: Caller, seconds: float) -> asyncio.Future[bool]:
            back: asyncio.Future[bool] = loop.create_future()
            caller.ended.add_done_callback(lambda _: loop.call_later(seconds, come_back, back))
            return back

        await self._all(wait_for(*each) for each in zip(self._callers, self._waits, strict=True))

    async def _all(self, there: Iterable[asyncio.Future[bool]]) -> None:
        try:
            async with asyncio.timeout(SECONDS + max(self._waits)):
                missing = [await each for each in list(there)].count(False)
        except TimeoutError:
            raise ControlError(f"not all {len(self._waits)} clients are there in time") from None
        if missing:
            raise ControlError(f"{missing} of {len(self._waits)} clients were not answered")


class Caller:
    """One connection, from the moment on that it is made. `switched` is done when the server has answered the
    handshake, or will not (False); `ended` when the connection is over."""

    def __init__(self, tap: Tap, address: str) -> None:
        self._loop = asyncio.get_running_loop()
        self.switched: asyncio.Future[bool] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._heard = b""
        self._plug = plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plug.setblocking(False)
        plug.bind(("127.0.0.1", 0))
        line = tap.open("dial", address_of(plug.getsockname()), address)
        plug.connect_ex(address_parts(address))
        self._loop.add_writer(plug, self._connected, line, address)

    def _connected(self, line: Line, address: str) -> None:
        self._loop.remove_writer(self._plug)
        key = base64.b64encode(os.urandom(16)).decode()
        request = build_request("/echo", upgrade_headers(key), host=address)
        if self._plug.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._over()
            return
        line.record("out", request)
        self._plug.send(request)  # the first bytes on a socket always fit
        self._loop.add_reader(self._plug, self._read, line)

    def _read(self, line: Line) -> None:
        try:
            data = self._plug.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._over()
            return
        line.record("in", data)
        self._heard = self._heard[-3:] + data
        if not self.switched.done() and END_OF_HEAD.search(self._heard):
            self.switched.set_result(True)

    def _over(self) -> None:
        self.close()
        if not self.switched.done():
            self.switched.set_result(False)
        if not self.ended.done():
            self.ended.set_result(None)

    def close(self) -> None:
        """Hang up."""
        if self._plug.fileno() >= 0:
            self._loop.remove_reader(self._plug)
            self._loop.remove_writer(self._plug)
            self._plug.close()
