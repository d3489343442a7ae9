"""Servers that break the opening handshake or the framing on purpose, by hand. Run as child processes.

config `mode`:
echo     a plain HTTP server that sends the request's own headers back, with a 101
wrong    answers as a WebSocket server, with the Accept of another key
replay   answers every request with the bytes of `response` (hex), recorded from another handshake
masked   shakes hands correctly, then sends one masked text frame
"""

from __future__ import annotations

import os
from typing import Any

from labs.net.streams import Stream, listen
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from labs.wire.frames import TEXT, encode_frame
from labs.wire.handshake import accept_headers, build_response
from labs.wire.http_head import Head, parse_head

OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="  # 16 zero bytes: no client's nonce
MASKED_TEXT = b"masked by a server"


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    """Listen on a free port of loopback."""
    mode: str = config["mode"]

    async def serve(stream: Stream) -> None:
        head = parse_head(await stream.read_head())
        await stream.write(_answer(mode, head, config))
        if mode == "masked":
            await stream.write(encode_frame(TEXT, MASKED_TEXT, mask_key=os.urandom(4)))
        await stream.read()  # what the client says to that, if anything, is on the tape; then the server closes

    return {"main": await listen(tap, tasks, serve)}


def _answer(mode: str, head: Head, config: dict[str, Any]) -> bytes:
    key = head.get("Sec-WebSocket-Key") or ""
    if mode == "replay":
        return bytes.fromhex(config["response"])
    if mode == "echo":
        headers = [*head.headers, ("Sec-WebSocket-Accept", key)]
    else:
        headers = accept_headers(OTHER_KEY if mode == "wrong" else key)
    return build_response(101, "Switching Protocols", headers)
