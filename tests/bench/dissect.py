"""How fast the dissector reads 4 KB frames on one core, beside the parser of `websockets` in the same run.

python -m tests.bench.dissect
"""

from __future__ import annotations

import os

from websockets import frames as reference
from websockets.streams import StreamReader

from labs.wire.dissect import Dissector
from labs.wire.frames import BINARY, TEXT, encode_frame
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers
from labs.wire.stomp import Frame, StompParser, encode
from tests.bench.rounds import best

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CHUNK = 64 * 1024  # what one read carries
FRAMES = 4000


def main() -> None:
    """Print MB/s and ratios; the best of some rounds, since the machine is shared."""
    for name, payload, opcode in (("text", b"x" * 4096, TEXT), ("binary", os.urandom(4096), BINARY)):
        stream = b"".join(encode_frame(opcode, payload, mask_key=os.urandom(4)) for _ in range(FRAMES))
        chunks = [stream[i : i + CHUNK] for i in range(0, len(stream), CHUNK)]
        ours, theirs = best(lambda c=chunks: dissect(c)), best(lambda c=chunks: websockets_parse(c))
        size = len(stream) / 1e6
        print(
            f"4 KB {name} frames, masked: dissector {size / ours:.0f} MB/s, "
            f"parser of websockets {size / theirs:.0f} MB/s, ratio {theirs / ours:.2f}"
        )
    stomp()


def dissect(chunks: list[bytes]) -> None:
    dissector = Dissector()
    dissector.feed(0.0, "c", "client", "server", "client", build_request("/", upgrade_headers(KEY)))
    dissector.feed(0.0, "c", "server", "client", "server", build_response(101, "OK", accept_headers(KEY)))
    count = sum(len(dissector.feed(0.0, "c", "client", "server", "client", chunk)) for chunk in chunks)
    assert count == FRAMES


def websockets_parse(chunks: list[bytes]) -> None:
    reader, count = StreamReader(), 0
    parser = reference.Frame.parse(reader.read_exact, mask=True)
    for chunk in chunks:
        reader.feed_data(chunk)
        while True:
            try:
                next(parser)
                break
            except StopIteration:
                count += 1
                parser = reference.Frame.parse(reader.read_exact, mask=True)
    assert count == FRAMES


def stomp() -> None:
    headers = (("destination", "/topic/chat"), ("subscription", "sub-0"), ("message-id", "42-1"))
    raw = encode(Frame("MESSAGE", headers, b'{"user":"ann","text":"hello there, everyone"}'))

    def parse() -> None:
        parser = StompParser()
        for _ in range(FRAMES):
            parser.receive(raw)

    print(f"STOMP frames of {len(raw)} bytes: {FRAMES / best(parse):,.0f} a second")


if __name__ == "__main__":
    main()
