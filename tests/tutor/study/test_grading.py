"""Closed answers are compared exactly once their spelling is folded, and ticks suggest a rating."""

import pytest

from tutor.study import bank, grading
from tutor.study.model import KeyPoint


@pytest.mark.parametrize(
    ("answer", "typed"),
    [
        ("1000", "1,000"),
        ("1,000", "1000"),
        ("1000", " 1 000 "),
        ("65536", "65_536"),
        ("60 s", "60s"),
        ("60 s", "60  S."),
        ("Sec-WebSocket-Key", "sec websocket key"),
        ("SHA-1", "sha1"),
        ("STOMP 1.2", "stomp1.2"),
        ("1.5", "1.50"),
        ("0.5", ".5"),
        ("0x0A", "0xa"),
        ("4000-4999", "4000–4999"),
        ("2^16", "2¹⁶"),
        ("RFC 6455", "RFC6455"),
        ("-1", "−1"),
        (":", ":"),
        ("10000,20000", "10000, 20000"),
    ],
)
def test_spellings_that_say_the_same(answer: str, typed: str):
    assert grading.accepts([answer], typed)


@pytest.mark.parametrize(
    ("answer", "typed"),
    [
        ("1000", "1001"),
        ("1000", "100"),
        ("1.5", "15"),
        ("-1", "1"),
        ("2^16", "216"),
        ("125, 126", "125126"),
        ("4000-4999", "40004999"),
        ("masking key", "maskingkeys"),
        ("< 125", "> 125"),
        ("50%", "50"),
        ("0xA", "10"),
        ("101", ""),
        ("101", "   "),
        (":", ";"),
        ("a", "..."),
    ],
)
def test_nothing_fuzzier(answer: str, typed: str):
    assert not grading.accepts([answer], typed)


def test_every_accepted_spelling_of_the_bank_is_accepted_and_a_long_one_is_cut():
    for fact in bank.load().facts:
        assert all(grading.accepts(fact.answers, each) for each in fact.answers)
        assert not grading.accepts(fact.answers, "something else entirely")
    assert not grading.accepts(["x"], "y" * 1_000_000)


POINTS = (KeyPoint("a", 3, True), KeyPoint("b", 2), KeyPoint("c", 1), KeyPoint("d", 1))


@pytest.mark.parametrize(
    ("ticked", "rating"),
    [({0, 1, 2, 3}, 3), ({0, 1, 2}, 3), ({0, 2}, 2), ({0}, 1), ({1, 2, 3}, 1), (set(), 1)],
)
def test_ticks_suggest_a_rating_and_a_missed_critical_point_is_a_miss(ticked: set[int], rating: int):
    assert grading.suggest(POINTS, ticked) == rating


def test_matched_words_are_shown_and_never_scored():
    said = "the masking key is random"
    assert grading.matched_words([KeyPoint("A random key"), KeyPoint("Other")], said) == (("random",), ())
