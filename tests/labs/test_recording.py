"""A tape in memory: lines, streams, and the lines that each message came from."""

from pathlib import Path

import pytest

from labs import tape
from labs.recording import Tape, read_tape
from labs.wire.frames import encode_frame
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
REQUEST = build_request("/echo", upgrade_headers(KEY))
RESPONSE = build_response(101, "Switching Protocols", accept_headers(KEY))
TEXT = encode_frame(1, b"Hello", mask_key=b"abcd")


def passed(sender: str, data: bytes, *, at: str = "client", conn: str = "c1") -> tape.Bytes:
    receiver = "server" if sender == "client" else "client"
    return tape.Bytes(t=0, conn=conn, sender=sender, receiver=receiver, src="", dst="", at=at, hex=data.hex())


def step(id: str) -> tape.Step:
    return tape.Step(t=0, id=id, title="", text="")


def recorded(*events: tape.Event) -> Tape:
    recording = Tape()
    for event in events:
        recording.add(event)
    return recording


def test_a_message_names_the_lines_that_carried_it() -> None:
    recording = recorded(
        step("one"), passed("client", REQUEST[:10]), passed("client", REQUEST[10:]), passed("server", RESPONSE),
        passed("client", TEXT + TEXT[:3]), step("two"), passed("client", TEXT[3:]),
    )  # fmt: skip
    assert [traced.lines for traced in recording.messages()] == [(2, 3), (4,), (5,), (5, 7)]
    assert {traced.step for traced in recording.messages()} == {"one"}, "where the connection began"
    assert recording.line(4) == passed("server", RESPONSE)


def test_both_ends_of_a_direction_are_read_once() -> None:
    recording = recorded(
        passed("client", REQUEST), passed("client", REQUEST, at="server"), passed("server", RESPONSE, at="server"),
        passed("server", RESPONSE),
    )  # fmt: skip
    assert [traced.lines for traced in recording.messages()] == [(1,), (3,)]
    assert recording.stream("c1", "client") == recording.stream("c1", "client", "server") == REQUEST
    assert recording.stream("c1", "server") == RESPONSE


def test_connections_and_messages_are_found_by_step() -> None:
    recording = recorded(
        step("one"), passed("client", REQUEST), step("two"), passed("client", REQUEST, conn="c2"),
        passed("server", RESPONSE),
    )  # fmt: skip
    assert (recording.conns(), recording.conns(step="two")) == (["c1", "c2"], ["c2"])
    assert len(recording.messages(step="one")) == 2
    assert len(recording.messages(step="one", conn="c2")) == 0


def test_events_of_a_kind_have_their_lines() -> None:
    recording = recorded(step("one"), passed("client", REQUEST), step("two"))
    assert [(number, event.id) for number, event in recording.of(tape.Step)] == [(1, "one"), (3, "two")]


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    lab = tape.LabStarted(t=0, name="n", title="", questions=[], knobs={}, version="", started="", host={})
    path = tmp_path / "x.tape"
    path.write_text(f"{tape.to_line(lab)}\n{tape.to_line(passed('client', REQUEST))}\n")
    assert [traced.message.proto for traced in read_tape(path).messages()] == ["http"]
    path.write_text("{}\n")
    with pytest.raises(tape.TapeError, match=r"x\.tape:1: kind null"):
        read_tape(path)
