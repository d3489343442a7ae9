"""Fields of a frame: they tile its bits, and a malformed frame says what is wrong and in which field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets import exceptions
from websockets import frames as reference
from websockets.streams import StreamReader

from labs.wire.fields import Field
from labs.wire.frame_fields import Context, frame_fields, frame_summary
from labs.wire.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    TEXT,
    FrameDecoder,
    encode_close,
    encode_frame,
    shortest_form,
)  # fmt: skip
from labs.wire.reassembly import Assembler

KEY = b"\x37\xfa\x21\x3d"

any_frame = st.builds(
    dict,
    opcode=st.integers(0, 15),
    payload=st.binary(max_size=200) | st.just(bytes(66_000)),
    fin=st.booleans(),
    rsv=st.integers(0, 7),
    mask_key=st.none() | st.binary(min_size=4, max_size=4),
)


def dissect(*raws: bytes, context: Context | None = None) -> list[tuple[Field, ...]]:
    decoder, assembler = FrameDecoder(), Assembler()
    pieces = [piece for raw in raws for piece in decoder.feed(raw)]
    return [frame_fields(piece, assembler.add(piece.frame), context or Context()) for piece in pieces]


def problems(*raws: bytes, context: Context | None = None) -> list[dict[str, str]]:
    return [{f.name: f.problem for f in fields if f.problem} for fields in dissect(*raws, context=context)]


def summaries(*raws: bytes) -> list[str]:
    decoder, assembler = FrameDecoder(), Assembler()
    return [frame_summary(piece, assembler.add(piece.frame)) for raw in raws for piece in decoder.feed(raw)]


def bits_of(field: Field) -> range:
    if field.bits is None:
        return range(field.start * 8, field.stop * 8)
    return range(field.start * 8 + field.bits[0], field.start * 8 + field.bits[1])


@given(any_frame)
def test_each_bit_is_in_exactly_one_field(spec: dict):
    raw = encode_frame(**spec)
    (fields,) = dissect(raw)
    spans = [(bits_of(field).start, bits_of(field).stop) for field in fields]
    assert [start for start, _ in spans] == [0, *(stop for _, stop in spans[:-1])]
    assert spans[-1][1] == len(raw) * 8


@given(any_frame)
def test_the_bits_of_a_field_are_its_value(spec: dict):
    raw = encode_frame(**spec)
    (fields,) = dissect(raw)
    number = int.from_bytes(raw[:14].ljust(14, b"\0"))
    for field in fields:
        if field.bits is not None:
            bits = bits_of(field)
            value = number >> (14 * 8 - bits.stop) & ((1 << len(bits)) - 1)
            stated = field.value.rpartition("(")[2].rstrip(")")
            assert int(stated, 0) == value
    form = shortest_form(len(spec["payload"]))
    if form != 7:
        extended = next(field for field in fields if field.name == "extended payload length")
        assert int.from_bytes(raw[extended.start : extended.stop]) == int(extended.value) == len(spec["payload"])


def websockets_refuses(raw: bytes, masked: bool) -> bool:
    reader = StreamReader()
    reader.feed_data(raw)
    try:
        next(reference.Frame.parse(reader.read_exact, mask=masked))
    except StopIteration:
        return False
    except exceptions.ProtocolError:
        return True
    raise AssertionError("the frame was whole")


@given(any_frame, st.booleans())
def test_a_header_has_a_problem_exactly_where_websockets_refuses_it(spec: dict, from_client: bool):
    raw = encode_frame(**spec)
    context = Context(from_client)
    start = [] if spec["opcode"] != CONTINUATION else [encode_frame(BINARY, fin=False, mask_key=KEY)]
    (*_, found) = problems(*start, raw, context=context)
    found = {name: problem for name, problem in found.items() if name not in ("payload", "close code", "reason")}
    assert bool(found) == websockets_refuses(raw, from_client)


@pytest.mark.parametrize(
    ("raw", "field", "words"),
    [
        (encode_frame(3), "opcode", "reserved"),
        (encode_frame(TEXT, rsv=RSV1), "RSV1", "no negotiated extension"),
        (encode_frame(TEXT, rsv=2), "RSV2", "no negotiated extension"),
        (encode_frame(TEXT, rsv=1), "RSV3", "no negotiated extension"),
        (encode_frame(PING, fin=False), "FIN", "must not be fragmented"),
        (encode_frame(PING, bytes(126)), "extended payload length", "at most 125"),
        (encode_frame(BINARY, b"x", length_form=16), "extended payload length", "in the 7-bit form"),
        (encode_frame(BINARY, bytes(300), length_form=64), "extended payload length", "in the 16-bit form"),
        (encode_frame(BINARY, stated_length=1 << 63), "extended payload length", "most significant bit"),
        (encode_frame(CONTINUATION, b"x"), "opcode", "continues nothing"),
        (encode_frame(TEXT, b"a\xffb"), "payload", "octet 0xff at 1 of the message"),
        (encode_frame(TEXT, b"\xed\xa0\x80"), "payload", "not UTF-8"),  # a surrogate
        (encode_frame(TEXT, b"a\xe2\x82"), "payload", "cut off at the end of the message"),
        (encode_frame(CLOSE, b"\x03"), "close code", "two bytes"),
        (encode_close(999), "close code", "not a close code"),
        (encode_close(1005), "close code", "must not be sent"),
        (encode_close(1006), "close code", "must not be sent"),
        (encode_close(1015), "close code", "must not be sent"),
        (encode_close(2999), "close code", "not a close code"),
        (encode_close(5000), "close code", "not a close code"),
        (encode_frame(CLOSE, b"\x03\xe8\xff"), "reason", "not UTF-8, at byte 0"),
    ],
)
def test_what_is_malformed_says_so_in_its_field(raw: bytes, field: str, words: str):
    (found,) = problems(raw)
    assert list(found) == [field]
    assert words in found[field]


def test_utf8_is_checked_across_fragments():
    euro = "€".encode()
    whole = (encode_frame(TEXT, euro[:1], fin=False), encode_frame(PING), encode_frame(CONTINUATION, euro[1:]))
    assert problems(*whole) == [{}, {}, {}]
    broken = (encode_frame(TEXT, b"ab" + euro[:1], fin=False), encode_frame(CONTINUATION, b"c"))
    first, second = problems(*broken)
    assert first == {}
    assert "octet 0xe2 at 2 of the message" in second["payload"]


def test_a_message_inside_a_message_is_out_of_place():
    first, second = problems(encode_frame(TEXT, b"a", fin=False), encode_frame(TEXT, b"b"))
    assert first == {}
    assert "another is open" in second["opcode"]


@pytest.mark.parametrize(
    ("from_client", "key", "words"),
    [(True, None, "client must mask"), (False, KEY, "server must not mask"), (True, KEY, ""), (False, None, "")],
)
def test_masking_is_judged_by_the_direction(from_client: bool, key: bytes | None, words: str):
    (found,) = problems(encode_frame(TEXT, b"x", mask_key=key), context=Context(from_client))
    assert words in found.get("MASK", "")
    assert bool(found) == bool(words)


def test_data_after_the_close_frame_is_out_of_place():
    (found,) = problems(encode_frame(TEXT, b"x"), context=Context(after_close=True))
    assert "after the close frame" in found["opcode"]
    assert problems(encode_frame(PONG), context=Context(after_close=True)) == [{}]


def test_summaries_are_short_and_printable():
    assert summaries(
        encode_frame(TEXT, b"Hello", mask_key=KEY),
        encode_frame(TEXT, b"Hel", fin=False),
        encode_frame(CONTINUATION, b"lo"),
        encode_frame(BINARY, b"\0\1"),
        encode_frame(PING, b"ping"),
        encode_close(1000, "bye"),
        encode_frame(CLOSE),
        encode_frame(0xB, b"?"),
        encode_frame(TEXT, b"\x1b[2J\n" + b"x" * 100),
    ) == [
        'text "Hello"', 'text "Hel" …', 'continuation "lo"', "binary 2 bytes", "ping 4 bytes",
        'close 1000 normal closure "bye"', "close without a code", "reserved opcode 0xb 1 byte",
        'text "\\x1b[2J\\n' + "x" * 50 + '…"',
    ]  # fmt: skip


@given(st.lists(any_frame, max_size=4))
def test_nothing_shown_has_control_characters(specs: list[dict]):
    raws = [encode_frame(**spec) for spec in specs]
    shown = summaries(*raws) + [text for fields in dissect(*raws) for f in fields for text in (f.value, f.problem)]
    assert all(text.isprintable() for text in shown)
