"""The server's plain HTTP: paths, methods, keep-alive, and that a stranger costs a bounded amount."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.net.auth import AuthLimits
from labs.net.http import HttpError, HttpLimits, Request, RequestReader
from labs.net.serve import ServerLimits
from tests.labs.net.serving import ask, raw, request, serving, until


async def test_every_path_answers_and_says_what_it_takes() -> None:
    async with serving() as server:
        page = await ask(server, "GET", "/")
        assert page.status == 200
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert (await ask(server, "GET", "/page.js")).headers["content-type"].startswith("text/javascript")
        assert json.loads((await ask(server, "GET", "/health")).body)["status"] == "up"
        assert b"stomp_sessions 0.0" in (await ask(server, "GET", "/metrics")).body
        assert (await ask(server, "GET", "/nothing")).status == 404
        wrong = await ask(server, "PUT", "/token")
        assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
        for path in ("/ws", "/echo"):
            plain = await ask(server, "GET", path)
            assert (plain.status, plain.headers["upgrade"]) == (426, "websocket")


async def test_requests_share_a_connection_and_may_be_pipelined() -> None:
    async with serving() as server, raw(server) as connection:
        connection.send(request("GET", "/health") * 3 + request("GET", "/nothing", Connection="close"))
        assert [(await connection.answer()).status for _ in range(4)] == [200, 200, 200, 404]
        assert await connection.end() == b""


async def test_head_has_the_length_and_no_body() -> None:
    async with serving() as server, raw(server) as connection:
        connection.send(request("HEAD", "/") + request("GET", "/health"))
        assert int((await connection.head()).headers["content-length"]) > 100
        assert (await connection.answer()).status == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x00\xa5\x01\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n bad: fold\r\n\r\n", 400),
        (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 20000, 431),
    ],
    ids=[
        "TLS",
        "HTTP/2",
        "no Host",
        "two Hosts",
        "folded",
        "two lengths",
        "negative",
        "both",
        "no size",
        "long",
        "head",
    ],
)
async def test_a_request_that_is_not_one_is_refused_in_one_line_and_closed(data: bytes, status: int) -> None:
    async with serving() as server, raw(server) as connection:
        connection.send(data)
        answer = await connection.answer()
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        assert answer.body.count(b"\n") == 1
        assert await connection.end() == b""


async def test_a_request_that_does_not_become_whole_in_time_is_ended() -> None:
    async with serving(limits=ServerLimits(request_time=0.05)) as server, raw(server) as connection:
        connection.send(b"GET /health HTTP/1.1\r\nHos")
        assert (await connection.answer()).status == 408
        assert await connection.end() == b""
        await until(lambda: not server.connections, "the connection is forgotten")


async def test_a_connection_that_stays_idle_is_closed_without_a_word() -> None:
    async with serving(limits=ServerLimits(idle_time=0.05)) as server, raw(server) as connection:
        connection.send(request("GET", "/health"))
        assert (await connection.answer()).status == 200
        assert await connection.end() == b""


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.integers(1, 40), st.booleans())
def test_requests_are_the_same_however_they_are_cut(bodies: list[bytes], size: int, chunks: bool) -> None:
    stream = b""
    for body in bodies:
        length = b"Transfer-Encoding: chunked" if chunks else b"Content-Length: %d" % len(body)
        stream += b"POST /x?a=1 HTTP/1.1\r\nHost: h\r\n" + length + b"\r\n\r\n"
        stream += chunked(body, 7) if chunks else body
    reader, found = RequestReader(HttpLimits()), list[Request]()
    for at in range(0, len(stream), size):
        reader.feed(stream[at : at + size])
        while (each := reader.next_request()) is not None:
            found.append(each)
    assert [each.body for each in found] == bodies
    assert {(each.path, each.query["a"]) for each in found} == {("/x", "1")}
    assert reader.idle


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_garbage_is_bounded_and_never_raises_anything_else(pieces: list[bytes]) -> None:
    reader = RequestReader(HttpLimits(head=200, body=200))
    try:
        for piece in pieces:
            reader.feed(piece)
            while reader.next_request() is not None:
                pass
            assert reader.buffered <= 200 + 300 + 2
    except HttpError as error:
        assert 400 <= error.status < 600


def test_an_endless_chunked_body_is_refused_before_it_is_kept() -> None:
    reader = RequestReader(HttpLimits(body=1000))
    reader.feed(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(HttpError) as caught:
        for _ in range(1000):
            reader.feed(b"64\r\n" + b"x" * 100 + b"\r\n")
            reader.next_request()
            assert reader.buffered < 1200
    assert caught.value.status == 413


async def test_a_page_of_a_listed_origin_may_fetch_a_ticket() -> None:
    page = "http://localhost:5173"
    async with serving(auth_limits=AuthLimits(allowed_origins=page)) as server:
        asked = {"Origin": page, "Access_Control_Request_Headers": "authorization"}
        preflight = await ask(server, "OPTIONS", "/ticket", **asked)
        assert (preflight.status, preflight.headers["access-control-allow-methods"]) == (204, "POST")
        assert preflight.headers["access-control-allow-headers"] == "authorization"
        refused = await ask(server, "POST", "/ticket", Origin=page)
        assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, page)
        assert (await ask(server, "POST", "/ticket", Origin="http://evil.example")).status == 403
        assert "access-control-allow-origin" not in (await ask(server, "GET", "/health")).headers
