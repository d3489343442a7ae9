"""SockJS framing: each frame there and back, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.wire import sockjs
from labs.wire.sockjs import Kind, SockJsError, SockJsFrame, decode


@given(st.lists(st.text(), max_size=4))
def test_messages_there_and_back(messages: list[str]):
    server = sockjs.encode_messages(messages)
    assert server.isascii()
    assert decode(server.encode(), from_client=False) == SockJsFrame(Kind.ARRAY, tuple(messages))
    client = sockjs.encode_from_client(messages).encode()
    assert decode(client, from_client=True) == SockJsFrame(Kind.FROM_CLIENT, tuple(messages))


@pytest.mark.parametrize(
    ("payload", "frame", "summary"),
    [
        (b"o", SockJsFrame(Kind.OPEN), "open"),
        (b"h", SockJsFrame(Kind.HEARTBEAT), "heartbeat"),
        (b'm"hi"', SockJsFrame(Kind.MESSAGE, ("hi",)), '1 message "hi"'),
        (b'a["a","b","c"]', SockJsFrame(Kind.ARRAY, ("a", "b", "c")), '3 messages "a" "b" …'),
        (b'c[3000,"Go away!"]', SockJsFrame(Kind.CLOSE, (), 3000, "Go away!"), 'close 3000 "Go away!"'),
    ],
)
def test_frames_of_a_server(payload: bytes, frame: SockJsFrame, summary: str):
    assert decode(payload, from_client=False) == frame
    assert sockjs.sockjs_summary(frame) == summary
    fields = sockjs.sockjs_fields(payload, frame)
    assert [field.start for field in fields] == [0, 1][: len(fields)]
    assert fields[-1].stop == len(payload)


def test_what_is_encoded_for_open_heartbeat_and_close():
    written = (sockjs.encode_open(), sockjs.encode_heartbeat(), sockjs.encode_close(1000, "Normal closure"))
    assert written == ("o", "h", 'c[1000,"Normal closure"]')


@pytest.mark.parametrize(
    ("payload", "from_client", "words"),
    [
        (b"x", False, "begins with 'x'"),
        (b"", False, "begins with ''"),
        (b"oo", False, "stands alone"),
        (b"a{", False, "is not JSON"),
        (b"a[1]", False, "array of strings"),
        (b'c["3000"]', False, "not a close frame"),
        (b"\xff", False, "not UTF-8"),
        (b"[1]", True, "array of strings"),
        (b"a" + b"[" * 100_000, False, "is not JSON"),
        (b"a" + b"9" * 10_000, False, "is not JSON"),
    ],
)
def test_what_is_no_frame(payload: bytes, from_client: bool, words: str):
    with pytest.raises(SockJsError, match=words):
        decode(payload, from_client=from_client)


@given(st.binary(max_size=30), st.booleans())
def test_any_bytes_are_a_frame_or_an_error(payload: bytes, from_client: bool):
    try:
        frame = decode(payload, from_client=from_client)
    except SockJsError:
        return
    assert sockjs.sockjs_summary(frame).isprintable()


@pytest.mark.parametrize(
    ("target", "is_it"),
    [
        ("/sockjs/000/abc123/websocket", True),
        ("/sockjs/000/abc123/websocket?x=/y", True),
        ("/sockjs/websocket", False),  # the raw transport, without framing
        ("/sockjs/000/abc123/xhr", False),
        ("/echo?/000/abc/websocket", False),
    ],
)
def test_paths(target: str, is_it: bool):
    assert sockjs.is_sockjs_path(target) is is_it
