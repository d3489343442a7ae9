"""The stomp lab: every verdict holds on the real broker, and fails when what it claims is broken for real."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator

import pytest

from labs import tape
from labs.catalog import find
from labs.scenarios import stomp, stomp_clients
from labs.scenarios.stomp_reading import Reading
from labs.stage import run_lab
from tests.labs.playing import Played, play, sound

LACKING_IN_SPRING = {
    "receipt-after-effect", "queue-one", "redelivered-after-loss", "client-ack-cumulative", "transaction-atomic",
}  # fmt: skip


async def test_every_verdict_holds_and_names_its_evidence() -> None:
    played = await sound("stomp")
    assert played.ended.error is None
    assert played.failed == set()
    assert set(played.verdicts) == set(stomp.VERDICTS)
    for verdict in played.verdicts.values():
        assert verdict.evidence
        assert all(isinstance(played.events[line - 1], tape.Bytes) for line in verdict.evidence)
    asked = {event.id: event for event in played.of(tape.Predict)}
    measured = {event.id: event.value for event in played.of(tape.Measured)}
    assert set(measured) == set(asked), "each prediction is measured"
    for id, event in asked.items():
        if event.form == "choice":
            assert measured[id] in event.options
        elif event.form == "order":
            assert sorted(measured[id]) == sorted(event.options)
    processes = {event.pid for event in played.of(tape.Part) if event.state == "up" and event.pid}
    assert len(processes) == 3, "the broker and two workers"


async def test_workers_acknowledge_every_job_that_they_can_do() -> None:
    """Those too that were waiting when they subscribed."""
    reading = Reading((await sound("stomp")).edited(lambda event: event))
    jobs = [each for each in reading.deliveries if re.fullmatch(r"job \d+", each.body)]
    assert len(jobs) == 10
    assert all(each.settled for each in jobs)


async def test_a_tape_that_is_played_back_gives_the_same_findings() -> None:
    played = await sound("stomp")
    again = played.edited(lambda event: event)
    assert {id for id in stomp.VERDICTS if not stomp.VERDICTS[id](again).ok} == set()


async def test_nothing_is_claimed_of_a_tape_without_bytes() -> None:
    played = await sound("stomp")
    without = played.edited(lambda event: None if isinstance(event, tape.Bytes) else event)
    assert all(judge(without).ok is None for judge in stomp.VERDICTS.values())


async def test_what_the_learners_own_client_sends_bears_on_no_claim() -> None:
    """As if anna were the learner's: what she sent, twice the same too, is no matter of the lab's."""
    played = await sound("stomp")
    without = played.edited(
        lambda event: None if isinstance(event, tape.Part) and event.id in ("anna", "old") else event
    )
    assert {id for id, judge in stomp.VERDICTS.items() if judge(without).ok is False} == set()
    reading = Reading(without)
    assert {sent.session.part for sent in reading.sent} <= {"ben", "alice-1", "reader-1.2"}
    assert any(each.body == "job 1" for each in reading.deliveries)


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(stomp, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(stomp_clients, "SHOWN_SECONDS", 0.5)


@pytest.mark.parametrize(
    ("setting", "failed"),
    [("semantics=spring", LACKING_IN_SPRING), ("ack=auto", {"redelivered-after-loss"}), ("version=1.0", set())],
)
async def test_knobs_fail_what_they_give_up(setting: str, failed: set[str], impatient: None) -> None:
    played = await play("stomp", setting)
    assert played.ended.error is None
    assert set(played.verdicts) == set(stomp.VERDICTS)
    assert played.failed == failed
    edited = played.edited(lambda event: event)
    assert {id for id in stomp.VERDICTS if not stomp.VERDICTS[id](edited).ok} == failed


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        (
            "early_receipt skips retains acks_one no_transactions answers_twice first_session open_to_all "
            "one_escape_for_all",
            {
                "receipt-after-effect", "topic-all", "topic-absent-lost", "client-ack-cumulative", "transaction-atomic",
                "app-reply-only-subscriber", "user-all-sessions", "user-destination-translated",
                "escape-by-version",
            },
        ),
        (
            "lowest forgets everybody",
            {"negotiated-version", "redelivered-after-loss", "client-ack-cumulative", "queue-one"},
        ),
    ],
)  # fmt: skip
async def test_a_broken_broker_fails_its_verdicts(broken: str, failed: set[str], monkeypatch, impatient: None) -> None:
    monkeypatch.setattr(stomp, "SERVER", "tests.labs.broken_broker")
    monkeypatch.setitem(os.environ, "BROKEN", broken)
    played = await play("stomp")
    assert played.ended.error is None
    assert {id for id, verdict in played.verdicts.items() if not verdict.ok} == failed


async def test_faults_are_played_after_the_steps_and_judged() -> None:
    lab = find("stomp")
    faults = [
        ("kill-consumer", "worker-2"),
        ("late-subscriber", "carl"),
        ("nack", "worker-1"),
        ("kill-consumer", "worker-2"),
    ]
    commands: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    events: list[tape.Event] = []
    waiting = [{"do": "fault", "id": id, "target": target} for id, target in faults] + [{"do": "next"}]

    def out(event: tape.Event) -> None:
        """The learner answers at random, goes on, and in free play breaks things."""
        events.append(event)
        match event:
            case tape.Predict():
                value = {"choice": event.options[:1] or [""], "order": [event.options]}.get(event.form, [0])[0]
                commands.put_nowait({"do": "answer", "id": event.id, "value": "00" if event.form == "bytes" else value})
            case tape.Step(id=tape.FREE_PLAY):
                commands.put_nowait(waiting.pop(0))

    async def lines() -> AsyncIterator[str]:
        while True:
            yield json.dumps(await commands.get())

    knobs = {knob.name: knob.parse(knob.default) for knob in lab.knobs}
    ended = await run_lab(lab, stomp, knobs, out, lines(), auto=False)
    played = Played(ended, events)
    assert played.of(tape.Failure) == []
    assert (ended.ok, ended.error, ended.verdicts) == (True, None, len(lab.verdicts))
    begun = next(event.t for event in played.of(tape.Step) if event.id == tape.FREE_PLAY)
    judged = [event.id for event in played.of(tape.Verdict) if event.t > begun]
    assert judged == [
        "redelivered-after-loss", "queue-one", "topic-absent-lost", "redelivered-after-loss", "queue-one",
        "redelivered-after-loss", "queue-one",
    ]  # fmt: skip
    assert played.verdicts["topic-absent-lost"].observed.startswith("0 of 10 earlier messages")
    observed = played.verdicts["redelivered-after-loss"].observed
    lost, again = re.findall(r"(\d+) jobs in the hands of killed workers, (\d+) delivered again", observed)[0]
    assert lost == again >= "3"
