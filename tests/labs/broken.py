"""A server that skips what it should do, as the environment variable BROKEN says. Runs as a child process of a lab."""

import os
from typing import Any

from labs.net.streams import Stream, listen
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from labs.wire.frames import CLOSE, FrameDecoder, encode_frame
from labs.wire.handshake import accept_headers, build_response
from labs.wire.http_head import parse_head


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    broken = os.environ["BROKEN"]

    async def serve(stream: Stream) -> None:
        head = parse_head(await stream.read_head())
        if broken == "no-101":
            await stream.write(build_response(200, "OK", [("Connection", "close")]))
            return
        key = "AAAAAAAAAAAAAAAAAAAAAA==" if broken == "lying-accept" else head.get("Sec-WebSocket-Key") or ""
        chosen = "mqtt" if broken == "unoffered" else None
        await stream.write(build_response(101, "Switching Protocols", accept_headers(key, subprotocol=chosen)))
        decoder = FrameDecoder()
        while data := await stream.read():
            for cut in decoder.feed(data):
                if broken == "http-after-101":
                    await stream.write(build_response(200, "OK", [], b"not a frame"))
                    return
                await stream.write(answer(broken, cut.frame.opcode, cut.frame.payload, cut.frame.fin))
                if cut.frame.opcode == CLOSE:
                    return

    return {"main": await listen(tap, tasks, serve)}


def answer(broken: str, opcode: int, payload: bytes, fin: bool) -> bytes:
    if broken == "garbles" and opcode != CLOSE:
        payload = payload[::-1]
    return encode_frame(
        opcode, payload, fin=fin, mask_key=b"abcd" if broken == "masks" else None,
        length_form=16 if broken == "long-form" and opcode != CLOSE else None,
    )  # fmt: skip
