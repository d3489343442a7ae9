"""What follows from the lines of a tape: rows, pairs, what the lab waits for, what was predicted and measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labs import tape
from labs.wire.frames import PING, PONG, TEXT, encode_frame
from labs.wire.stomp import Frame, encode
from tests.tutor.ui import lab_tape
from tests.tutor.ui.lab_tape import (
    KEY,
    asked,
    behind_a_balancer,
    ended,
    frames,
    free_play,
    injected,
    model_of,
    opening,
    passed,
    step,
    verdict,
)


def test_messages_are_numbered_and_paired() -> None:
    rows = model_of(*opening(), *frames()).rows
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    pong = rows[4]
    assert pong.ping == 4
    assert pong.round_trip == pytest.approx(0.0042)
    assert [row.ping for row in rows if row is not pong] == [None] * 6


def test_a_pong_that_nobody_asked_for_has_no_round_trip() -> None:
    unasked = passed("client", encode_frame(PONG, b"other", mask_key=lab_tape.KEY), 2)
    ping = passed("server", encode_frame(PING, b"this"), 1)
    assert model_of(*opening(), ping, unasked).rows[-1].ping is None


def test_evidence_leads_to_messages() -> None:
    model = model_of(*opening(), *frames())
    assert model.rows_of([5, 6, 7]) == [1, 2, 3]
    assert model.rows_of([1, 2, 99, -1]) == []


def test_a_message_in_two_pieces_belongs_to_both_lines() -> None:
    whole = encode_frame(PING, b"abcdef")
    model = model_of(*opening(), passed("server", whole[:3], 1), passed("server", whole[3:], 2))
    assert model.rows_of([7]) == model.rows_of([8]) == model.rows_of([8, 7]) == [3]


def test_what_is_cut_off_by_the_end_is_told() -> None:
    cut = passed("server", encode_frame(PING, b"abcdef")[:4], 1)
    model = model_of(*opening(), cut)
    assert len(model.rows) == 2
    model.add(lab_tape.ended())
    assert len(model.rows) == 3
    assert model.rows[-1].message.problem


def test_links_count_each_direction_at_one_end() -> None:
    model = model_of(*opening())
    before = dict(model.links)
    model.add(passed("client", b"12345", 1, at="server"))
    assert model.links == before
    model.add(passed("client", b"12345", 1))
    assert model.links["client", "server"] == before["client", "server"] + 5


def test_the_first_step_runs_at_once_the_others_wait() -> None:
    model = model_of(*opening())
    assert not model.paused
    model.add(step())
    assert model.paused
    model.add(passed("client", b"", 1))  # bytes, notes and faults come from elsewhere: it still waits
    model.add(tape.Note(t=1, text="still here"))
    assert model.paused
    model.go_on()
    assert not model.paused


def test_a_step_with_a_prediction_waits_for_the_answer() -> None:
    model = model_of(*opening(), step(), asked())
    assert not model.paused
    assert model.waiting is model.predictions["q"]
    model.add(tape.Answer(t=1, id="q", value=5))
    assert model.waiting is None
    assert not model.paused


@pytest.mark.parametrize(("answer", "measured", "held"), [(5, 5.0, True), ("81", "82", False), (["a"], ["a"], True)])
def test_a_prediction_is_compared_with_what_was_measured(answer: object, measured: object, held: bool) -> None:
    model = model_of(*opening(), asked(), tape.Answer(t=1, id="q", value=answer))
    assert model.predictions["q"].held is None
    model.add(tape.Measured(t=2, id="q", value=measured))
    assert model.predictions["q"].held is held


def test_answers_to_nothing_are_passed_over() -> None:
    model = model_of(tape.Answer(t=1, id="none", value=1), tape.Measured(t=1, id="none", value=1))
    assert model.predictions == {}


def test_news_grow_with_what_is_told_in_words_only() -> None:
    model = model_of(*opening())
    before = model.news
    model.add(passed("client", b"", 1))
    model.add(tape.Part(t=1, id="x", role="node", state="up"))
    assert model.news == before
    for event in (verdict(), asked(), tape.Answer(t=1, id="q", value=1), lab_tape.ended()):
        model.add(event)
        before += 1
        assert model.news == before


def test_a_frame_that_carries_stomp_is_its_envelope_and_evidence_leads_to_the_message() -> None:
    """The upgrade offers STOMP; lines 7 and 8 carry a frame each, the first of them with a STOMP frame in it."""
    subscribe = passed("client", encode_frame(TEXT, encode(Frame("CONNECT")), mask_key=KEY), 0.4)
    model = model_of(*opening(), subscribe, passed("server", encode_frame(PING, b"7"), 0.5))
    assert [(row.message.proto, row.carrier) for row in model.rows[2:]] == [
        ("ws", True),
        ("stomp", False),
        ("ws", False),
    ]
    assert model.rows_of([7, 8]) == [4, 5]


def test_free_play_is_told_once_and_a_fault_of_the_learner_is_in_force_until_its_next_round() -> None:
    asked_for = injected()
    model = model_of(*opening(), step(), free_play())
    assert (model.plays, model.free, model.fault) == (True, True, None)
    model.add(asked_for)
    model.add(replace(asked_for, t=3, by="lab"))
    assert (model.free, model.fault) == (False, asked_for)
    model.add(replace(asked_for, t=3, by="lab", target="client"))
    model.add(free_play())
    assert (model.free, model.fault, model.steps) == (True, None, 3)
    told = [(event.kind, getattr(event, "target", "")) for event in model.story[-3:]]
    assert told == [("step", ""), ("fault", "server"), ("fault", "client")]
    model.add(ended())
    assert (model.free, model.fault) == (False, None)


def test_checks_of_a_balancer_and_heart_beats_at_it_are_routine() -> None:
    rows = model_of(*opening(), *behind_a_balancer()).rows
    assert [row.number for row in rows if row.routine] == [3, 4, 9, 10]
    without = [event for event in behind_a_balancer() if not isinstance(event, tape.Part)]
    assert not any(row.routine for row in model_of(*opening(), *without).rows)


def test_a_verdict_in_free_play_does_not_take_the_learners_turn() -> None:
    model = model_of(*opening(), step(), free_play(), injected(), free_play(), verdict())
    assert (model.free, model.fault) == (True, None)


def test_a_part_is_thawed_until_the_next_fault_and_restarting_until_it_is_up() -> None:
    def now(*changes: tape.Event) -> str:
        return model_of(*opening(), step(), free_play(), *changes).parts["server"].state

    def server(state: str, pid: int = 102) -> tape.Part:
        return tape.Part(t=3, id="server", role="server", state=state, pid=pid)

    frozen = (injected(), server("frozen"))
    assert now(*frozen) == "frozen"
    assert now(*frozen, server("up"), server("up")) == "thawed"
    assert now(*frozen, server("up"), injected("kill", "client")) == "up"
    assert now(*frozen, server("down"), server("up", pid=103)) == "up", "another process"
    restart = injected("restart")
    assert now(server("down")) == "down"
    assert now(server("down"), restart) == now(restart, server("draining"), server("down")) == "restarting"
    assert now(restart, server("down"), server("up", pid=103)) == "up"
