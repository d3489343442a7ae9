"""Frames: RFC 6455's own examples, the round trip, and agreement with the parser of `websockets`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets import frames as reference
from websockets.streams import StreamReader

from labs.wire import frames
from labs.wire.frames import Cut, FrameDecoder, encode_frame, mask, read_header, xray

KEY = bytes.fromhex("37fa213d")

# RFC 6455 §5.7: (bytes, fin, opcode, masking key, payload)
RFC_EXAMPLES = [
    ("81 05 48 65 6c 6c 6f", True, frames.TEXT, None, b"Hello"),
    ("81 85 37 fa 21 3d 7f 9f 4d 51 58", True, frames.TEXT, KEY, b"Hello"),
    ("01 03 48 65 6c", False, frames.TEXT, None, b"Hel"),
    ("80 02 6c 6f", True, frames.CONTINUATION, None, b"lo"),
    ("89 05 48 65 6c 6c 6f", True, frames.PING, None, b"Hello"),
    ("8a 85 37 fa 21 3d 7f 9f 4d 51 58", True, frames.PONG, KEY, b"Hello"),
    ("82 7e 01 00" + " 00" * 256, True, frames.BINARY, None, bytes(256)),
    ("82 7f 00 00 00 00 00 01 00 00" + " 00" * 65536, True, frames.BINARY, None, bytes(65536)),
]

any_frame = st.builds(
    dict,
    opcode=st.integers(0, 15),
    payload=st.binary(max_size=300) | st.sampled_from([bytes(125), bytes(126), bytes(65535), bytes(65536)]),
    fin=st.booleans(),
    rsv=st.integers(0, 7),
    mask_key=st.none() | st.binary(min_size=4, max_size=4),
)


def decode_one(data: bytes) -> Cut:
    (piece,) = FrameDecoder().feed(data)
    return piece


@pytest.mark.parametrize(("hexed", "fin", "opcode", "key", "payload"), RFC_EXAMPLES)
def test_examples_of_the_rfc(hexed: str, fin: bool, opcode: int, key: bytes | None, payload: bytes):
    raw = bytes.fromhex(hexed)
    frame = decode_one(raw).frame
    assert (frame.fin, frame.opcode, frame.mask_key, frame.payload) == (fin, opcode, key, payload)
    assert encode_frame(opcode, payload, fin=fin, mask_key=key) == raw


@given(any_frame)
def test_what_is_encoded_is_decoded(spec: dict):
    raw = encode_frame(**spec)
    piece = decode_one(raw)
    assert piece.raw == raw
    assert {name: getattr(piece.frame, name) for name in spec} == spec
    assert piece.frame.length == len(spec["payload"])


@given(st.binary(max_size=1000), st.binary(min_size=4, max_size=4))
def test_mask_is_xor_and_its_own_inverse(data: bytes, key: bytes):
    masked = mask(data, key)
    assert mask(masked, key) == data
    assert masked[:64] == bytes(octet ^ key[i % 4] for i, octet in enumerate(data[:64]))


def test_mask_of_large_data_agrees_with_that_of_small():
    data, key = bytes(range(251)) * 300, b"\x01\xfe\x80\x33"
    assert mask(data, key) == bytes(octet ^ key[i % 4] for i, octet in enumerate(data))


def test_mask_refuses_a_key_of_another_size():
    with pytest.raises(ValueError, match="4 bytes, not 3"):
        mask(b"x", b"abc")


@given(st.lists(any_frame, max_size=5), st.lists(st.integers(1, 40), max_size=60))
def test_any_chunking_gives_the_same_frames(specs: list[dict], sizes: list[int]):
    stream = b"".join(encode_frame(**spec) for spec in specs)
    whole = FrameDecoder().feed(stream)
    decoder, pieces, at = FrameDecoder(), [], 0
    for size in sizes:
        pieces += decoder.feed(stream[at : at + size])
        at += size
    pieces += decoder.feed(stream[at:])
    assert pieces == whole
    assert b"".join(piece.raw for piece in pieces) == stream
    assert [piece.offset for piece in pieces] == [sum(len(p.raw) for p in pieces[:i]) for i in range(len(pieces))]


def reference_parse(raw: bytes, masked: bool) -> reference.Frame:
    reader = StreamReader()
    reader.feed_data(raw)
    parser = reference.Frame.parse(reader.read_exact, mask=masked)
    with pytest.raises(StopIteration) as stop:
        next(parser)
    return stop.value.value


@given(any_frame.filter(lambda spec: spec["opcode"] in frames.OPCODE_NAMES))
def test_agrees_with_websockets(spec: dict):
    spec |= {"rsv": 0}  # it refuses reserved bits, and control frames that are too long or fragmented
    if spec["opcode"] >= 8:
        spec |= {"payload": spec["payload"][:125], "fin": True}
    raw = encode_frame(**spec)
    ours, theirs = decode_one(raw).frame, reference_parse(raw, spec["mask_key"] is not None)
    assert (ours.fin, ours.opcode, ours.payload) == (theirs.fin, theirs.opcode, theirs.data)


@given(any_frame.filter(lambda spec: spec["opcode"] in frames.OPCODE_NAMES))
def test_websockets_encodes_the_same_bytes(spec: dict):
    spec |= {"mask_key": None, "rsv": 0}  # its keys are its own
    if spec["opcode"] >= 8:
        spec |= {"payload": spec["payload"][:125], "fin": True}
    theirs = reference.Frame(reference.Opcode(spec["opcode"]), spec["payload"], fin=spec["fin"])
    assert theirs.serialize(mask=False) == encode_frame(**spec)


@pytest.mark.parametrize(("form", "head"), [(16, "82 7e 00 01"), (64, "82 7f 00 00 00 00 00 00 00 01")])
def test_a_length_form_can_be_forced(form: frames.LengthForm, head: str):
    raw = encode_frame(frames.BINARY, b"x", length_form=form)
    assert raw == bytes.fromhex(head) + b"x"
    assert decode_one(raw).header.length_form == form


@pytest.mark.parametrize(
    ("kwargs", "what"),
    [({"opcode": 16}, "4 bits"), ({"opcode": 1, "rsv": 8}, "3"), ({"opcode": 1, "stated_length": 1 << 64}, "64-bit")],
)
def test_what_the_bits_cannot_say_is_refused(kwargs: dict, what: str):
    with pytest.raises(ValueError, match=what):
        encode_frame(**kwargs)


def test_a_payload_over_the_cap_is_passed_over_and_the_next_frame_found():
    decoder = FrameDecoder(max_payload=10)
    stream = encode_frame(frames.BINARY, bytes(1000), mask_key=KEY) + encode_frame(frames.PING, b"hi")
    pieces = [piece for i in range(len(stream)) for piece in decoder.feed(stream[i : i + 1])]
    long, ping = pieces
    assert (long.skipped, len(long.raw), long.frame.length, long.frame.payload) == (True, 8, 1000, b"")
    assert (ping.offset, ping.frame.payload) == (1008, b"hi")


def test_a_length_beyond_63_bits_is_read_not_obeyed():
    raw = encode_frame(frames.BINARY, stated_length=1 << 63 | 5)
    decoder = FrameDecoder()
    (piece,) = decoder.feed(raw)
    assert piece.skipped
    assert decoder.feed(bytes(1 << 20)) == []


def test_what_is_left_at_the_end():
    decoder = FrameDecoder()
    assert decoder.feed(encode_frame(frames.TEXT, b"Hello", mask_key=KEY)[:-2]) == []
    offset, raw, piece = decoder.finish()
    assert piece is not None
    assert (offset, len(raw), piece.missing, piece.frame.payload) == (0, 9, 2, b"Hel")
    assert decoder.finish() == (0, b"", None)


@given(st.binary(max_size=20))
def test_a_header_of_any_bytes_is_read_or_awaited(data: bytes):
    header = read_header(data)
    assert header is None or header.size <= len(data)


def test_xray_shows_key_masked_and_plain_octets():
    piece = decode_one(bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))
    assert xray(piece.frame) == (
        (0x37, 0x7F, ord("H")), (0xFA, 0x9F, ord("e")), (0x21, 0x4D, ord("l")), (0x3D, 0x51, ord("l")),
        (0x37, 0x58, ord("o")),
    )  # fmt: skip
    assert xray(decode_one(encode_frame(frames.TEXT, b"x")).frame) == ()
