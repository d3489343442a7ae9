"""The dissector: the layers of whole connections, any chunking, both ends, garbage and bounds."""

from __future__ import annotations

import zlib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.wire import frames, sockjs, stomp
from labs.wire.dissect import Dissector
from labs.wire.frames import encode_close, encode_frame
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers
from labs.wire.message import Message

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x37\xfa\x21\x3d"

Chunk = tuple[str, bytes]  # who sent it ("client", "server"), what


def request(target: str = "/echo", *, subprotocols: tuple[str, ...] = (), extensions: str = "") -> Chunk:
    headers = upgrade_headers(KEY, subprotocols=subprotocols)
    more = [("Sec-WebSocket-Extensions", extensions)] if extensions else []
    return "client", build_request(target, [*headers, *more])


def switch(*, subprotocol: str | None = None, extensions: str = "") -> Chunk:
    more = [("Sec-WebSocket-Extensions", extensions)] if extensions else []
    headers = [*accept_headers(KEY, subprotocol=subprotocol), *more]
    return "server", build_response(101, "Switching Protocols", headers)


def client(opcode: int, payload: bytes = b"", **more: object) -> Chunk:
    return "client", encode_frame(opcode, payload, mask_key=MASK, **more)  # type: ignore[arg-type]


def server(opcode: int, payload: bytes = b"", **more: object) -> Chunk:
    return "server", encode_frame(opcode, payload, **more)  # type: ignore[arg-type]


def dissect(*chunks: Chunk, finish: bool = True) -> list[Message]:
    dissector = Dissector()
    messages = []
    for number, (sender, data) in enumerate(chunks):
        receiver = "server" if sender == "client" else "client"
        messages += dissector.feed(float(number), "c1", sender, receiver, sender, data)
    return messages + (dissector.finish() if finish else [])


def told(messages: list[Message]) -> list[tuple[str, str]]:
    return [(message.proto, message.summary) for message in messages]


CONVERSATION = [
    request(),
    switch(),
    client(frames.TEXT, b"Hello"),
    server(frames.TEXT, b"Hel", fin=False),
    server(frames.PING, b"1234"),
    client(frames.PONG, b"1234"),
    server(frames.CONTINUATION, b"lo"),
    client(frames.BINARY, bytes(70_000)),
    ("client", encode_close(1000, mask_key=MASK)),
    ("server", encode_close(1000)),
]


def test_a_whole_conversation():
    messages = dissect(*CONVERSATION)
    assert told(messages) == [
        ("http", "GET /echo → upgrade"), ("http", "101 Switching Protocols"), ("ws", 'text "Hello"'),
        ("ws", 'text "Hel" …'), ("ws", "ping 4 bytes"), ("ws", "pong 4 bytes"), ("ws", 'continuation "lo"'),
        ("ws", "binary 70000 bytes"), ("ws", "close 1000 normal closure"), ("ws", "close 1000 normal closure"),
    ]  # fmt: skip
    assert [message.problem for message in messages] == [""] * 10
    assert [message.t for message in messages] == list(range(10))
    assert [(m.sender, m.raw) for m in messages] == CONVERSATION
    for sender in ("client", "server"):
        offset = 0
        for message in (m for m in messages if m.sender == sender):
            assert message.offset == offset
            offset += len(message.raw)


def test_the_json_of_a_frame():
    out = dissect(*CONVERSATION)[2].to_json()
    assert {key: value for key, value in out.items() if key != "fields"} == {
        "t": 2.0, "conn": "c1", "from": "client", "to": "server", "proto": "ws", "summary": 'text "Hello"',
        "fin": True, "rsv": 0, "opcode": 1, "masked": True, "mask_key": "37fa213d", "length": 5,
        "payload": b"Hello".hex(),
    }  # fmt: skip


def split(chunks: list[Chunk], cuts: list[int]) -> list[Chunk]:
    """Each chunk cut at the offsets that fall into it; who sent what when stays as it is."""
    out, base = [], 0
    for sender, data in chunks:
        inside = sorted({cut - base for cut in cuts if base < cut < base + len(data)} | {0, len(data)})
        out += [(sender, data[a:b]) for a, b in pairwise(inside)]
        base += len(data)
    return out


def timeless(messages: list[Message]) -> list[Message]:
    return [replace(message, t=0.0) for message in messages]


STOMP_CONVERSATION = [
    request(subprotocols=("v12.stomp",)),
    switch(subprotocol="v12.stomp"),
    client(frames.TEXT, b"CONNECT\naccept-version:1.2\n\n\0"),
    server(frames.TEXT, b"CONNECTED\nversion:1.2\n\n\0"),
    client(frames.TEXT, b"SEND\ndestination:/a\n\nhi\0"),
    server(frames.TEXT, b"\n"),
    client(frames.TEXT, b"BAD\n\n\0"),
]

GARBAGE: list[Chunk] = [
    ("client", b"\x16\x03\x01\x02\x00 garbage\r\n\r\n"),
    ("server", b"HTTP/1.1 400 Bad\r\nContent-Length: 1\r\n\r\n!"),
    request(),
    ("server", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
    client(3, b"frames without a 101"),
]


@given(
    st.sampled_from([CONVERSATION, STOMP_CONVERSATION, GARBAGE]),
    st.lists(st.integers(0, 900), max_size=30),
    st.booleans(),
)
def test_any_chunking_gives_the_same_messages(chunks: list[Chunk], cuts: list[int], each_byte: bool):
    if each_byte:
        cuts = list(range(700))
    assert timeless(dissect(*split(chunks, cuts))) == timeless(dissect(*chunks))


@given(st.lists(st.tuples(st.sampled_from(["client", "server"]), st.binary(max_size=100)), max_size=8), st.booleans())
def test_garbage_never_raises_and_never_goes_missing(chunks: list[Chunk], upgraded: bool):
    before = [request(), switch()] if upgraded else []
    messages = dissect(*before, *chunks)
    for sender in ("client", "server"):
        sent = b"".join(data for who, data in [*before, *chunks] if who == sender)
        kept = [m for m in messages if m.sender == sender and m.proto in ("http", "ws")]
        position = 0
        for message in kept:
            skipped = message.frame is not None and len(message.frame.payload) < message.frame.length
            assert sent[message.offset : message.offset + len(message.raw)] == message.raw
            assert message.offset == position
            position += len(message.raw)
            if skipped:
                return
        assert position == len(sent)
    assert all(message.summary.isprintable() and message.problem.isprintable() for message in messages)


def test_each_message_is_told_as_soon_as_its_last_byte_came():
    assert len(dissect(*CONVERSATION, finish=False)) == len(CONVERSATION)


def test_a_direction_recorded_at_both_ends_is_read_once():
    dissector = Dissector()
    one = dissector.feed(0.0, "c", "client", "server", "client", request()[1])
    two = dissector.feed(0.1, "c", "client", "server", "server", request()[1])
    assert (len(one), two) == (1, [])


def test_connections_do_not_mix():
    dissector = Dissector()
    for conn in ("one", "two"):
        dissector.feed(0.0, conn, "a", "b", "a", request()[1])
    dissector.feed(0.0, "one", "b", "a", "b", switch()[1])
    (ping,) = dissector.feed(1.0, "one", "a", "b", "a", client(frames.PING)[1])
    assert (ping.conn, ping.proto) == ("one", "ws")
    assert dissector.feed(1.0, "two", "a", "b", "a", client(frames.PING)[1]) == []
    (held,) = dissector.finish()
    assert "no answer yet" in held.problem


def test_a_refused_upgrade_leaves_http():
    refused = ("server", build_response(426, "Upgrade Required", [("Sec-WebSocket-Version", "13")], b"no"))
    messages = dissect(request(), refused, ("client", build_request("/next")), ("server", build_response(204, "No")))
    assert told(messages) == [
        ("http", "GET /echo → upgrade"), ("http", "426 Upgrade Required 2 bytes"), ("http", "GET /next"),
        ("http", "204 No"),
    ]  # fmt: skip


def test_several_requests_before_the_upgrade():
    plain = ("client", build_request("/a") + build_request("/b") + request()[1])
    answers = ("server", build_response(200, "OK", [], b"a") + build_response(200, "OK", [], b"b") + switch()[1])
    messages = dissect(plain, answers, client(frames.TEXT, b"x"))
    assert told(messages)[-3:] == [
        ("http", "200 OK 1 byte"), ("http", "101 Switching Protocols"), ("ws", 'text "x"')
    ]  # fmt: skip


def test_a_client_that_does_not_wait_for_the_101():
    early = ("client", request()[1] + client(frames.TEXT, b"early")[1])
    assert told(dissect(early, switch())) == [
        ("http", "GET /echo → upgrade"), ("http", "101 Switching Protocols"), ("ws", 'text "early"')
    ]  # fmt: skip


def test_an_answer_recorded_before_its_request():
    messages = dissect(switch(), server(frames.TEXT, b"hi"), request(), client(frames.TEXT, b"ho"))
    assert told(messages) == [
        ("http", "101 Switching Protocols"), ("ws", 'text "hi"'), ("http", "GET /echo → upgrade"), ("ws", 'text "ho"'),
    ]  # fmt: skip
    assert not any(message.problem for message in messages)


def test_a_101_to_a_plain_request_is_no_websocket():
    messages = dissect(("client", build_request("/")), switch(), ("client", build_request("/again")))
    assert [bool(message.problem) for message in messages] == [False, True, False]
    assert messages[-1].proto == "http"


def test_what_is_wrong_with_the_handshake_is_told():
    wrong = ("server", build_response(101, "Switching Protocols", accept_headers("AAAAAAAAAAAAAAAAAAAAAA==")))
    messages = dissect(("client", build_request("/", upgrade_headers("c2hvcnQ=", version="8"))), wrong)
    assert "decodes to 5 bytes" in messages[0].problem
    assert "version 8" in messages[0].problem
    assert "does not match" in messages[1].problem
    assert [field.name for field in messages[1].fields if field.problem] == ["Sec-WebSocket-Accept"]


def test_frames_are_judged_by_their_direction():
    messages = dissect(request(), switch(), ("client", encode_frame(frames.TEXT)), ("server", client(frames.TEXT)[1]))
    assert "client must mask" in messages[2].problem
    assert "server must not mask" in messages[3].problem


def test_data_behind_a_close_frame_is_told():
    messages = dissect(request(), switch(), server(frames.CLOSE), server(frames.TEXT), client(frames.TEXT))
    assert ["after the close" in message.problem for message in messages[2:]] == [False, True, False]


def test_compressed_messages_are_inflated_with_their_context():
    deflate = zlib.compressobj(wbits=-15)
    payloads = [(deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4] for text in (b"Hello", b"Hello")]
    agreed = "permessage-deflate"
    messages = dissect(
        request(extensions=agreed), switch(extensions=agreed),
        *(client(frames.TEXT, payload, rsv=frames.RSV1) for payload in payloads),
    )  # fmt: skip
    assert told(messages)[2:] == [("ws", 'text "Hello", deflated')] * 2
    assert not any(message.problem for message in messages)
    assert messages[3].frame is not None
    assert messages[3].frame.payload == payloads[1]


def test_stomp_by_its_subprotocol():
    messages = dissect(*STOMP_CONVERSATION)
    assert [m.summary for m in messages if m.proto == "stomp"] == [
        "CONNECT 1.2", "CONNECTED 1.2", 'SEND /a "hi"', "heart-beat", "not STOMP"
    ]  # fmt: skip
    assert [m.proto for m in messages[2:4]] == ["ws", "stomp"]
    assert messages[3].raw == b"CONNECT\naccept-version:1.2\n\n\0"
    assert messages[3].offset == -1
    assert "unknown command 'BAD'" in messages[-1].problem


def test_stomp_frames_across_fragments_and_messages():
    messages = dissect(
        *STOMP_CONVERSATION[:4],
        client(frames.TEXT, b"SEND\ndestination:/a\n\nfirst\0SEND\ndesti", fin=False),
        client(frames.CONTINUATION, b"nation:/b\n\nsec"),
        client(frames.TEXT, b"ond\0"),
        client(frames.TEXT, b"SEND\nnever: ended"),
    )
    assert [m.summary for m in messages if m.proto == "stomp"][2:] == [
        'SEND /a "first"', 'SEND /b "second"', "frame, cut off"
    ]  # fmt: skip


def test_the_version_that_connected_states_holds_both_ways():
    chunks = [*STOMP_CONVERSATION[:3], server(frames.TEXT, b"CONNECTED\nversion:1.1\n\n\0")]
    escaped = b"SEND\ndestination:a\\rb\n\n\0"
    messages = dissect(*chunks, client(frames.TEXT, escaped))
    assert "STOMP 1.1" in messages[-1].problem


def test_stomp_without_a_subprotocol_is_known_by_its_first_message():
    opened = dissect(
        request(), switch(), client(frames.TEXT, b"CONNECT\n\n\0"), server(frames.TEXT, b"CONNECTED\n\n\0")
    )
    assert told(opened)[3::2] == [("stomp", "CONNECT 1.0"), ("stomp", "CONNECTED 1.0")]
    plain = dissect(request(), switch(), client(frames.TEXT, b"hello"), client(frames.TEXT, b"CONNECT\n\n\0"))
    assert {message.proto for message in plain} == {"http", "ws"}


def test_sockjs_and_the_stomp_inside():
    connect = stomp.encode(stomp.Frame("CONNECT", (("accept-version", "1.2"),))).decode()
    messages = dissect(
        request("/sockjs/000/abc/websocket"), switch(), server(frames.TEXT, b"o"),
        client(frames.TEXT, sockjs.encode_from_client([connect]).encode()),
        server(frames.TEXT, b"h"), server(frames.TEXT, b"nonsense"), server(frames.TEXT, b'c[3000,"Go away!"]'),
    )  # fmt: skip
    inner = [(m.proto, m.summary) for m in messages if m.proto in ("sockjs", "stomp")]
    assert inner[0] == ("sockjs", "open")
    assert inner[1][0] == "sockjs"
    assert inner[2:] == [
        ("stomp", "CONNECT 1.2"), ("sockjs", "heartbeat"), ("sockjs", "not SockJS"), ("sockjs", 'close 3000 "Go away!"')
    ]  # fmt: skip


@pytest.mark.parametrize("chunk", [client(frames.TEXT, b"Hello")[1][:-2], client(frames.BINARY, bytes(300))[1][:3]])
def test_a_frame_cut_off_is_a_message_with_a_problem(chunk: bytes):
    (*_, last) = dissect(request(), switch(), ("client", chunk))
    assert "cut off" in last.summary
    assert last.problem
    assert last.raw == chunk


def test_a_frame_beyond_the_cap_is_a_message_without_its_payload():
    head = encode_frame(frames.BINARY, stated_length=1 << 40, mask_key=MASK)
    dissector = Dissector()
    dissector.feed(0.0, "c", "client", "server", "client", request()[1])
    dissector.feed(0.0, "c", "server", "client", "server", switch()[1])
    (long,) = dissector.feed(0.0, "c", "client", "server", "client", head)
    assert "passed over" in long.problem
    for _ in range(64):
        assert dissector.feed(1.0, "c", "client", "server", "client", bytes(1 << 20)) == []


def test_a_client_that_floods_before_the_answer_is_not_held_back_for_ever():
    messages = dissect(request(), *([("client", bytes(100_000))] * 15), finish=False)
    assert [message.proto for message in messages[1:]] != []
    assert all(message.problem for message in messages[1:])
