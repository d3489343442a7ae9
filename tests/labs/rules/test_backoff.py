"""When a client comes back: by close code, within bounds, spread, and from the beginning after a stable connection."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.rules.backoff import LONGEST_TOLD, Backoff, Next, Outlook, Policy, after_close, after_refusal

policies = st.builds(Policy, st.floats(0.001, 10), st.floats(0.001, 100), st.floats(0.1, 60))
draws = st.floats(0, 1, exclude_max=True)


@given(policies, st.lists(draws, min_size=1, max_size=80), st.floats(0, 100))
def test_every_delay_is_between_what_the_server_asked_and_its_bound_above(policy, drawn, at_least):
    row = iter(drawn)
    backoff = Backoff(policy, lambda: next(row))
    for attempt, draw in enumerate(drawn):
        wait = backoff.wait(0.0, at_least)
        bound = min(policy.cap, policy.base * 2**attempt)
        assert (wait.attempt, wait.at_least, wait.bound) == (attempt, at_least, bound)
        assert at_least <= wait.seconds <= at_least + bound
        assert wait.seconds == pytest.approx(at_least + draw * bound)


@given(policies, st.integers(0, 5000))
def test_the_bound_doubles_up_to_its_cap(policy, attempt):
    assert policy.bound(attempt) <= policy.bound(attempt + 1) <= policy.cap
    assert policy.bound(attempt + 1) == min(policy.cap, 2 * policy.bound(attempt))


@given(policies, st.integers(0, 10), st.floats(0, 120))
def test_only_a_connection_that_held_ends_the_row(policy, failed, held):
    backoff = Backoff(policy, lambda: 0.5)
    for _ in range(failed):
        backoff.wait(0.0)
    backoff.opened(1000.0)
    backoff.wait(1000.0 + held)
    if abs(held - policy.stable) > 1e-6:
        assert backoff.attempt == (1 if held > policy.stable else failed + 1)


def test_a_connection_counts_once():
    backoff = Backoff(Policy(stable=1.0), lambda: 0.5)
    backoff.opened(0.0)
    backoff.wait(2.0)
    backoff.wait(4.0)
    assert backoff.attempt == 2, "the second attempt has failed, though much time has passed since the connection"


def test_full_jitter_fills_the_whole_range():
    """In 1,000 draws every tenth of the range is met about 100 times: fewer than 50 has a chance below 1e-8."""
    backoff = Backoff(Policy(base=8.0, cap=8.0), random.Random(7).random)
    tenths = [0] * 10
    for _ in range(1000):
        tenths[int(backoff.wait(0.0).seconds / 0.8)] += 1
    assert min(tenths) >= 50


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012, 1013, 1014, 3008, 4000])
def test_what_passes_is_tried_again(code):
    assert after_close(code) == Outlook(Next.RETRY)


@pytest.mark.parametrize("code", [1008, 4401, 3000])
def test_who_was_not_let_in_does_not_come_blindly(code):
    assert after_close(code, "come back after 1 s") == Outlook(Next.CREDENTIALS)


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1005, 1007, 1009, 1010, 1015])
def test_what_is_deliberate_or_would_come_again_is_not_tried(code):
    assert after_close(code).next is Next.STOP


def test_the_servers_delay_is_read_from_its_reason():
    assert after_close(1012, "the server restarts; come back after 2.5 s").at_least == 2.5
    assert after_close(1013, "Try again after 30s").at_least == 30.0
    assert after_close(1012, "come back after 999999999 s").at_least == LONGEST_TOLD
    assert after_close(1012, "come back after dinner").at_least == 0.0


@given(st.integers(0, 5000), st.text(max_size=123))
def test_any_close_has_an_outlook(code, reason):
    outlook = after_close(code, reason)
    assert 0.0 <= outlook.at_least <= LONGEST_TOLD
    assert outlook.at_least == 0.0 or outlook.next is Next.RETRY


@pytest.mark.parametrize(
    ("status", "retry_after", "outlook"),
    [
        (503, None, Outlook(Next.RETRY)),
        (503, "2", Outlook(Next.RETRY, 2.0)),
        (429, " 7 ", Outlook(Next.RETRY, 7.0)),
        (503, "Fri, 31 Dec 1999 23:59:59 GMT", Outlook(Next.RETRY)),
        (503, "-1", Outlook(Next.RETRY)),
        (503, "²", Outlook(Next.RETRY)),
        (503, "999999999", Outlook(Next.RETRY, LONGEST_TOLD)),
        (401, "2", Outlook(Next.CREDENTIALS)),
        (403, None, Outlook(Next.CREDENTIALS)),
        (404, "2", Outlook(Next.STOP)),
        (426, None, Outlook(Next.STOP)),
        (301, None, Outlook(Next.STOP)),
        (200, None, Outlook(Next.STOP)),
    ],
)
def test_a_refused_upgrade(status, retry_after, outlook):
    assert after_refusal(status, retry_after) == outlook
