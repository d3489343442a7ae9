"""The herd's verdict, and what tells a busy machine from jitter, on tapes whose arrivals are given."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from labs import tape
from labs.recording import Tape
from labs.rules.herd import JITTERS, waits
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_crowd import MODEL, part_of
from labs.scenarios.failover_herd import herd_flattened, shown, unsteadiness
from labs.tables import cell
from labs.wire.handshake import build_request

KILLED = 5.0
MODELLED = {"none": 100_000, "second": 5000, "full": 300}


def recorded(moved: Callable[[str, float], float] = lambda jitter, t: t, **modelled: int) -> Tape:
    """The arrivals that were drawn, each as `moved` leaves it."""
    draw = random.Random(steps.SEED).random
    came = [(moved(jitter, t), jitter) for jitter in JITTERS for t in waits(jitter, steps.CROWD, steps.CEILING, draw)]
    events: list[tape.Event] = [tape.FaultInjected(t=KILLED, id="kill", target="alone-1", by="lab")]
    for number, (t, jitter) in enumerate(sorted(came)):
        events.append(
            tape.Bytes(
                t=KILLED + t, conn=f"c{number}", sender=part_of(jitter), receiver="alone-2", src="a:1", dst="b:2",
                at=part_of(jitter), hex=build_request("/echo", [], host="h").hex(),
            )
        )  # fmt: skip
    for jitter, peak in (MODELLED | modelled).items():
        name = cell(MODEL, "attempt 6", steps.JITTER_NAMES[jitter])
        events.append(tape.Metric(t=9.0, name=name, value=peak, unit="arrivals", part=part_of(jitter)))
    whole = Tape()
    for event in events:
        whole.add(event)
    return whole


def test_what_was_drawn_holds_and_is_steady():
    whole = recorded()
    assert herd_flattened(whole).ok
    assert unsteadiness(whole) < 1e-6
    assert [len(line) for line in shown(whole)] == [15 + round((steps.CEILING + 1.5) / 0.1)] * 3


def test_a_delay_of_all_is_no_unsteadiness():
    assert unsteadiness(recorded(lambda jitter, t: t + 0.5)) < 1e-6


@pytest.mark.parametrize("jitter", ["second", "full"])
def test_a_machine_that_wakes_many_late_is_told_from_jitter(jitter):
    """All that should come in one second come at its end."""
    first = steps.CEILING if jitter == "second" else 0.0

    def stalled(of: str, t: float) -> float:
        return first + 1.0 if of == jitter and first <= t < first + 1.0 else t

    assert unsteadiness(recorded(stalled)) > 0.5


def test_a_herd_that_full_jitter_does_not_flatten_fails():
    assert not herd_flattened(recorded(lambda jitter, t: 1.0 if jitter == "full" else t)).ok
    assert not herd_flattened(recorded(full=4000)).ok


def test_a_crowd_that_is_not_whole_is_not_judged():
    assert herd_flattened(recorded(lambda jitter, t: -9.0 if jitter == "none" else t)).ok is None
