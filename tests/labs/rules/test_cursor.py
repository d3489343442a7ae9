"""A cursor says where to resume, and what is a repeat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.rules.cursor import Cursor, Seen, read_gap
from labs.rules.replay import Gap


@given(st.integers(0, 20), st.lists(st.integers(1, 40), max_size=60))
def test_everything_is_new_once_and_holes_are_told(start, numbers):
    cursor, highest = Cursor(start), start
    for number in numbers:
        seen = cursor.take(number, "", 0.0)
        if number <= highest:
            assert seen is Seen.REPEAT
        else:
            assert seen is (Seen.NEW if number == highest + 1 else Seen.HOLE)
            highest = number
        assert cursor.last_seen == highest


def test_who_begins_now_takes_what_comes_first():
    cursor = Cursor()
    assert cursor.take(7, "", 0.0) is Seen.NEW
    assert cursor.take(7, "", 0.0) is Seen.REPEAT
    assert cursor.last_seen == 7


def test_a_gap_that_is_told_is_no_hole():
    cursor = Cursor(2)
    cursor.skip(Gap(3, 8))
    assert cursor.take(9, "", 0.0) is Seen.NEW


def test_another_history_begins_anew():
    cursor = Cursor(99)
    cursor.skip(Gap(100, 3))
    assert [cursor.take(number, "", 0.0) for number in (1, 2, 3)] == [Seen.NEW] * 3


def test_without_numbers_ids_tell_a_repeat():
    cursor = Cursor()
    assert [cursor.take(None, id, 0.0) for id in ("a", "b", "a")] == [Seen.NEW, Seen.NEW, Seen.REPEAT]
    assert cursor.last_seen is None
    assert cursor.take(None, "a", 1000.0) is Seen.NEW


@pytest.mark.parametrize(
    ("header", "gap"),
    [("3-8", Gap(3, 8)), ("100-3", Gap(100, 3)), (None, None), ("", None), ("3", None), ("-3-8", None), ("a-b", None)],
)
def test_the_header(header, gap):
    assert read_gap(header) == gap
