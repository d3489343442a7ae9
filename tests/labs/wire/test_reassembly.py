"""permessage-deflate: the vectors of RFC 7692 §7.2.3, context takeover, and bombs."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.wire import reassembly
from labs.wire.frames import BINARY, CONTINUATION, PING, RSV1, RSV2, TEXT, FrameDecoder, encode_frame
from labs.wire.reassembly import Assembler, Inflater, Share


def shares(*raws: bytes, keep_context: bool = True, inflate: bool = True) -> list[Share]:
    assembler = Assembler(Inflater(keep_context) if inflate else None)
    return [assembler.add(piece.frame) for piece in FrameDecoder().feed(b"".join(raws))]


@pytest.mark.parametrize(
    "hexed",
    [
        "c1 07 f2 48 cd c9 c9 07 00",  # §7.2.3.1, one frame
        "41 03 f2 48 cd 80 04 c9 c9 07 00",  # §7.2.3.1, two frames
        "c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00",  # §7.2.3.3, a block without compression
        "c1 08 f3 48 cd c9 c9 07 00 00",  # §7.2.3.4, BFINAL set
        "c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00",  # §7.2.3.5, two blocks
    ],
)
def test_examples_of_rfc_7692(hexed: str):
    (*_, last) = shares(bytes.fromhex(hexed))
    assert (last.message, last.opcode, last.payload_problem) == (b"Hello", TEXT, "")


def test_context_takeover():
    twice = bytes.fromhex("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00")  # §7.2.3.2
    assert [share.message for share in shares(twice)] == [b"Hello", b"Hello"]
    _, second = shares(twice, keep_context=False)
    assert second.message is None
    assert "does not inflate" in second.payload_problem


@given(st.lists(st.tuples(st.binary(max_size=300), st.booleans(), st.integers(0, 300)), max_size=6))
def test_messages_in_fragments_compressed_or_not(messages: list[tuple[bytes, bool, int]]):
    deflate, raws = zlib.compressobj(wbits=-15), []
    for payload, compressed, split in messages:
        data = (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4] if compressed else payload
        raws += [
            encode_frame(BINARY, data[:split], fin=False, rsv=RSV1 if compressed else 0),
            encode_frame(PING, b"between"),
            encode_frame(CONTINUATION, data[split:]),
        ]
    whole = [share.message for share in shares(*raws) if share.message is not None]
    assert whole == [payload for payload, _, _ in messages]


def test_a_bomb_is_not_inflated_beyond_the_cap(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reassembly, "MAX_MESSAGE", 1000)
    deflate = zlib.compressobj(wbits=-15)
    bomb = deflate.compress(bytes(1_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    bombed, after = shares(
        encode_frame(BINARY, bomb[:-4], rsv=RSV1), encode_frame(BINARY, b"\xf2\x00\x11\x00\x00", rsv=RSV1)
    )
    assert bombed.message is None
    assert "more than 1000 bytes" in bombed.payload_problem
    assert "context is lost" in after.payload_problem


def test_without_context_takeover_the_next_message_is_read_again():
    plain = bytes.fromhex("c1 07 f2 48 cd c9 c9 07 00")
    broken, good = shares(encode_frame(TEXT, b"\xff\xff", rsv=RSV1), plain, keep_context=False)
    assert "does not inflate" in broken.payload_problem
    assert good.message == b"Hello"


def test_endless_streams_in_one_message_are_given_up():
    (share,) = shares(encode_frame(BINARY, b"\x03\x00" * 1000, rsv=RSV1))
    assert "DEFLATE streams" in share.payload_problem


def test_a_message_beyond_the_cap_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reassembly, "MAX_MESSAGE", 5)
    frames = [encode_frame(BINARY, b"abc", fin=False), encode_frame(CONTINUATION, b"def"), encode_frame(TEXT, b"ok")]
    assert [share.message for share in shares(*frames)] == [None, None, b"ok"]


def test_rsv1_is_legal_on_the_first_frame_of_a_message_alone():
    assembler = Assembler(Inflater())
    frames = FrameDecoder().feed(encode_frame(TEXT) + encode_frame(CONTINUATION) + encode_frame(PING))
    assert [assembler.rsv_allowed(piece.frame) for piece in frames] == [RSV1, 0, 0]
    assert Assembler().rsv_allowed(frames[0].frame) == 0
    assert not assembler.rsv_allowed(frames[0].frame) & RSV2
