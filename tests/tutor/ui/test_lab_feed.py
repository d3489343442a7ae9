"""Lines wait, and are read a few at a time."""

from __future__ import annotations

from itertools import count

import pytest

from labs import tape
from tests.tutor.ui.lab_tape import flood, opening
from tutor.ui import lab_feed
from tutor.ui.lab_feed import Feed
from tutor.ui.lab_model import LabModel


def lines(events: list[tape.Event]) -> list[str]:
    return [tape.to_line(event) for event in events]


def test_a_flood_is_read_in_portions() -> None:
    ticks = count()
    feed = Feed(LabModel(), clock=lambda: next(ticks))
    feed.put(lines([*opening(), *flood(100)]))
    rows = feed.drain(20)
    assert feed.waiting == 106 - 19  # the clock is read once before
    while feed.waiting:
        rows += feed.drain(20)
    assert [row.number for row in rows] == list(range(1, 103))


def test_what_is_no_tape_is_told_and_does_not_stop_the_rest() -> None:
    model = LabModel()
    feed = Feed(model)
    feed.put(["", "{", '{"t": 1}', *lines(opening())])
    feed.drain(60)
    told = [event.text for event in model.story if isinstance(event, tape.Failure)]
    assert len(told) == 3
    assert all("a line of the lab's output" in text for text in told)
    assert len(model.rows) == 2


def test_more_than_is_kept_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_feed, "MAX_TAPE", 500)
    feed = Feed(LabModel())
    feed.put(["x" * 300])
    assert not feed.full
    feed.put(["x" * 300, "x"])
    assert feed.full
    assert feed.waiting == 1
