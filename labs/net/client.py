"""A WebSocket client on the websockets library, tapped. Its request can be edited, and its frames written otherwise.

Scenarios import this where they use it: it loads the library, and a lab does that while its first process starts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.extensions.permessage_deflate import enable_client_permessage_deflate
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.typing import Origin, Subprotocol
from websockets.uri import WebSocketURI

from labs.net.quiet import quiet_logger
from labs.net.tap import Tap, Tapped
from labs.net.tasks import first_of
from labs.wire.frames import encode_frame

OPEN_SECONDS = 5.0
CLOSE_SECONDS = 2.0
MAX_SIZE = 1024 * 1024  # bytes of one message

# The masking key of a client's next frame, or None for a frame without one.
Keys = Callable[[], bytes | None]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a client asks for.

    `host` is the Host header (by default the address). `headers` replaces headers of the request, or takes them out
    where the value is None. `key` replaces the random Sec-WebSocket-Key, `keys` the library's random masking keys.
    `queue`: how many messages may wait to be taken before no more is read; None for any number.
    """

    path: str = "/"
    host: str = ""
    origin: str = ""
    subprotocols: Sequence[str] = ()
    compression: bool = False
    key: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    keys: Keys | None = None
    queue: int | None = 16


class _Protocol(ClientProtocol):
    """The library's sans-I/O core, with the request edited after it was made and frames masked as asked."""

    opening: Opening

    def connect(self) -> Request:
        if self.opening.key is not None:
            self.key = self.opening.key
        request = super().connect()
        for name, value in self.opening.headers.items():
            if name in request.headers:
                del request.headers[name]
            if value is not None:
                request.headers[name] = value
        return request

    def send_frame(self, frame: Frame) -> None:
        if self.opening.keys is None:
            super().send_frame(frame)
            return
        for extension in self.extensions:
            frame = extension.encode(frame)
        rsv = frame.rsv1 << 2 | frame.rsv2 << 1 | frame.rsv3
        key = self.opening.keys()
        self.writes.append(encode_frame(frame.opcode, bytes(frame.data), fin=frame.fin, rsv=rsv, mask_key=key))


class _Connection(Tapped, ClientConnection):
    pass


async def open_connection(tap: Tap, address: str, opening: Opening) -> ClientConnection:
    """Connect to `ip:port` and shake hands; raises InvalidHandshake, OSError, TimeoutError."""
    plug, line = await tap.dial(address)
    host, _, port = (opening.host or address).partition(":")
    uri = WebSocketURI(secure=False, host=host, port=int(port or 80), path=opening.path, query="")
    protocol = _Protocol(
        uri,
        origin=Origin(opening.origin) if opening.origin else None,
        subprotocols=[Subprotocol(name) for name in opening.subprotocols] or None,
        extensions=enable_client_permessage_deflate(None) if opening.compression else None,
        max_size=MAX_SIZE,
        logger=quiet_logger(),
    )
    protocol.opening = opening
    connection = _Connection(protocol, ping_interval=None, close_timeout=CLOSE_SECONDS, max_queue=opening.queue)
    connection.line = line
    await asyncio.get_running_loop().create_connection(lambda: connection, sock=plug)
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            await connection.handshake(user_agent_header=None)
    except BaseException:
        connection.transport.abort()
        raise
    return connection


async def try_connection(tap: Tap, address: str, opening: Opening) -> tuple[ClientConnection | None, str]:
    """The open connection and '', or None and why the client refused or was refused, in the library's words."""
    try:
        return await open_connection(tap, address, opening), ""
    except (InvalidHandshake, OSError, TimeoutError) as error:
        return None, f"{type(error).__name__}: {error}"


async def say(connection: ClientConnection, message: str | bytes | Iterable[str], seconds: float) -> None:
    """Send, and hear what comes back. A connection that the other side closes is on the tape, and no error here."""
    with contextlib.suppress(ConnectionClosed):
        await connection.send(message)
    await hear(connection, seconds)


async def hear(connection: ClientConnection, seconds: float) -> None:
    """Wait for a message, or for the end of the connection, or for `seconds`."""
    with contextlib.suppress(ConnectionClosed):
        await first_of(connection.recv(), seconds)
