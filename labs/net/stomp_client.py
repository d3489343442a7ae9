"""A STOMP session on a tapped WebSocket, for labs: it sends what it is told, right or wrong, and hands over what comes,
frame by frame. When to connect again is not its matter.

Scenarios import this where they use it, as client.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Sequence

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from labs.net.client import Opening, open_connection
from labs.net.tap import Tap
from labs.net.tasks import first_of
from labs.wire.stomp import SUBPROTOCOLS, Frame, StompParser, Version, encode

VERSIONS: tuple[Version, ...] = ("1.0", "1.1", "1.2")
ANSWER_SECONDS = 5.0


class StompClient:
    """An open session. `frames` are all that have come so far; heart-beats are passed over. `receipts`: whether the
    broker gives them for every frame."""

    def __init__(self, connection: ClientConnection, *, receipts: bool = True) -> None:
        self.connection = connection
        self.receipts = receipts
        self.version: Version = "1.2"
        self.session = ""
        self.frames: list[Frame] = []
        self._parser = StompParser()
        self._waiting: deque[Frame] = deque()
        self._receipts = itertools.count(1)

    async def send(self, frame: Frame) -> None:
        """Send a frame as this session's version writes it; on a connection that has been closed it goes nowhere."""
        with contextlib.suppress(ConnectionClosed):
            await self.connection.send(encode(frame, self.version).decode())

    async def receive(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        while not self._waiting:
            try:
                data = await self.connection.recv()
            except ConnectionClosed:
                return None
            events = self._parser.receive(data.encode() if isinstance(data, str) else data)
            self._waiting.extend(event for event in events if isinstance(event, Frame))
        frame = self._waiting.popleft()
        self.frames.append(frame)
        return frame

    async def until(self, wanted: Callable[[Frame], bool], seconds: float = ANSWER_SECONDS) -> Frame | None:
        """The first frame of the session that is `wanted`, perhaps one that has come before; None when the connection
        ends, or `seconds` pass, without it."""
        for frame in self.frames:
            if wanted(frame):
                return frame
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (received := await self.receive()) is not None:
                    if wanted(received):
                        return received
        return None

    async def confirmed(self, frame: Frame, seconds: float = ANSWER_SECONDS) -> bool:
        """Send a frame and wait for its RECEIPT; whether that came."""
        receipt = f"receipt-{next(self._receipts)}"
        await self.send(frame._replace(headers=(*frame.headers, ("receipt", receipt))))
        return await self.until(lambda each: each.get("receipt-id") == receipt, seconds) is not None

    async def took_effect(self, frame: Frame, seconds: float = ANSWER_SECONDS) -> bool:
        """Send a frame and wait until the broker has carried it out: by its RECEIPT, or, where the broker is like
        Spring's simple one and gives none, by the answer to a request behind it. Whether that came."""
        if self.receipts:
            return await self.confirmed(frame, seconds)
        await self.send(frame)
        probe = f"probe-{next(self._receipts)}"
        await self.send(Frame("SUBSCRIBE", (("id", probe), ("destination", "/app/time"))))
        return await self.until(lambda each: each.get("subscription") == probe, seconds) is not None

    def answer(self, command: str, message: Frame) -> Frame | None:
        """The ACK or NACK of a MESSAGE, as this session's version names it; None where there is no such frame, or the
        message does not await one."""
        if self.version == "1.2":
            key = message.get("ack")
            return Frame(command, (("id", key),)) if key else None
        if command == "NACK" and self.version == "1.0":
            return None
        named = ((name, message.get(name) or "") for name in ("message-id", "subscription"))
        return Frame(command, tuple(named))

    async def disconnect(self) -> None:
        """End the session cleanly: DISCONNECT, its receipt, the closing handshake."""
        await self.confirmed(Frame("DISCONNECT"))
        await self.connection.close()

    def abort(self) -> None:
        """Cut the connection: nothing is said to the server."""
        self.connection.transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the connection is over."""
        await first_of(self.connection.wait_closed(), ANSWER_SECONDS)


async def connect(
    tap: Tap,
    address: str,
    *,
    versions: Sequence[str] = ("1.2",),
    login: str = "",
    heart_beat: str = "0,0",
    path: str = "/ws",
    receipts: bool = True,
) -> StompClient:
    """Open a WebSocket to `ip:port` and a session on it; `versions` are those offered. Where the server refuses, the
    last of `frames` is its ERROR and `session` is empty. Raises InvalidHandshake, OSError, TimeoutError."""
    offered = [name for name, version in SUBPROTOCOLS.items() if version in versions]
    opening = Opening(path=path, subprotocols=offered, queue=None)
    client = StompClient(await open_connection(tap, address, opening), receipts=receipts)
    headers = [("accept-version", ",".join(versions)), ("host", "localhost"), ("heart-beat", heart_beat)]
    await client.send(Frame("CONNECT", (*headers, *([("login", login)] if login else []))))
    answer = await client.until(lambda frame: frame.command in ("CONNECTED", "ERROR"))
    if answer is not None and answer.command == "CONNECTED":
        stated = answer.get("version") or "1.0"
        client.version = next((version for version in VERSIONS if version == stated), "1.2")
        client.session = answer.get("session") or ""
        client._parser.version = client.version
    return client
