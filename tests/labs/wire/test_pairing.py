"""Pongs and their pings."""

from __future__ import annotations

from labs.wire.frames import PING, PONG, TEXT
from labs.wire.message import Message, WsFrame
from labs.wire.pairing import pair_pongs


def frame(t: float, opcode: int, payload: bytes, sender: str = "a", conn: str = "c") -> Message:
    receiver = "b" if sender == "a" else "a"
    body = WsFrame(True, 0, opcode, None, len(payload), payload)
    return Message(t, conn, sender, receiver, "ws", "", (), b"", 0, body)


def test_a_pong_answers_the_ping_with_its_payload_from_the_other_side():
    messages = [
        frame(0.0, PING, b"1"), frame(0.1, TEXT, b"1", "b"), frame(0.2, PONG, b"1", "b", "other"),
        frame(0.5, PONG, b"1", "a"), frame(1.0, PONG, b"1", "b"),
    ]  # fmt: skip
    assert pair_pongs(messages) == {4: (0, 1.0)}


def test_a_pong_to_the_latest_ping_settles_those_before_it():
    messages = [
        frame(0.0, PING, b"1"),
        frame(1.0, PING, b"2"),
        frame(1.5, PONG, b"2", "b"),
        frame(2.0, PONG, b"1", "b"),
    ]
    assert pair_pongs(messages) == {2: (1, 0.5)}


def test_pings_alike_are_answered_in_order():
    messages = [frame(0.0, PING, b""), frame(1.0, PING, b""), frame(1.5, PONG, b"", "b"), frame(3.0, PONG, b"", "b")]
    assert pair_pongs(messages) == {2: (0, 1.5), 3: (1, 2.0)}


def test_an_unasked_pong_answers_nothing():
    assert pair_pongs([frame(0.0, PONG, b"heartbeat")]) == {}
