"""STOMP 1.0, 1.1, 1.2: escapes and line ends of each version, bounds, any chunking, spans of the fields."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.wire.stomp import (
    CLIENT_COMMANDS,
    Event,
    Frame,
    HeartBeat,
    Limits,
    StompError,
    StompParser,
    Version,
    encode,
)
from labs.wire.stomp_fields import stomp_fields, stomp_summary

versions = st.sampled_from(["1.0", "1.1", "1.2"])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
headers = st.lists(st.tuples(texts.filter(bool), texts), max_size=4).map(tuple)
frames = st.builds(Frame, st.sampled_from(["SEND", "MESSAGE", "ERROR"]), headers, st.binary(max_size=50))


def parse(data: bytes, version: Version = "1.2", **limits: int) -> list[Event]:
    return StompParser(version, Limits(**limits)).receive(data)


def error_of(data: bytes, version: Version = "1.2", **limits: int) -> StompError:
    (*_, error) = parse(data, version, **limits)
    assert isinstance(error, StompError), error
    return error


@given(frames, st.sampled_from(["1.1", "1.2"]))
def test_what_is_encoded_is_parsed(frame: Frame, version: Version):
    if any(name == "content-length" for name, _ in frame.headers):
        return
    (parsed,) = parse(encode(frame, version), version)
    assert isinstance(parsed, Frame)
    assert (parsed.command, parsed.body) == (frame.command, frame.body)
    assert parsed.headers[: len(frame.headers)] == frame.headers


@pytest.mark.parametrize(
    ("version", "wire", "value"),
    [
        ("1.0", rb"a\nb\c\\", r"a\nb\c\\"),
        ("1.1", rb"a\nb\c\\", "a\nb:\\"),
        ("1.2", rb"a\nb\c\\\r", "a\nb:\\\r"),
        ("1.1", b"a:b", "a:b"),
        ("1.0", b" padded ", "padded"),
        ("1.1", b" padded ", " padded "),
    ],
)
def test_escapes_of_each_version(version: Version, wire: bytes, value: str):
    (frame,) = parse(b"SEND\nh:" + wire + b"\n\n\0", version)
    assert isinstance(frame, Frame)
    assert frame.get("h") == value


@pytest.mark.parametrize(("version", "escape"), [("1.1", rb"\r"), ("1.1", rb"\t"), ("1.2", rb"\t"), ("1.2", b"\\")])
def test_undefined_escapes_are_fatal(version: Version, escape: bytes):
    assert "undefined escape" in error_of(b"SEND\nh:a" + escape + b"\n\n\0", version).text


@pytest.mark.parametrize("command", ["CONNECT", "CONNECTED"])
def test_connect_and_connected_are_never_escaped(command: str):
    (frame,) = parse(command.encode() + b"\nlogin:a\\nb\\t\n\n\0")
    assert isinstance(frame, Frame)
    assert frame.get("login") == "a\\nb\\t"
    assert encode(frame) == command.encode() + b"\nlogin:a\\nb\\t\n\n\0"


def test_of_repeated_headers_the_first_counts():
    (frame,) = parse(b"MESSAGE\nfoo:World\nfoo:Hello\n\n\0")
    assert isinstance(frame, Frame)
    assert (frame.get("foo"), frame.get("bar"), len(frame.headers)) == ("World", None, 2)


def test_a_body_of_stated_length_may_hold_nuls():
    assert parse(b"SEND\ncontent-length:3\n\na\0b\0") == [Frame("SEND", (("content-length", "3"),), b"a\0b")]


def test_cr_lf_ends_lines_from_1_2_on():
    wire = b"SEND\r\ndestination:/a\r\n\r\nbody\0\r\n"
    assert parse(wire) == [Frame("SEND", (("destination", "/a"),), b"body"), HeartBeat()]
    assert "CR LF line ends came with STOMP 1.2" in error_of(wire, "1.1").text


def test_ends_of_line_between_frames_are_heart_beats():
    assert parse(b"\n\n\r\nSEND\n\n\0\n") == [HeartBeat(3), Frame("SEND"), HeartBeat(1)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"HELLO\n\n\0", "unknown command 'HELLO'"),
        (b"SEND\nno colon\n\n\0", "has no colon"),
        (b"SEND\ncontent-length:x\n\n\0", "content-length 'x'"),
        (b"SEND\ncontent-length:-1\n\n\0", "content-length '-1'"),
        (b"SEND\ncontent-length: 1\n\nx\0", "content-length ' 1'"),
        (b"SEND\ncontent-length:" + b"9" * 5000 + b"\n\n\0", "number of bytes"),
        (b"SEND\ncontent-length:1\n\nxy\0", "is 0x79; a frame ends in NUL"),
        (b"SEND\ndestination:/a\0", "NUL before the blank line"),
        (b"SUBSCRIBE\nid:1\n\nbody\0", "SUBSCRIBE: a body"),
        (b"SEND\nh:\xff\n\n\0", "not UTF-8"),
        (b"SEND\nh:a\rb\n\n\0", "SEND: a CR inside header 'h'"),
        (b"\rSEND\n\n\0", "a CR without its LF"),
    ],
)
def test_what_is_not_stomp_says_so(data: bytes, words: str):
    error = error_of(b"\n\n" + data)
    assert words in error.text
    assert error.at >= 2
    assert str(error) == f"byte {error.at}: {error.text}"


@pytest.mark.parametrize(
    ("data", "limits", "words"),
    [
        (b"SEND\nh:" + b"x" * 100, {"header_bytes": 50}, "more than 50 bytes of headers"),
        (b"SEND\n" + b"h:x\n" * 9 + b"\n\0", {"headers": 8}, "9 headers; at most 8"),
        (b"SEND\nh:" + b"x" * 100 + b"\n\n\0", {"line": 50}, "a line of more than 50"),
        (b"SEND\n\n" + b"x" * 51, {"body": 50}, "a body of more than 50 bytes"),
        (b"SEND\ncontent-length:51\n\n", {"body": 50}, "a body of 51 bytes; at most 50"),
    ],
)
def test_bounds_hold_before_a_frame_is_whole(data: bytes, limits: dict[str, int], words: str):
    assert words in error_of(data, **limits).text


def test_after_an_error_nothing_is_kept():
    parser = StompParser()
    parser.receive(b"HELLO\n\n\0")
    assert parser.receive(b"SEND\n\n\0" * 1000) == []
    assert len(parser.raw) < 20


def test_the_version_can_change_between_two_frames_of_one_read():
    parser = StompParser()
    parser.feed(b"CONNECT\naccept-version:1.0\n\n\0SEND\nh:a\\tb\n\n\0")
    assert isinstance(parser.next_event(), Frame)
    parser.version = "1.0"
    frame = parser.next_event()
    assert isinstance(frame, Frame)
    assert frame.get("h") == "a\\tb"


@pytest.mark.parametrize(
    ("frame", "version"),
    [
        (Frame("SEND", (("h", "a\nb"),)), "1.0"),
        (Frame("SEND", (("a:b", "c"),)), "1.0"),
        (Frame("CONNECT", (("login", "a\nb:c"),)), "1.2"),
        (Frame("SEND", (("h", "a\0b"),)), "1.2"),
        (Frame("SEND", (("", "a"),)), "1.2"),
    ],
)
def test_a_header_that_cannot_be_said_is_refused_not_injected(frame: Frame, version: Version):
    with pytest.raises(ValueError, match="header"):
        encode(frame, version)


pieces = st.sampled_from(
    [
        b"SEND\ndestination:/a\n\nhi\0", b"SEND\r\na:b\r\n\r\n\0", b"\n", b"\r\n", b"\r", b"\0", b"CONNECT\n", b"\n\n",
        b"SEND\ncontent-length:3\n\na\0b\0", b"content-length:2\n", b"BAD\n\n\0", b"x:\\t\n", b"MESSAGE\n\n", b"\xff",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=8).map(b"".join), versions, st.lists(st.integers(0, 200), max_size=8))
def test_any_chunking_gives_the_same_events(stream: bytes, version: Version, cuts: list[int]):
    points = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    limits = Limits(header_bytes=40, headers=3, line=20, body=30)
    whole, parser = StompParser(version, limits).receive(stream), StompParser(version, limits)
    split = [event for a, b in pairwise(points) for event in parser.receive(stream[a:b])]
    assert described(split) == described(whole)


def described(events: list[Event]) -> list[object]:
    """The events with neighbouring heart-beats put together, and errors as text."""
    out: list[object] = []
    for event in events:
        if isinstance(event, HeartBeat) and out and isinstance(out[-1], HeartBeat):
            out[-1] = HeartBeat(out[-1].count + event.count)
        else:
            out.append(str(event) if isinstance(event, StompError) else event)
    return out


@given(st.lists(pieces | st.binary(max_size=20), max_size=8).map(b"".join), versions)
def test_fields_lie_inside_the_bytes_of_their_event_and_are_printable(stream: bytes, version: Version):
    parser = StompParser(version)
    parser.feed(stream)
    seen = b""
    while (event := parser.next_event()) is not None:
        raw = parser.raw
        seen += raw
        assert stomp_summary(event).isprintable()
        for field in stomp_fields(raw, event):
            assert 0 <= field.start < field.stop <= len(raw)
            assert (field.value + field.name + field.problem).isprintable()
    assert stream.startswith(seen)


def test_the_fields_of_a_frame():
    raw = b"SEND\r\ndestination:/a\\cb\r\n\r\nhi\0"
    (frame,) = parse(raw)
    assert [(f.name, raw[f.start : f.stop], f.value) for f in stomp_fields(raw, frame)] == [
        ("command", b"SEND", "SEND"), ("destination", b"destination:/a\\cb", "/a:b"),
        ("blank line", b"\r\n", ""), ("body", b"hi", '"hi"'), ("NUL", b"\0", "0"),
    ]  # fmt: skip
    assert stomp_fields(raw, frame)[1].meaning == r"escaped on the wire: /a\cb"


@pytest.mark.parametrize(
    ("event", "summary"),
    [
        (Frame("CONNECTED", (("version", "1.2"),)), "CONNECTED 1.2"),
        (Frame("CONNECTED"), "CONNECTED 1.0"),
        (Frame("SEND", (("destination", "/topic/a"),), b"hello"), 'SEND /topic/a "hello"'),
        (Frame("SUBSCRIBE", (("id", "0"), ("destination", "/a"))), "SUBSCRIBE 0 /a"),
        (HeartBeat(), "heart-beat"),
        (HeartBeat(3), "heart-beat ×3"),
    ],
)
def test_summaries(event: Event, summary: str):
    assert stomp_summary(event) == summary


def test_every_command_has_a_summary_and_a_meaning():
    for command in CLIENT_COMMANDS | {"CONNECTED", "MESSAGE", "RECEIPT", "ERROR"}:
        frame = Frame(command)
        assert stomp_summary(frame).startswith(command)
        assert stomp_fields(encode(frame), frame)[0].meaning
