"""Rates, counts and backlogs, against the plainest definition of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.rules.limits import Backlog, Slow, Tally, TokenBucket


def test_a_burst_then_the_rate():
    bucket = TokenBucket(10.0, 3, now=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.25) for _ in range(3)] == [True, True, False]
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False], "no more than the burst is saved up"


@given(st.lists(st.floats(0, 0.5), max_size=60))
def test_never_more_than_burst_and_rate_allow(pauses: list[float]):
    bucket, now, taken = TokenBucket(4.0, 5, now=0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now)
        assert taken <= 5 + 4.0 * now + 1e-6


def test_a_tally_counts_up_to_its_limit_by_key():
    tally = Tally(2)
    assert [tally.enter(key) for key in "aaab"] == [True, True, False, True]
    tally.leave("a")
    assert tally.enter("a")
    for key in "aaabb":
        tally.leave(key)
    assert not tally._counts


entries = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([None, "a", "b"])), max_size=40)


@given(entries, st.sampled_from(["coalesce", "drop-oldest", "disconnect"]))
def test_a_backlog_is_bounded_ordered_and_keeps_what_it_must(items: list[tuple[int, str | None]], policy: Slow):
    backlog: Backlog[int] = Backlog(100, policy)
    kept = []
    for number, (size, topic) in enumerate(items):
        if not backlog.add(number, size, topic):
            return  # the consumer has to go
        kept.append(number)
        assert backlog.size <= 100
    assert backlog.size == sum(entry[1] for entry in backlog._entries.values())
    left = list(backlog.drain())
    assert left == sorted(left)
    assert len(left) + backlog.dropped == len(kept)
    assert {number for number in kept if items[number][1] is None} <= set(left)
    if policy == "coalesce":
        latest = {topic: number for number, (_, topic) in enumerate(items) if topic}
        assert [number for number in left if items[number][1]] == sorted(latest.values())
    if policy == "disconnect":
        assert left == kept
    assert (len(backlog), backlog.size) == (0, 0)


def test_the_oldest_go_first():
    backlog: Backlog[str] = Backlog(3, "drop-oldest")
    for each in "abcde":
        assert backlog.add(each, 1, "t")
    assert "".join(backlog.drain()) == "cde"


@pytest.mark.parametrize("policy", ["coalesce", "drop-oldest", "disconnect"])
def test_what_does_not_fit_at_all_ends_it(policy: Slow):
    backlog: Backlog[str] = Backlog(3, policy)
    assert not backlog.add("x", 4, None)
