"""A link hands over the same messages however the stream is cut, by the quick way and by the library's core."""

import asyncio
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.net.link import Channel, LinkOptions, accept
from labs.wire.frames import BINARY, CONTINUATION, PING, PONG, TEXT, FrameDecoder, encode_close, encode_frame

HEAD = (
    b"GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
KEY = b"\x01\x9f\x00\x37"
MOST = 100_000


class Kept:
    """A receiver that keeps what comes; it closes at a message that is just `close`, then reads no more."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bool]] = []
        self.grown: list[int] = []

    def start(self, channel: Channel) -> None:
        self.channel = channel

    def received(self, data: bytes, text: bool) -> None:
        self.messages.append((data, text))
        if data == b"close":
            self.channel.close(4000)
            self.channel.pause_reading()

    def too_big(self) -> None: ...

    def growing(self, size: int) -> None:
        self.grown.append(size)

    def congested(self) -> None: ...

    def writable(self) -> None: ...

    def lost(self, code: int, sent: int) -> None: ...


def run(pieces: list[bytes], max_size: int = MOST, *, joined: bool = False) -> tuple[Kept, bytes]:
    """What a link that reads these pieces hands over, and what it writes."""
    wire, written, kept = Mock(spec=asyncio.Transport), bytearray(), Kept()
    wire.is_closing.return_value = wire.can_write_eof.return_value = False
    wire.write = written.extend

    async def feed() -> None:
        link = accept(wire, HEAD, kept, LinkOptions(max_size, joined=joined))
        written.clear()
        for piece in pieces:
            link.data_received(piece)
        await asyncio.sleep(0)
        link.connection_lost(None)

    asyncio.run(feed())
    wire.pause_reading.assert_not_called()  # the client's own close frame would not be read
    return kept, bytes(written)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces."""
    ends = sorted({place % len(stream) for place in places} - {0})
    return [stream[start:end] for start, end in zip([0, *ends], [*ends, len(stream)], strict=True)]


def masked(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    return encode_frame(opcode, payload, fin=fin, mask_key=KEY)


payloads = st.one_of(
    st.text(max_size=20).map(lambda text: (text.encode(), True)),
    st.binary(max_size=20).map(lambda data: (data, False)),
    st.sampled_from([(b"x" * size, True) for size in (125, 126, 300, 65_535, 65_536)]),
)
forms = st.sampled_from(["whole", "fragments", "behind a ping"])


def frames(message: tuple[bytes, bool], form: str) -> bytes:
    payload, text = message
    opcode = TEXT if text else BINARY
    if form == "fragments":
        middle = len(payload) // 2
        last = masked(CONTINUATION, payload[middle:])
        return masked(opcode, payload[:middle], fin=False) + masked(PING, b"?") + last
    return (masked(PING, b"?") if form == "behind a ping" else b"") + masked(opcode, payload)


@given(st.lists(st.tuples(payloads, forms), min_size=1, max_size=8), st.lists(st.integers(0, 400_000), max_size=12))
def test_messages_come_whole_and_in_order_however_they_are_cut(parts, places):
    pieces = cut(b"".join(frames(*part) for part in parts), places)
    sent = [message for message, _ in parts]
    kept, written = run(pieces)
    assert kept.messages == sent
    pongs = [each.frame for each in FrameDecoder().feed(written)]
    assert [frame.opcode for frame in pongs] == [PONG] * sum(form != "whole" for _, form in parts)
    joined, _ = run(pieces, joined=True)
    assert b"".join(data for data, _ in joined.messages) == b"".join(data for data, _ in sent)


def test_what_is_joined_is_no_longer_than_a_message_may_be():
    frame = masked(TEXT, b"12345")
    assert run([frame * 3], len(frame * 3), joined=True)[0].messages == [(b"12345" * 3, True)]
    assert run([frame * 3], 5, joined=True)[0].messages == [(b"12345", True)] * 3


@pytest.mark.parametrize(
    ("opcode", "payload"), [(PING, masked(TEXT, b"no")), (BINARY, masked(TEXT, b"no") + bytes(65_536))]
)
def test_a_payload_that_looks_like_a_message_is_not_taken_for_one(opcode: int, payload: bytes):
    """Where a read ends behind a header the library has taken that out of its buffer, which is empty then."""
    frame = encode_frame(opcode, payload, mask_key=bytes(4))
    header = len(frame) - len(payload)
    for step in (2, header):
        kept, written = run([frame[:step], frame[step:header], frame[header:] + masked(TEXT, b"yes")])
        assert kept.messages == ([(payload, False)] if opcode == BINARY else []) + [(b"yes", True)]
        assert written == (encode_frame(PONG, payload) if opcode == PING else b"")


def test_what_grows_is_a_message_and_no_row_of_pings():
    row = [masked(PING, b"?" * 125)] * 200
    assert run(row)[0].grown == []
    kept, _ = run([*row, masked(BINARY, bytes(20_000), fin=False), masked(PING, b"?")])
    assert all(20_000 <= size < 21_000 for size in kept.grown)
    assert len(kept.grown) == 2


def test_a_client_that_pings_and_does_not_read_is_owed_one_pong():
    wire, kept = Mock(spec=asyncio.Transport), Kept()
    wire.is_closing.return_value = False

    async def feed() -> None:
        link = accept(wire, HEAD, kept, LinkOptions())
        wire.write.reset_mock()
        link.pause_writing()
        for number in b"123":
            link.data_received(masked(PING, bytes([number])))
        wire.write.assert_not_called()
        link.resume_writing()
        await asyncio.sleep(0)
        wire.write.assert_called_once_with(encode_frame(PONG, b"3"))

    asyncio.run(feed())


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (encode_frame(TEXT, b"hi"), 1002),  # not masked
        (encode_frame(TEXT, b"hi", rsv=4, mask_key=KEY), 1002),
        (encode_frame(3, b"hi", mask_key=KEY), 1002),
        (masked(CONTINUATION, b"hi"), 1002),
        (masked(TEXT, "é".encode()[:1]), 1007),
        (masked(TEXT, "é".encode()[:1]) + encode_close(1000, mask_key=KEY), 1007),
        (masked(TEXT, "é".encode()[:1], fin=False) + masked(CONTINUATION, b"") + masked(3, b""), 1007),
        (masked(BINARY, b"x" * (MOST + 1))[:100], 1009),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_what_is_wrong_ends_it_behind_what_was_right(bad: bytes, code: int, step: int):
    stream = masked(TEXT, b"good") + bad + masked(TEXT, b"too late")
    kept, written = run([stream[at : at + step] for at in range(0, len(stream), step)])
    assert kept.messages == [(b"good", True)]
    assert written[2:4] == code.to_bytes(2, "big")


def test_nothing_is_handed_over_after_the_close():
    stream = masked(TEXT, b"close") + masked(TEXT, b"late") + masked(TEXT, b"cut off")[:9]
    kept, written = run([stream, encode_close(1000, mask_key=KEY)])
    assert kept.messages == [(b"close", True)]
    assert written.startswith(encode_close(4000))
