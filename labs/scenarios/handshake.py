"""The opening handshake (RFC 6455 §4): the upgrade byte by byte, then who refuses what.

What is said to be true of it is computed in handshake_verdicts.py; who opens the connection is in handshake_clients.py.
"""

from __future__ import annotations

import base64
import os

from labs.net import streams
from labs.net.processes import Child
from labs.net.tap import Tap
from labs.net.tasks import first_of, together
from labs.scenarios import handshake_steps as steps
from labs.scenarios.handshake_clients import BrowserClient, Client, LibraryClient, page
from labs.scenarios.handshake_verdicts import VERDICTS, recorded_101
from labs.stage import Stage
from labs.wire.handshake import build_request, upgrade_headers

__all__ = ["VERDICTS", "run"]

SERVER = "labs.net.server"
IMPOSTOR = "labs.net.impostor"
ANSWER_SECONDS = 3.0


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
    await stage.step(steps.PLAIN)
    await _ask(tap, server, build_request(str(stage.knobs["path"]), host=server.address))
    await stage.judge("not-an-upgrade")


async def _upgrade(stage: Stage, client: Client) -> None:
    await stage.step(steps.UPGRADE)
    await client.open()
    await stage.judge("switch-101", "key-16-bytes", "accept-key", "subprotocol")
    await stage.step(steps.FRAMES)
    await client.talk()
    await stage.judge("frames-after-101")
    await stage.step(steps.FRESH_KEY)
    await client.again()
    await stage.judge("fresh-key")


async def _refused_by_server(stage: Stage, tap: Tap, server: Child) -> None:
    def request(origin: str = "http://localhost", *, key: bool = True, version: str = "13") -> bytes:
        headers = upgrade_headers(base64.b64encode(os.urandom(16)).decode(), version=version)
        kept = [header for header in headers if key or header[0] != "Sec-WebSocket-Key"]
        return build_request(str(stage.knobs["path"]), [*kept, ("Origin", origin)], host=server.address)

    await stage.step(steps.MISSING_KEY)
    await _ask(tap, server, request(key=False))
    await stage.judge("missing-key-400")
    await stage.step(steps.OLD)
    await _ask(tap, server, request(version=steps.OLD_VERSION))
    await stage.judge("old-version-426")
    await stage.step(steps.FOREIGN_ORIGIN)
    await _ask(tap, server, request(steps.FOREIGN))
    await stage.judge("foreign-origin-403")


async def _refused_by_client(stage: Stage, tap: Tap) -> None:
    recorded = recorded_101(stage.tape)
    echoing, wrong, replaying = await together(
        stage.spawn("echoer", "server", IMPOSTOR, mode="echo"),
        stage.spawn("impostor", "server", IMPOSTOR, mode="wrong"),
        stage.spawn("replayer", "server", IMPOSTOR, mode="replay", response=(recorded or b"").hex()),
    )
    await stage.step(steps.ECHOED_KEY)
    await _offer(stage, tap, echoing, "echoed-key-refused")
    await stage.step(steps.WRONG_ACCEPT)
    await _offer(stage, tap, wrong, "wrong-accept-refused")
    await stage.step(steps.REPLAYED)
    if recorded is None:
        stage.note("No handshake of this run was answered 101: there is nothing to replay.")
        await stage.judge("replayed-101-refused")
    else:
        await _offer(stage, tap, replaying, "replayed-101-refused")


async def _ask(tap: Tap, server: Child, request: bytes) -> None:
    """Send a request by hand and read what comes until the server closes."""
    stream = await streams.dial(tap, server.address)
    await stream.write(request)
    await first_of(stream.read_rest(), ANSWER_SECONDS)
    await stream.close()


async def _offer(stage: Stage, tap: Tap, impostor: Child, verdict: str) -> None:
    """Let the real client meet an impostor. Were it taken in, its first frame would be on the tape."""
    from labs.net.client import Opening, try_connection

    opening = Opening(path=str(stage.knobs["path"]), origin="http://localhost")
    connection, why = await try_connection(tap, impostor.address, opening)
    if connection is not None:
        await connection.send("taken in")
        await connection.close()
    stage.note(f"The client says: {why}" if why else "The client took it for a WebSocket server.")
    await stage.judge(verdict)
