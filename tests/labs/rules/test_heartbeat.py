"""Heart-beats: what two sides agree on, and when something is due."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from labs.rules.heartbeat import HeartBeats, agree, parse_heart_beat


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("0,0", (0, 0)),
        ("1000,20", (1000, 20)),
        ("0", None),
        ("a,b", None),
        ("1,2,3", None),
        (" 1,2", None),
        ("-1,2", None),
    ],
)
def test_the_header(value: str, numbers: tuple[int, int] | None):
    assert parse_heart_beat(value) == numbers


@pytest.mark.parametrize(("offered", "wanted", "agreed"), [(0, 5, 0), (5, 0, 0), (0, 0, 0), (3, 5, 5), (5, 3, 5)])
def test_each_direction_is_the_larger_of_the_two_or_none(offered: int, wanted: int, agreed: int):
    assert agree(offered, wanted) == agreed


def test_a_beat_is_sent_within_every_interval():
    beats = HeartBeats(1000, 0, 2.0, now=10.0)
    now, sent = 10.0, [10.0]
    while now < 20:
        now = beats.deadline
        assert beats.due(now)
        assert not beats.due(now)
        sent.append(now)
    assert all(0.5 < after - before <= 1 for before, after in pairwise(sent))
    assert beats.silent_at == math.inf


def test_a_peer_is_dead_after_its_interval_times_the_tolerance():
    beats = HeartBeats(0, 1000, 2.5, now=10.0)
    assert beats.deadline == 12.5
    beats.heard_at = 12.0
    assert beats.silent_at == 14.5
    assert not beats.due(1000.0), "it was not asked for any"


def test_none_is_no_deadline():
    assert HeartBeats(0, 0, 2.0, now=10.0).deadline == math.inf
