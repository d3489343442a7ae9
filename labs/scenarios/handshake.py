"""The opening handshake (RFC 6455 §4): the upgrade byte by byte, then who refuses what.

What is said to be true of it is computed in handshake_verdicts.py; who opens the connection is in handshake_clients.py.
"""

from __future__ import annotations

import base64
import os

from labs.net import streams
from labs.net.client import Opening, try_connection
from labs.net.processes import Child
from labs.net.tap import Tap
from labs.net.tasks import first_of, together
from labs.scenarios.handshake_clients import BrowserClient, Client, LibraryClient, page
from labs.scenarios.handshake_verdicts import VERDICTS, recorded_101
from labs.stage import Ask, Stage
from labs.wire.handshake import build_request, upgrade_headers

__all__ = ["VERDICTS", "run"]

SERVER = "labs.net.server"
IMPOSTOR = "labs.net.impostor"
FOREIGN = "http://evil.example"
OLD_VERSION = "8"
ANSWER_SECONDS = 3.0
STATUSES = ("101", "200", "400", "401", "403", "404", "426", "500")
REFUSES, ACCEPTS = "refuses it", "accepts it"


async def run(stage: Stage) -> None:
    """Play the lab."""
    by_browser = stage.knobs["client"] == "browser"
    tap = stage.host("client", "client")
    server = await stage.spawn(
        "server", "server", SERVER, subprotocols=["v12.stomp", "v11.stomp", "v10.stomp"], origins=["http://localhost"],
        compression=stage.knobs["compression"], page=page(stage.knobs) if by_browser else None,
    )  # fmt: skip
    await _plain(stage, tap, server)
    client: Client = BrowserClient(stage, server) if by_browser else LibraryClient(stage, tap, server)
    await _upgrade(stage, client)
    await _refused_by_server(stage, tap, server)
    await _refused_by_client(stage, tap)


async def _plain(stage: Stage, tap: Tap, server: Child) -> None:
    await stage.step(
        "plain", "A GET that asks for nothing more",
        "A WebSocket server listens for plain HTTP. Here is an ordinary GET, without Upgrade. Look at the status of the answer.",
    )  # fmt: skip
    await _ask(tap, server, build_request(str(stage.knobs["path"]), host=server.address))
    await stage.judge("not-an-upgrade")


async def _upgrade(stage: Stage, client: Client) -> None:
    await stage.step(
        "upgrade", "The upgrade",
        "The client sends one GET with Upgrade: websocket, a key and a version. Look at Sec-WebSocket-Key in the request and at "
        "Sec-WebSocket-Accept in the answer: Base64(SHA-1(key + GUID)).",
        Ask("accept-length", "How many characters has Sec-WebSocket-Accept, whatever the key?", "number", unit="characters"),
        Ask("passing-order", "In which order will these pass?", "order",
            ("a text frame from the server", "101 Switching Protocols", "a text frame from the client", "GET with a key")),
    )  # fmt: skip
    await client.open()
    await stage.judge("switch-101", "key-16-bytes", "accept-key", "subprotocol")
    await stage.step(
        "frames", "After the 101",
        f"The same TCP connection stops being HTTP. The client sends the text {client.text!r}, the server sends it back.",
        Ask("first-byte", "FIN is set, the opcode is text: which is the first byte after the handshake?", "bytes"),
    )  # fmt: skip
    await client.talk()
    await stage.judge("frames-after-101")
    await stage.step(
        "fresh-key", "The same handshake again",
        "The same client opens the same address four times more. Compare the requests.",
        Ask("changing-header", "Which header of the request differs from handshake to handshake?", "choice",
            ("Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "none")),
    )  # fmt: skip
    await client.again()
    await stage.judge("fresh-key")


async def _refused_by_server(stage: Stage, tap: Tap, server: Child) -> None:
    def request(origin: str = "http://localhost", *, key: bool = True, version: str = "13") -> bytes:
        headers = upgrade_headers(base64.b64encode(os.urandom(16)).decode(), version=version)
        kept = [header for header in headers if key or header[0] != "Sec-WebSocket-Key"]
        return build_request(str(stage.knobs["path"]), [*kept, ("Origin", origin)], host=server.address)

    await stage.step(
        "missing-key", "Without a key", "An upgrade request with everything but Sec-WebSocket-Key.",
        Ask("missing-key-status", "What does the server answer?", "choice", STATUSES),
    )  # fmt: skip
    await _ask(tap, server, request(key=False))
    await stage.judge("missing-key-400")
    await stage.step(
        "old-version", f"Version {OLD_VERSION}",
        f"A good request, but Sec-WebSocket-Version: {OLD_VERSION}, as browsers of 2011 sent it. Look at what the refusal offers.",
        Ask("old-version-status", "What does the server answer?", "choice", STATUSES),
    )  # fmt: skip
    await _ask(tap, server, request(version=OLD_VERSION))
    await stage.judge("old-version-426")
    await stage.step(
        "foreign-origin", "From a foreign page",
        f"A good request, but from a page of {FOREIGN}. A browser sends the user's cookies with it; CORS has no say.",
        Ask("foreign-origin-status", "What does a server that checks the Origin answer?", "choice", STATUSES),
    )  # fmt: skip
    await _ask(tap, server, request(FOREIGN))
    await stage.judge("foreign-origin-403")


async def _refused_by_client(stage: Stage, tap: Tap) -> None:
    recorded = recorded_101(stage.tape) or b""
    echoing, wrong, replaying = await together(
        stage.spawn("echoer", "server", IMPOSTOR, mode="echo"),
        stage.spawn("impostor", "server", IMPOSTOR, mode="wrong"),
        stage.spawn("replayer", "server", IMPOSTOR, mode="replay", response=recorded.hex()),
    )
    await stage.step(
        "echoed-key", "A server that echoes",
        "A plain HTTP server sends the request's headers back with a 101, and the key as Sec-WebSocket-Accept.",
        _will_client("echoed-key"),
    )  # fmt: skip
    await _offer(stage, tap, echoing, "echoed-key-refused")
    await stage.step(
        "wrong-accept", "A wrong Accept",
        "This server computes Sec-WebSocket-Accept well, but from another key than the client's.", _will_client("wrong-accept"),
    )  # fmt: skip
    await _offer(stage, tap, wrong, "wrong-accept-refused")
    await stage.step(
        "replayed-101", "Yesterday's 101",
        "This server replays, byte for byte, the 101 that the real server gave before, as a cache would.",
        _will_client("replayed-101"),
    )  # fmt: skip
    await _offer(stage, tap, replaying, "replayed-101-refused")


def _will_client(step: str) -> Ask:
    return Ask(f"{step}-outcome", "The status is 101. What does the client do?", "choice", (ACCEPTS, REFUSES))


async def _ask(tap: Tap, server: Child, request: bytes) -> None:
    """Send a request by hand and read what comes until the server closes."""
    stream = await streams.dial(tap, server.address)
    await stream.write(request)
    await first_of(stream.read_rest(), ANSWER_SECONDS)
    await stream.close()


async def _offer(stage: Stage, tap: Tap, impostor: Child, verdict: str) -> None:
    """Let the real client meet an impostor. Were it taken in, its first frame would be on the tape."""
    opening = Opening(path=str(stage.knobs["path"]), origin="http://localhost")
    connection, why = await try_connection(tap, impostor.address, opening)
    if connection is not None:
        await connection.send("taken in")
        await connection.close()
    stage.note(f"The client says: {why}" if why else "The client took it for a WebSocket server.")
    await stage.judge(verdict)
