"""The three detectors of the heart-beat lab, each on a connection of its own: until it notices, or for as long as one
watches. What they notice goes onto the tape; what that means is for the verdicts."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labs.net.blackhole import drop_everything
from labs.net.tap import Tap
from labs.net.tasks import first_of, together
from labs.net.tcp_info import MEASURABLE, TcpInfo, keep_alive, tcp_info, user_timeout
from labs.scenarios import heartbeat_steps as steps
from labs.scenarios.heartbeat_reading import request_path

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

ROUND_SECONDS = 5.0  # for the first answer, before anything is broken
MISSED = 2  # intervals without an answer until the peer is taken for dead


@dataclass(frozen=True, slots=True)
class Detector:
    """How one connection is watched: `kind` is one of steps.DETECTORS or "" (not at all), `every` its interval in
    seconds; `beside`: it is for the diagram, not for the matrix. `in_flight`: send something when the fault comes;
    `gives_up`: TCP_USER_TIMEOUT in seconds."""

    kind: str
    every: float = 0.0
    beside: bool = False
    in_flight: bool = False
    gives_up: float = 0.0

    @property
    def name(self) -> str:
        """What the tape calls it."""
        return self.kind or steps.SILENT

    @property
    def strain(self) -> str:
        """What the tape calls the row of a connection with data in flight, or nothing."""
        return (steps.USER_TIMED if self.gives_up else steps.IN_FLIGHT) if self.in_flight else ""


class Watch:
    """One connection under one detector."""

    def __init__(self, detector: Detector, connection: ClientConnection) -> None:
        self.detector = detector
        self.connection = connection
        self.since = asyncio.get_running_loop().time()  # open, and the last byte of the handshake has come
        self._beats = itertools.count(1)

    @property
    def plug(self) -> socket.socket:
        """The connection's socket."""
        return self.connection.transport.get_extra_info("socket")  # type: ignore[no-any-return]

    async def round(self, seconds: float) -> bool:
        """Ask once; whether the answer came within `seconds`. TCP keepalive and silence ask nothing."""
        if self.detector.kind == steps.PING:
            return await first_of(self._ping(), seconds) is not None
        if self.detector.kind == steps.BEAT:
            return await first_of(self._beat(), seconds) is not None
        return True

    async def notice(self) -> bool:
        """Return when the peer is taken for dead, or the connection has ended."""
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            if self.detector.kind not in (steps.PING, steps.BEAT):
                await self.connection.wait_closed()
            else:
                await self._ask_on()
        return True

    async def _ask_on(self) -> None:
        every, loop = self.detector.every, asyncio.get_running_loop()
        while True:
            begun = loop.time()
            if not await self.round(MISSED * every):
                return
            await asyncio.sleep(max(0.0, begun + every - loop.time()))

    async def _ping(self) -> bool:
        await (await self.connection.ping())
        return True

    async def _beat(self) -> bool:
        beat = f"heart-beat {next(self._beats)}"
        await self.connection.send(beat)
        while await self.connection.recv() != beat:
            pass
        return True

    def swallow(self) -> None:
        """Drop whatever comes in from now on; raises OSError."""
        drop_everything(self.plug)

    def info(self) -> TcpInfo | None:
        """What the kernel knows; None where it does not say, or the connection is gone."""
        if not MEASURABLE or self.plug.fileno() < 0:
            return None
        with contextlib.suppress(OSError):
            return tcp_info(self.plug)
        return None

    async def load(self) -> None:
        """The fault has come: put data in flight, where the detector asks for it."""
        from websockets.exceptions import ConnectionClosed

        if self.detector.in_flight:
            with contextlib.suppress(ConnectionClosed):
                await self.connection.send("data in flight")

    def abort(self) -> None:
        """Cut the connection."""
        self.connection.transport.abort()


async def watching(tap: Tap, address: str, row: str, detectors: Sequence[Detector]) -> list[Watch]:
    """A connection for each of `detectors`, whose request names it and the row of the matrix, and which has been
    answered once. Raises OSError, TimeoutError."""
    watches = await together(*(_open(tap, address, row, detector) for detector in detectors))
    answered = await together(*(watch.round(ROUND_SECONDS) for watch in watches))
    if not all(answered):
        raise TimeoutError(f"{row}: nothing answers, before anything is broken")
    return watches


async def _open(tap: Tap, address: str, row: str, detector: Detector) -> Watch:
    from labs.net.client import Opening, open_connection

    path = request_path(row, detector.strain or f"{detector.name}{' beside' if detector.beside else ''}")
    watch = Watch(detector, await open_connection(tap, address, Opening(path=path)))
    if detector.kind == steps.KEEPALIVE and MEASURABLE:
        keep_alive(watch.plug, steps.KEEP_IDLE, steps.KEEP_EVERY, steps.KEEP_COUNT)
    if detector.gives_up and MEASURABLE:
        user_timeout(watch.plug, detector.gives_up)
    return watch


def three(every: float) -> list[Detector]:
    """The detectors of the matrix."""
    return [replace(Detector(kind), every=0.0 if kind == steps.KEEPALIVE else every) for kind in steps.DETECTORS]
