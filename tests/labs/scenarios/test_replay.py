"""The replay lab: every verdict holds on a sound design, and fails when what it claims is broken for real."""

from __future__ import annotations

import pytest

from labs import tape
from labs.net.store import StoreError
from labs.rules.catchup import CatchUp
from labs.scenarios import replay, replay_breaks, replay_clients, replay_crash, replay_verdicts
from labs.scenarios import replay_steps as steps
from tests.labs.playing import Played, play, play_freely

QUICK = ("rate=400", "away=0.1")  # 40 messages missed


async def test_every_verdict_holds_and_holds_again_in_free_play() -> None:
    faults = [("cut", "reader"), ("kill", "room"), ("cut", "reader"), ("kill", "room")]
    played = await play_freely("replay", faults, *QUICK)
    assert played.ended.error is None
    assert played.of(tape.Failure) == []
    assert played.failed == set()
    judged = [event.id for event in played.of(tape.Verdict)]
    assert set(judged) == set(replay.VERDICTS)
    assert {id: judged.count(id) for id in ("gap-filled", "crash-mid-broadcast", "cursor-per-client-keeps")} == {
        "gap-filled": 3, "crash-mid-broadcast": 3, "cursor-per-client-keeps": 3,
    }  # fmt: skip
    assert all(event.ok and event.evidence for event in played.of(tape.Verdict))
    asked = {event.id for event in played.of(tape.Predict)}
    assert {event.id for event in played.of(tape.Measured)} == asked, "each prediction is measured"
    for event in played.of(tape.Measured):
        options = next(each.options for each in played.of(tape.Predict) if each.id == event.id)
        assert not options or event.value in options
    room = [event.state for event in played.of(tape.Part) if event.id == "room"]
    assert room[:7] == ["up", "down", "up", "down", "up", "down", "up"], "killed three times"
    assert len({event.pid for event in played.of(tape.Part) if event.id == "room"}) == 4
    nothing_is_claimed_without_bytes(played)


def nothing_is_claimed_without_bytes(played: Played) -> None:
    without = played.edited(lambda event: None if isinstance(event, tape.Bytes) else event)
    for judge in replay.VERDICTS.values():
        assert judge(without).ok is None


class HandsOnAtOnce(CatchUp):
    """Neither waits for the history nor drops what came twice."""

    def live(self, sequence, item):
        return [item]

    history = live


async def test_everything_broken_fails_every_verdict(monkeypatch) -> None:
    """Each breaks something else: the broker, the room, and what the readers do."""
    monkeypatch.setattr(replay, "BROKER", "tests.labs.forgetful_broker")
    monkeypatch.setattr(replay_crash, "ROOM", "tests.labs.careless_room")
    monkeypatch.setattr(replay_verdicts, "CatchUp", HandsOnAtOnce)
    subscribe = replay_clients.subscribe

    def subscribe_with_a_cursor(topic, id, last_seen=None, ack="auto"):
        return subscribe(topic, id, 1 if topic == steps.AWAY else last_seen, ack)

    async def subscribe_first(client, publisher, topic, last_seen, order):
        await catch_up(client, publisher, topic, last_seen, "subscribe-first")

    catch_up = replay_clients.catch_up
    monkeypatch.setattr(replay_breaks, "subscribe", subscribe_with_a_cursor)
    monkeypatch.setattr(replay_breaks, "catch_up", subscribe_first)
    played = await play("replay", *QUICK)
    assert played.ended.error is None
    assert played.failed == set(replay.VERDICTS)
    observed = {id: verdict.observed for id, verdict in played.verdicts.items()}
    assert set(observed) == set(replay.VERDICTS), "each was measured"
    assert "40 of them received" in observed["at-most-once-loses"]
    assert "missing in the end: 4" in observed["gap-filled"]
    assert "hasty misses none" in observed["subscribe-before-history"]
    assert "tells of none" in observed["cursor-too-old-is-told"]
    assert observed["crash-mid-broadcast"].startswith("9 of 20")
    assert "0 without it for ever" in observed["shared-ack-loses"]
    assert "miss a message" in observed["cursor-per-client-keeps"]
    assert "handed on twice: none" not in observed["no-repeats-after-dedupe"]


async def test_knobs_that_lose_messages_are_told_as_they_are() -> None:
    played = await play("replay", *QUICK, "order=history-first", "design=shared")
    assert played.ended.error is None
    assert {id for id, verdict in played.verdicts.items() if not verdict.ok} == {
        "gap-filled",
        "cursor-per-client-keeps",
    }
    assert played.failed - set(played.verdicts) == {"no-repeats-after-dedupe"}, "nothing came twice"
    assert "12 of 20 miss a message" in played.verdicts["cursor-per-client-keeps"].observed


async def test_without_a_store_the_lab_says_why(monkeypatch) -> None:
    monkeypatch.setattr("labs.net.store.find_program", lambda: (_ for _ in ()).throw(StoreError("no server found")))
    played = await play("replay", *QUICK)
    assert played.ended.error == "no server found"
    assert not played.ended.ok


@pytest.mark.parametrize(
    ("numbers", "told"),
    [([], "none"), ([3, 1], "1, 3"), (range(1, 8), "1 … 7 (7)"), ([1, 2, 9, 4, 5, 6, 7], "1 … 9 (7)")],
)
def test_a_list_of_numbers_is_told_shortly(numbers, told) -> None:
    assert replay_verdicts._listed(numbers) == told
