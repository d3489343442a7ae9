"""A WebSocket server on the websockets library: echoes, and refuses as RFC 6455 §4.2.2 asks. Runs as a child process.

config: `subprotocols` in order of preference; `origins` allowed beside its own (a request without Origin is not a
browser's and is allowed too); `compression`, whether permessage-deflate is accepted; `page`, an HTML page to serve at
/ or null.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from labs.net.quiet import quiet_logger
from labs.net.tap import Tap, Tapped, address_of
from labs.net.tasks import Tasks

VERSION = "13"
MAX_SIZE = 1024 * 1024  # bytes of one message
OPEN_SECONDS = 5.0
CLOSE_SECONDS = 2.0


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    """Listen on a free port of loopback."""
    allowed: set[str] = set(config["origins"])
    page: str | None = config["page"]

    def check(connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" not in request.headers:
            return _page(page, request)
        return refusal(connection, request, allowed)

    server = await serve(
        echo, "127.0.0.1", 0, create_connection=tapped(tap), process_request=check, server_header=None,
        subprotocols=config["subprotocols"], select_subprotocol=_first_of_mine, logger=quiet_logger(),
        compression="deflate" if config["compression"] else None, max_size=MAX_SIZE, open_timeout=OPEN_SECONDS,
        close_timeout=CLOSE_SECONDS, ping_interval=None,
    )  # fmt: skip
    address = address_of(server.sockets[0].getsockname())
    tasks.start(server.serve_forever(), f"server on {address}")
    allowed |= {f"http://{address}", f"http://localhost:{address.rpartition(':')[2]}"}
    return {"main": address}


def tapped(tap: Tap) -> type[ServerConnection]:
    """The connection class whose bytes `tap` records."""

    class TappedServerConnection(Tapped, ServerConnection):
        pass

    TappedServerConnection.tap = tap
    return TappedServerConnection


async def echo(connection: ServerConnection) -> None:
    """Send every message back, fragments and all, as one message."""
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass  # how it ended is on the tape


def refusal(connection: ServerConnection, request: Request, allowed: set[str]) -> Response | None:
    """What the library does not say: 426 with the version to use (RFC 6455 §4.4), 403 for a foreign Origin (§10.2)."""
    versions = request.headers.get_all("Sec-WebSocket-Version")
    if versions and versions != [VERSION]:
        response = connection.respond(HTTPStatus.UPGRADE_REQUIRED, f"This server speaks version {VERSION}.\n")
        response.headers["Sec-WebSocket-Version"] = VERSION
        response.headers["Upgrade"] = "websocket"
        return response
    origins = request.headers.get_all("Origin")
    if any(origin not in allowed for origin in origins):
        return connection.respond(HTTPStatus.FORBIDDEN, "This Origin may not connect.\n")
    return None


def _first_of_mine(connection: ServerConnection, offered: Sequence[Any]) -> Any:
    mine = connection.protocol.available_subprotocols or ()
    return next((name for name in mine if name in offered), None)


def _page(page: str | None, request: Request) -> Response | None:
    if page is None:
        return None
    found = request.path == "/"
    body = page.encode() if found else b"Not found.\n"
    headers = Headers()
    headers["Content-Type"] = "text/html; charset=utf-8" if found else "text/plain; charset=utf-8"
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(200, "OK", headers, body) if found else Response(404, "Not Found", headers, body)
