"""Which card to take next: the recall that each policy reaches on the day of the interview, with a simulated learner.

The engine's policy (tutor.study.schedule.Memory.ranked) is the one that wins here. The learner knows a card as often
as FSRS predicts, and two thirds of those never seen. Run it with `python -m tests.bench.policy`.

FSRS' own learning steps (1 and 10 minutes) are tried too: with them, what is due crowds out what is new.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from statistics import fmean

from fsrs import Scheduler

from tutor.study import schedule
from tutor.study.reviews import AGAIN, GOOD, review
from tutor.study.schedule import INTERVIEW_HOUR, Goal, Memory

START = datetime(2026, 1, 1, INTERVIEW_HOUR, tzinfo=UTC)
SEEDS = 8
NEW_RIGHT = 2 / 3
CASES = ((44, 7, 10), (60, 3, 10), (60, 30, 10), (145, 14, 30))
"""Cards, days, reviews a day"""

Policy = Callable[[Memory, Sequence[str], datetime], list[str]]


def _due(memory: Memory, cards: Sequence[str], now: datetime) -> list[str]:
    seen = [(due, card) for card in cards if (due := memory.due(card)) is not None and due <= now]
    return [card for _, card in sorted(seen)]


def _unseen(memory: Memory, cards: Sequence[str]) -> list[str]:
    return [card for card in cards if not memory.seen(card)]


def review_first(memory: Memory, cards: Sequence[str], now: datetime) -> list[str]:
    """What is due, then what is new: how flash card programs do it."""
    return _due(memory, cards, now) + _unseen(memory, cards)


def unseen_first(memory: Memory, cards: Sequence[str], now: datetime) -> list[str]:
    """What is new, then what is due."""
    return _unseen(memory, cards) + _due(memory, cards, now)


def lowest_recall(memory: Memory, cards: Sequence[str], now: datetime) -> list[str]:
    """What is new, then what will be known the least on the day."""
    day = memory.goal.moment(now)
    rest = [card for card in cards if memory.seen(card)]
    return _unseen(memory, cards) + sorted(rest, key=lambda card: memory.recall(card, day))


def largest_gain(memory: Memory, cards: Sequence[str], now: datetime) -> list[str]:
    """The engine's own."""
    return memory.ranked(cards, now)


POLICIES: tuple[Policy, ...] = (review_first, unseen_first, lowest_recall, largest_gain)


def simulate(policy: Policy, count: int, days: int, a_day: int, seed: int) -> float:
    """The mean recall of all cards on the day."""
    rng = random.Random(seed)
    cards = [f"card-{number}" for number in range(count)]
    memory = Memory(goal=Goal((START + timedelta(days=days)).date()))
    for day in range(days):
        for minute in range(a_day):
            now = START + timedelta(days=day, minutes=2 * minute)
            order = policy(memory, cards, now)
            if order:
                known = memory.recall(order[0], now) if memory.seen(order[0]) else NEW_RIGHT
                memory.add(review(order[0], now, "drill", GOOD if rng.random() < known else AGAIN))
    moment = START + timedelta(days=days)
    return fmean(memory.recall(card, moment) for card in cards)


@contextmanager
def learning_steps() -> Iterator[None]:
    """Within it FSRS has the learning steps that it comes with, which the engine leaves out."""
    ours = schedule._scheduler
    schedule._scheduler = lru_cache(lambda longest: Scheduler(maximum_interval=longest, enable_fuzzing=False))
    try:
        yield
    finally:
        schedule._scheduler = ours


def mean_recall(policy: Policy, count: int, days: int, a_day: int) -> float:
    """What the policy reaches, the mean over SEEDS learners; over two where there is much to compute."""
    return fmean(simulate(policy, count, days, a_day, seed) for seed in range(SEEDS if count * days < 1000 else 2))


def main() -> None:
    """Print the recall that each policy reaches."""
    for case in CASES:
        print("{} cards, {} days, {} reviews a day:".format(*case))
        for policy in POLICIES:
            print(f"  {policy.__name__:<32}{mean_recall(policy, *case):.2f}")
    print("the first case, with learning steps:")
    with learning_steps():
        for policy in (review_first, unseen_first):
            reached = mean_recall(policy, *CASES[0])
            print(f"  {policy.__name__:<32}{reached:.2f}")


if __name__ == "__main__":
    main()
