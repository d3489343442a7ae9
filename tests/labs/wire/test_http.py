"""HTTP heads and streams: exact spans, bodies of all kinds, any chunking, garbage within bounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.wire import http_stream
from labs.wire.http_head import parse_head
from labs.wire.http_stream import HttpReader, Kind, Piece

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n2;x=y\r\n!!\r\n0\r\nTrailer: t\r\n\r\n"


def read(*chunks: bytes, end: bool = True, head: bool = False) -> list[Piece]:
    reader = HttpReader(lambda response: head)
    pieces = []
    for chunk in chunks:
        reader.feed(chunk)
        while (piece := reader.next_piece()) is not None:
            pieces.append(piece)
    if end and (piece := reader.finish()):
        pieces.append(piece)
    return pieces


def test_the_fields_of_a_head_are_where_they_say():
    raw = b"GET /chat?x=1 HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\n\r\n"
    head = parse_head(raw)
    assert (head.method, head.target, head.version, head.size) == ("GET", "/chat?x=1", "HTTP/1.1", len(raw))
    assert [(f.name, raw[f.start : f.stop], f.value) for f in head.fields] == [
        ("method", b"GET", "GET"), ("target", b"/chat?x=1", "/chat?x=1"), ("version", b"HTTP/1.1", "HTTP/1.1"),
        ("Host", b"Host: example.com", "example.com"), ("X-Empty", b"X-Empty:", ""),
    ]  # fmt: skip


def test_repeated_headers_are_joined():
    head = parse_head(b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n\r\n")
    assert (head.get("A"), head.get("B"), head.tokens("a")) == ("1, 2", None, ["1", "2"])


@pytest.mark.parametrize("line", [b"no colon", b"bad name: x", b": x", b"sp ace: y"])
def test_a_bad_header_line_is_a_problem_of_its_field(line: bytes):
    (piece,) = read(b"GET / HTTP/1.1\r\n" + line + b"\r\nHost: h\r\n\r\n")
    assert piece.problem
    assert [bool(field.problem) for field in piece.fields] == [False, False, False, True, False]


def test_a_head_that_is_not_http_says_so_and_the_next_one_is_read():
    bad, good = read(b"HELO you\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert (bad.kind, good.kind) == (Kind.OPAQUE, Kind.REQUEST)
    assert "not HTTP" in bad.problem


@pytest.mark.parametrize(
    ("stream", "kinds", "bodies"),
    [
        (RESPONSE * 2, ["response"] * 2, [b"Hello"] * 2),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\n\r\n", ["request"] * 2, [b"hi", b""]),
        (CHUNKED + RESPONSE, ["response", "chunk", "chunk", "chunk", "trailer", "trailer", "response"],
         [b"", b"Hello", b"!!", b"", b"", b"", b"Hello"]),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", ["response", "body"], [b"", b"to the end"]),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" + RESPONSE, ["response"] * 2, [b"", b"Hello"]),
        (b"\r\n\r\n" + RESPONSE, ["response"], [b"Hello"]),
        (b"GET / HTTP/1.1\nHost: h\n\n", ["request"], [b""]),
    ],
)  # fmt: skip
def test_bodies(stream: bytes, kinds: list[str], bodies: list[bytes]):
    pieces = read(stream)
    assert [piece.kind.value for piece in pieces] == kinds
    assert [piece.body for piece in pieces] == bodies
    assert b"".join(piece.raw for piece in pieces) == stream
    assert not any(piece.problem for piece in pieces)


def test_an_answer_to_head_has_no_body():
    assert [piece.body for piece in read(RESPONSE[:-5] * 2, head=True)] == [b"", b""]


@pytest.mark.parametrize(
    "stream",
    [
        RESPONSE[:-1],
        RESPONSE[:20],
        CHUNKED[:-40],
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ],
)
def test_what_is_cut_off_or_wrong_has_a_problem(stream: bytes):
    assert any(piece.problem for piece in read(stream))


def test_headers_without_an_end_are_bounded():
    line = b"X: " + b"x" * 1000 + b"\r\n"
    pieces = read(b"GET / HTTP/1.1\r\n", *[line] * 200)
    assert [len(piece.raw) for piece in pieces[:3]] == [http_stream.MAX_HEAD] * 3
    assert "no end of the headers" in pieces[0].problem


@pytest.mark.parametrize("size", ["99999999", "999999999999999999", "1" * 5000])
def test_a_body_that_is_too_long_is_passed_over(size: str):
    reader = HttpReader()
    reader.feed(b"POST / HTTP/1.1\r\nContent-Length: " + size.encode() + b"\r\n\r\n")
    piece = reader.next_piece()
    assert piece is not None
    assert piece.problem
    reader.feed(b"x" * 1000)
    assert reader.rest()[1] in (b"", b"x" * 1000)


streams = st.lists(
    st.sampled_from([RESPONSE, CHUNKED, b"GET / HTTP/1.1\r\n\r\n", b"junk\r\n\r\n", b"\r\n", b"HTTP/1.0 200\r\n\r\n"])
    | st.binary(max_size=30),
    max_size=5,
).map(b"".join)


@given(streams, st.lists(st.integers(0, 200), max_size=10))
def test_any_chunking_gives_the_same_pieces(stream: bytes, cuts: list[int]):
    points = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[a:b] for a, b in pairwise(points)]
    assert read(*chunks) == read(stream)
    assert b"".join(piece.raw for piece in read(stream)) == stream
