"""The handshake lab: every verdict holds on a sound pair, and fails when what it claims is broken for real."""

import os
from dataclasses import replace

import pytest

from labs import tape
from labs.net import client
from labs.scenarios import handshake
from tests.labs.playing import play, sound

REFUSED_BY_CLIENT = {"echoed-key-refused", "wrong-accept-refused", "replayed-101-refused"}


async def test_every_verdict_holds_and_names_its_evidence() -> None:
    played = await sound("handshake")
    assert played.ended.error is None
    assert played.failed == set()
    assert set(played.verdicts) == set(handshake.VERDICTS)
    for verdict in played.verdicts.values():
        assert verdict.evidence
        assert all(isinstance(played.events[line - 1], tape.Bytes) for line in verdict.evidence)
    asked = {event.id for event in played.of(tape.Predict)}
    assert {event.id for event in played.of(tape.Measured)} == asked, "each prediction is measured"
    assert {event.form for event in played.of(tape.Predict)} == {"choice", "number", "order", "bytes"}
    for event in played.of(tape.Predict):
        measured = next(other.value for other in played.of(tape.Measured) if other.id == event.id)
        if event.form == "choice":
            assert measured in event.options
        elif event.form == "order":
            assert sorted(measured) == sorted(event.options)
    assert [event.t for event in played.events] == sorted(event.t for event in played.events)


async def test_a_tape_that_is_played_back_gives_the_same_findings() -> None:
    played = await sound("handshake")
    again = played.edited(lambda event: event)
    for id, verdict in played.verdicts.items():
        finding = handshake.VERDICTS[id](again)
        assert (finding.ok, finding.observed) == (verdict.ok, verdict.observed)


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        ("lying-accept", {"accept-key"}),
        ("no-101", {"switch-101", "accept-key", "subprotocol", "frames-after-101"}),
        ("unoffered", {"subprotocol"}),
        ("http-after-101", {"frames-after-101"}),
        ("accepts-everything", {"not-an-upgrade", "missing-key-400", "old-version-426", "foreign-origin-403"}),
    ],
)
async def test_a_broken_server_fails_its_verdicts(broken: str, failed: set[str], monkeypatch) -> None:
    monkeypatch.setattr(handshake, "SERVER", "tests.labs.broken")
    monkeypatch.setattr(handshake, "ANSWER_SECONDS", 0.2)
    monkeypatch.setitem(os.environ, "BROKEN", broken)
    played = await play("handshake")
    assert played.failed >= failed
    assert not played.ended.ok
    untouched = {"key-16-bytes", "fresh-key", "echoed-key-refused", "wrong-accept-refused"}
    assert not played.failed & untouched


async def test_a_client_that_believes_everything_fails_the_refusals(monkeypatch) -> None:
    monkeypatch.setattr(client.ClientProtocol, "process_response", lambda self, response: None)
    played = await play("handshake")
    assert played.failed == REFUSED_BY_CLIENT
    assert "the client sent 22 bytes after it" in played.verdicts["echoed-key-refused"].observed


@pytest.mark.parametrize(
    ("setting", "failed", "observed"),
    [
        ("key=abc", "key-16-bytes", "not Base64"),
        ("key=", "key-16-bytes", "no Sec-WebSocket-Key"),
        ("key=dGhlIHNhbXBsZSBub25jZQ==", "fresh-key", "5 handshakes, 1 different key"),
        ("version=8", "switch-101", "426"),
        ("origin=http://evil.example", "switch-101", "403"),
    ],
)
async def test_a_knob_that_spoils_the_request_is_told_as_it_is(setting: str, failed: str, observed: str) -> None:
    played = await play("handshake", setting)
    assert played.ended.error is None
    assert observed in played.verdicts[failed].observed
    assert not played.verdicts[failed].ok
    assert not played.failed & {"missing-key-400", "old-version-426", "foreign-origin-403", "not-an-upgrade"}


async def test_the_knobs_are_on_the_wire() -> None:
    played = await play("handshake", "path=/x?y=1", "subprotocols=v11.stomp", "origin=", "compression=on")
    sent = b"".join(event.data for event in played.of(tape.Bytes) if event.sender == "client")
    assert b"GET /x?y=1 HTTP/1.1\r\n" in sent
    assert b"Sec-WebSocket-Protocol: v11.stomp\r\n" in sent
    assert b"Sec-WebSocket-Extensions: permessage-deflate" in sent
    assert sent.split(b"GET ")[2].count(b"Origin") == 0
    assert "the server chose v11.stomp" in played.verdicts["subprotocol"].observed


async def test_nothing_is_claimed_of_a_tape_without_the_handshakes() -> None:
    played = await sound("handshake")
    without = played.edited(lambda event: None if isinstance(event, tape.Bytes) else event)
    for judge in handshake.VERDICTS.values():
        finding = judge(without)
        assert finding.ok is None


async def test_an_old_version_is_refused_with_what_is_spoken() -> None:
    played = await sound("handshake")

    def forget(event: tape.Event) -> tape.Event:
        if not isinstance(event, tape.Bytes) or event.sender != "server":
            return event
        return replace(event, hex=event.data.replace(b"Sec-WebSocket-Version: 13\r\n", b"X: y\r\n").hex())

    assert not handshake.VERDICTS["old-version-426"](played.edited(forget)).ok
