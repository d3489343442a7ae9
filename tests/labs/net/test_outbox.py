"""What waits to be said to the store: merged, in order, failing in time, void after a new beginning."""

from __future__ import annotations

from labs.broker.demands import Enter, Failed, Heard, Join, Leave, Listen, Mark, Part, Post, Submit
from labs.net.outbox import BATCH, Outbox

PART = Part((Post("topic", "/topic/a", (), b"x", "n-1", 1.0),))


def sent(outbox: Outbox) -> list[list[object]]:
    outbox.take()
    return [list(outbox.arguments(step)) for step in outbox.sent]


async def test_acknowledgements_in_a_row_are_one_step_and_numbers_rise() -> None:
    outbox = Outbox("n", 5.0)
    for number in range(3):
        outbox.demand(Submit(settled=(Mark(1, "/queue/a", number),)), 0.0)
    outbox.demand(Submit(7, groups=((PART,),)), 0.0)
    outbox.demand(Submit(settled=(Mark(1, "/queue/a", 3),)), 0.0)
    assert [step.number for step in sent_steps(outbox)] == [1, 2, 3]
    assert [len(step.demand.settled) for step in outbox.sent] == [3, 0, 1]  # type: ignore[union-attr]
    many = Outbox("n", 5.0)
    for number in range(2 * BATCH):
        many.demand(Submit(settled=(Mark(1, "/queue/a", number),)), 0.0)
    assert [len(step.demand.settled) for step in sent_steps(many)] == [BATCH, BATCH]  # type: ignore[union-attr]


def sent_steps(outbox: Outbox) -> list[object]:
    outbox.take()
    return list(outbox.sent)


async def test_what_was_not_answered_is_sent_again_as_the_same_step() -> None:
    outbox = Outbox("n", 5.0)
    outbox.demand(Submit(1, groups=((PART,),)), 0.0)
    first, second = sent(outbox), sent(outbox)
    assert first == second
    assert outbox.replied(outbox.sent.pop(0), [1]).count == 1  # type: ignore[union-attr]
    assert not outbox.take()


async def test_an_answer_with_a_place_is_told_there_and_only_of_the_last_attempt() -> None:
    outbox = Outbox("n", 5.0)
    outbox.demand(Listen(4, "/topic/a"), 0.0)
    sent(outbox)
    early = outbox.place(4, 1)
    sent(outbox)
    assert early is not None
    assert await early.answer is None
    assert outbox.place(4, 1) is None
    assert outbox.replied(outbox.sent.pop(0), [9, 10]) is None
    place = outbox.place(4, 2)
    assert place is not None
    assert await place.answer == Heard(9, 10, [])
    assert [outbox.tell(place), outbox.tell(place)] == [True, False]


async def test_who_waits_is_told_in_time_and_it_is_not_sent_again() -> None:
    outbox = Outbox("n", 5.0)
    outbox.demand(Submit(1, groups=((PART,),)), 0.0)
    outbox.demand(Enter("s", "u", "a"), 0.0)
    outbox.demand(Listen(2, "/topic/a"), 3.0)
    sent(outbox)
    assert [step.awaited for step in outbox.late(6.0)] == [1]
    assert outbox.late(6.0) == []
    assert [arguments[0] for arguments in sent(outbox)] == ["enter", "listen"]
    late = outbox.late(9.0)
    assert [step.awaited for step in late] == [2]
    assert outbox.replied(late[0], Failed("x")) is None, "told already"


async def test_a_new_beginning_keeps_what_is_waited_for_and_what_publishes() -> None:
    outbox = Outbox("n", 5.0)
    mark = Mark(1, "/queue/a", 5)
    outbox.demand(Submit(1, (mark,), (mark,), ((PART,),)), 0.0)
    outbox.demand(Listen(2, "/topic/a"), 0.0)
    outbox.demand(Leave((1,), (mark,)), 0.0)
    sent(outbox)
    for step in outbox.sent[1:2]:
        outbox.replied(step, [1, 2])  # answered, but its place will never come
        outbox.sent.remove(step)
    outbox.demand(Submit(settled=(mark,)), 0.0)
    outbox.demand(Submit(groups=((PART,),)), 0.0)
    outbox.demand(Join(3, 1, ("/queue/a",)), 0.0)
    outbox.say("renew")
    outbox.begin_anew()
    assert [step.number for step in sent_steps(outbox)] == [1, 2, 5, 6]
    first = outbox.sent[0].demand
    assert isinstance(first, Submit)
    assert (first.settled, first.returned, first.groups) == ((), (), ((PART,),))
