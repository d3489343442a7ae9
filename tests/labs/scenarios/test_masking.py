"""The masking lab: every verdict holds on a sound pair, and fails when what it claims is broken."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from labs import tape
from labs.scenarios import masking
from labs.wire.frames import encode_frame, mask, read_header
from tests.labs.playing import play, sound


async def test_every_verdict_holds_and_names_its_evidence() -> None:
    played = await play("masking", "payload=grüß dich")
    assert played.ended.error is None
    assert played.failed == set()
    assert set(played.verdicts) == set(masking.VERDICTS)
    for verdict in played.verdicts.values():
        assert verdict.evidence
        assert all(isinstance(played.events[line - 1], tape.Bytes) for line in verdict.evidence)
    asked = {event.id for event in played.of(tape.Predict)}
    assert {event.id for event in played.of(tape.Measured)} == asked
    pids = {event.pid for event in played.of(tape.Part) if event.state == "up"}
    assert len(pids) == 6, "the lab with its clients, and five processes of their own"


@pytest.mark.parametrize(
    ("setting", "failed"),
    [
        ("key=zero", {"key-per-frame", "poison-masked-fails"}),
        ("key=counter", set()),  # different is not unpredictable: see predictable-key-poisons
        ("masking=off", {"client-masks", "key-per-frame", "unmask", "smallest-frames", "poison-masked-fails"}),
    ],
)
async def test_a_client_that_masks_badly_fails_its_verdicts(setting: str, failed: set[str]) -> None:
    played = await play("masking", setting)
    assert played.ended.error is None
    assert played.failed == failed


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        ("masks", {"server-does-not"}),
        ("garbles", {"unmask"}),
        ("long-form", {"smallest-frames"}),
        ("tolerates", {"unmasked-refused"}),
    ],
)
async def test_a_broken_server_fails_its_verdicts(broken: str, failed: set[str], monkeypatch) -> None:
    monkeypatch.setattr(masking, "SERVER", "tests.labs.broken")
    monkeypatch.setattr(masking, "ANSWER_SECONDS", 0.3)
    monkeypatch.setitem(os.environ, "BROKEN", broken)
    played = await play("masking")
    assert played.failed >= failed
    assert not played.failed & {"poison-unmasked", "poison-masked-fails", "predictable-key-poisons", "not-secret"}


async def test_a_proxy_that_understands_upgrade_is_not_poisoned(monkeypatch) -> None:
    monkeypatch.setattr(masking, "PROXY", "tests.labs.careful_proxy")
    played = await play("masking")
    assert played.failed == {"poison-unmasked", "predictable-key-poisons"}
    assert "the site's script" in played.verdicts["poison-unmasked"].observed


Edit = Callable[[tape.Bytes], bytes]


async def test_a_client_that_reads_a_masked_server_frame_is_caught() -> None:
    """The client's close is edited out of a recorded tape: it then has read the text and said nothing."""
    played = await sound("masking")
    conns = {event.conn for event in played.of(tape.Bytes) if event.receiver == "rogue"}

    def silent(event: tape.Event) -> tape.Event | None:
        from_client = isinstance(event, tape.Bytes) and event.conn in conns and event.sender == "client"
        return None if from_client and not event.data.startswith(b"GET ") else event

    finding = masking.VERDICTS["masked-from-server-refused"](played.edited(silent))
    assert (finding.ok, finding.observed) == (False, "the client did not close")


async def test_a_secret_payload_would_not_be_read() -> None:
    """Were the payload encrypted under a key that is not sent along, the observer would read something else."""
    played = await sound("masking")

    def encrypt(event: tape.Event) -> tape.Event:
        header = read_header(event.data) if isinstance(event, tape.Bytes) and event.sender == "client" else None
        if header is None or header.opcode != 1 or event.data.startswith(b"GET ") or header.mask_key is None:
            return event
        secret = mask(event.data[header.size :], b"\x01\x02\x03\x04")
        return replace(event, hex=(event.data[: header.size] + secret).hex())

    edited = played.edited(encrypt)
    assert not masking.VERDICTS["not-secret"](edited).ok
    assert not masking.VERDICTS["unmask"](edited).ok


async def test_nothing_is_claimed_of_a_tape_without_frames() -> None:
    played = await sound("masking")
    without = played.edited(lambda event: None if isinstance(event, tape.Bytes) else event)
    for judge in masking.VERDICTS.values():
        assert not judge(without).ok


async def test_the_page_sends_what_reads_as_a_request_only_after_masking() -> None:
    """The counter's payload, as the page hands it over, is no request: masking with the predicted key makes it one."""
    request = masking.script_request("counter")
    key = (1).to_bytes(4, "big")
    assert request not in mask(request, key)
    assert request in encode_frame(2, mask(request, key), mask_key=key)
