"""Who noticed what, and when, from the events of a tape."""

from __future__ import annotations

from labs import tape
from labs.tables import cell
from labs.timeline import AGAIN, CODE, KEPT, SESSIONS, Timeline


def part(t: float, id: str, state: str) -> tape.Part:
    return tape.Part(t=t, id=id, role="node", state=state)


def fault(t: float, id: str = "kill", target: str = "node-1", by: str = "lab") -> tape.FaultInjected:
    return tape.FaultInjected(t=t, id=id, target=target, by=by)


def metric(t: float, column: str, value: float) -> tape.Metric:
    return tape.Metric(t=t, name=cell("clients", "ann", column), value=value, unit="", part="ann")


def told(*events: tape.Event) -> list[tuple[float, str, str]]:
    timeline = Timeline()
    for event in events:
        timeline.add(event)
    return [(entry.t, entry.part, entry.text) for entry in timeline.entries]


def test_it_begins_with_the_latest_fault_and_tells_who_noticed():
    node, balancer = part(0, "node-1", "up"), part(0, "balancer", "up")
    assert told(node, balancer, part(1, "node-1", "down"), part(2, "node-1", "up")) == []
    assert told(
        node, balancer, fault(1, "freeze"), fault(2), part(2.1, "node-1", "down"), metric(2.2, CODE, 1006),
        tape.Note(t=2.3, text="balancer: node-1 is down: refused"), metric(2.4, SESSIONS, 2),
    ) == [
        (2, "node-1", "fault kill"), (2.1, "node-1", "is down"), (2.2, "ann", "sees 1006"),
        (2.3, "balancer", "node-1 is down: refused"), (2.4, "ann", AGAIN),
    ]  # fmt: skip


def test_what_is_no_news_of_a_part_is_passed_over():
    node = part(0, "node-1", "up")
    assert told(
        node, fault(1), part(1.1, "node-1", "up"), metric(1.2, "waits", 3), metric(1.3, SESSIONS, 1),
        tape.Note(t=1.4, text="a remark: of nobody"), tape.Note(t=1.5, text="node-1 without a colon"),
    ) == [(1, "node-1", "fault kill")]  # fmt: skip


def test_what_the_learner_asks_for_and_the_lab_does_is_one_fault():
    assert told(fault(1, by="learner"), fault(1.5)) == [(1, "node-1", "fault kill")]


def test_it_is_bounded():
    node = part(0, "node-1", "up")
    states = [part(2 + number, "node-1", "down" if number % 2 else "up") for number in range(3 * KEPT)]
    assert len(told(node, fault(1), *states)) == KEPT


def test_the_reason_of_a_close_is_told_with_it():
    ann = tape.Part(t=0, id="ann", role="client", state="up")
    reason = tape.Note(t=2.2, text="ann: the server restarts")
    closed = (2.2, "ann", "sees 1012: the server restarts")
    assert told(ann, fault(2), metric(2.2, CODE, 1012), reason)[1:] == [closed]
    other = tape.Note(t=2.3, text="ann: 1 to 3 of /topic/news are gone")
    again = metric(2.3, SESSIONS, 2)
    assert told(ann, fault(2), metric(2.2, CODE, 1012), reason, again, other)[1:] == [
        closed, (2.3, "ann", AGAIN), (2.3, "ann", "1 to 3 of /topic/news are gone"),
    ]  # fmt: skip
