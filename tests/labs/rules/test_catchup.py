"""History and live stream, however they overlap, come out once and in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labs.rules.catchup import CatchUp
from labs.rules.cursor import Cursor


@given(st.integers(0, 10), st.integers(0, 20), st.integers(0, 20), st.integers(0, 10))
def test_subscribed_before_the_history_was_read_nothing_is_missing_or_twice(seen, missed, overlap, later):
    """`overlap` items are published between the SUBSCRIBE and the reading of the history: they come both ways."""
    catch_up: CatchUp[int] = CatchUp(Cursor(seen))
    read_at, end = seen + missed + overlap, seen + missed + overlap + later
    live = range(seen + missed + 1, end + 1)
    out = []
    for number in live[:overlap]:
        out += catch_up.live(number, number)
    for number in range(seen + 1, read_at + 1):
        out += catch_up.history(number, number)
    out += catch_up.complete()
    for number in live[overlap:]:
        out += catch_up.live(number, number)
    assert out == list(range(seen + 1, end + 1))
    assert catch_up.repeats == overlap


def test_nothing_live_is_handed_on_before_the_history():
    catch_up: CatchUp[str] = CatchUp(Cursor(0))
    assert catch_up.live(3, "c") == []
    assert catch_up.history(1, "a") == ["a"]
    assert catch_up.history(2, "b") == ["b"]
    assert catch_up.complete() == ["c"]
    assert catch_up.live(4, "d") == ["d"]
