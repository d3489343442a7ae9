"""The end of a response is found however its bytes are cut, and what is behind it is not taken."""

import pytest

from labs.net.framing import Body, FramingError
from labs.wire.http_head import parse_head

BEHIND = b"HTTP/1.1 200 OK\r\n"


def body(headers: str, method: str = "GET", status: int = 200) -> Body:
    return Body(parse_head(f"HTTP/1.1 {status} OK\r\n{headers}\r\n".encode()), method)


@pytest.mark.parametrize(
    ("headers", "raw"),
    [
        ("Content-Length: 5\r\n", b"hello"),
        ("Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", b"5;x=y\r\nhel\n0\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"),
    ],
)
def test_the_body_ends_where_its_head_says(headers: str, raw: bytes):
    for step in range(1, len(raw) + 1):
        each, taken = body(headers), 0
        stream = raw + BEHIND
        for at in range(0, len(stream), step):
            assert each.done == (taken == len(raw))
            taken += each.feed(stream[at : at + step])
        assert taken == len(raw)
        assert each.done


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_some_responses_have_no_body(method: str, status: int):
    each = body("Content-Length: 5\r\n", method, status)
    assert each.done
    assert each.feed(b"hello") == 0


def test_without_a_length_the_body_ends_with_the_connection():
    each = body("")
    assert each.feed(b"anything") == 8
    assert not each.done
    assert each.end()


def test_a_body_that_is_cut_short_is_not_whole():
    each = body("Content-Length: 5\r\n")
    each.feed(b"hell")
    assert not each.end()


@pytest.mark.parametrize("raw", [b"zz\r\n", b"-1\r\n", b"5" * 5000])
def test_what_is_no_chunk_is_an_error(raw: bytes):
    with pytest.raises(FramingError):
        body("Transfer-Encoding: chunked\r\n").feed(raw)


def test_a_length_that_is_no_number_is_an_error():
    with pytest.raises(FramingError, match="not one number"):
        body("Content-Length: 5, 6\r\n")
