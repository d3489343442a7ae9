"""Who opens the connection in the handshake lab: the websockets library, or the learner's own browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from labs.lab import KnobValue
from labs.net.processes import Child
from labs.net.tap import Tap
from labs.recording import Tape
from labs.scenarios.handshake_steps import TEXT
from labs.scenarios.reading import exchanges, frames
from labs.stage import Stage

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from labs.net.client import Opening

AGAIN = 4
ECHO_SECONDS = 3.0
BROWSER_SECONDS = 120.0


class Client(Protocol):
    """What the scenario needs of either."""

    async def open(self) -> None: ...

    async def talk(self) -> None: ...

    async def again(self) -> None: ...


class LibraryClient:
    """The websockets library, its request edited as the knobs say."""

    def __init__(self, stage: Stage, tap: Tap, server: Child) -> None:
        self._stage = stage
        self._tap = tap
        self._server = server
        self._opening = opening(stage.knobs)
        self._connection: ClientConnection | None = None

    async def open(self) -> None:
        from labs.net.client import try_connection

        self._connection, why = await try_connection(self._tap, self._server.address, self._opening)
        if why:
            self._stage.note(f"The client says: {why}")

    async def talk(self) -> None:
        from labs.net.client import say

        if self._connection is not None:
            await say(self._connection, TEXT, ECHO_SECONDS)
            await self._connection.close()

    async def again(self) -> None:
        from labs.net.client import try_connection

        for _ in range(AGAIN):
            connection, _ = await try_connection(self._tap, self._server.address, self._opening)
            if connection is not None:
                await connection.close()


class BrowserClient:
    """The learner's browser, on a page that the lab serves. It does all at once; the tape is waited for."""

    def __init__(self, stage: Stage, server: Child) -> None:
        self._stage = stage
        self._server = server

    async def open(self) -> None:
        stage = self._stage
        stage.expect_stranger("browser", "client")
        stage.note("A page sets path and subprotocols; Origin, version and key are the browser's own.")
        stage.note(f"Open http://{self._server.address}/ in your browser.", aloud=True)
        await stage.until(lambda tape: bool(_answered(tape)), BROWSER_SECONDS, "the browser's handshake")

    async def talk(self) -> None:
        await self._stage.until(_echoed, BROWSER_SECONDS, "the browser's frames")

    async def again(self) -> None:
        await self._stage.until(
            lambda tape: len(_answered(tape)) > AGAIN, BROWSER_SECONDS, "the browser's further handshakes"
        )


def opening(knobs: Mapping[str, KnobValue]) -> Opening:
    """The request that the knobs describe. An empty value leaves its header out."""
    from labs.net.client import Opening

    version, key = str(knobs["version"]), str(knobs["key"])
    headers: dict[str, str | None] = {}
    if version != "13":
        headers["Sec-WebSocket-Version"] = version or None
    if not key:
        headers["Sec-WebSocket-Key"] = None
    return Opening(
        path=str(knobs["path"]),
        origin=str(knobs["origin"]),
        subprotocols=_names(knobs),
        compression=bool(knobs["compression"]),
        key=key if key not in ("", "random") else None,
        headers=headers,
    )


def page(knobs: Mapping[str, KnobValue]) -> str:
    """The page for the browser: it opens one WebSocket, sends a text, and opens four more after the echo."""
    settings = {"path": str(knobs["path"]), "subprotocols": _names(knobs), "text": TEXT, "times": AGAIN + 1}
    return _PAGE.replace("SETTINGS", json.dumps(settings).replace("<", "\\u003c"))


def _names(knobs: Mapping[str, KnobValue]) -> list[str]:
    return [name.strip() for name in str(knobs["subprotocols"]).split(",") if name.strip()]


def _answered(tape: Tape) -> list[str]:
    return [
        exchange.conn
        for exchange in exchanges(tape, server="server")
        if exchange.request.message.sender == "browser" and exchange.asked.get("Upgrade") and exchange.response
    ]


def _echoed(tape: Tape) -> bool:
    conns = _answered(tape)
    return bool(conns) and any(seen.sender == "server" for seen in frames(tape, conn=conns[0]))


_PAGE = """<!doctype html>
<meta charset="utf-8"><title>Your handshake</title>
<style>body { font: 1.1rem system-ui; margin: 3rem auto; max-width: 40rem }</style>
<h1>Your browser's handshake</h1>
<p>This page opens a WebSocket to the lab. What passes is in the lab, not here.</p>
<ol id="log"></ol>
<script>
"use strict";
const settings = SETTINGS;
function say(text) {
  const item = document.createElement("li");
  item.textContent = text;
  document.getElementById("log").append(item);
}
function open(times) {
  const socket = new WebSocket("ws://" + location.host + settings.path, settings.subprotocols);
  socket.onopen = () => { say("open, subprotocol: " + (socket.protocol || "none")); socket.send(settings.text); };
  socket.onmessage = event => { say("received: " + event.data); socket.close(1000); };
  socket.onclose = event => { say("closed: " + event.code); if (times > 1) open(times - 1); };
}
try { open(settings.times); } catch (error) { say(String(error)); }
</script>
"""
