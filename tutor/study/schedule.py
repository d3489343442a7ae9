"""What is known and for how long (FSRS), worked out from the log of reviews, and which card to take next so that the
most is known on the day of the interview. What a day's plan is made of is in plan.py.

`fsrs` is imported when the first card is judged: nothing that is painted first needs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from tutor.study.dates import parse_day
from tutor.study.reviews import AGAIN, GOOD, Mode, Rating, Review

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

DEFAULT_MINUTES = 20
DEFAULT_DAYS = 30
"""How far the plan looks ahead where no date is set"""
INTERVIEW_HOUR = 9
MINUTES_RANGE = (5, 480)
RECALLED: frozenset[Mode] = frozenset({"drill", "rapid", "mock"})
"""The modes in which an answer comes out of memory. To recognise one among options, or to compute, proves less."""

UNSEEN_RIGHT = 0.6
"""How likely an answer is expected to be right the first time"""
REST = timedelta(hours=8)
"""A card that was known is left alone for so long: another look on the same day adds next to nothing"""
LONGEST = 36500  # days; FSRS' own default


class GoalError(ValueError):
    """A date or a number of minutes that can't be; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Goal:
    """When the interview is (a local date, or None) and how many minutes a day there are."""

    interview: date | None = None
    minutes: int = DEFAULT_MINUTES

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Goal:
        """The goal as `to_settings` kept it; what can't be read is as if it had not been set."""
        try:
            interview = date.fromisoformat(settings.get("interview", ""))
        except ValueError:
            interview = None
        try:
            return cls(interview, parse_minutes(settings.get("minutes", "")))
        except GoalError:
            return cls(interview)

    def to_settings(self) -> dict[str, str]:
        """The goal as settings of the store."""
        interview = "" if self.interview is None else self.interview.isoformat()
        return {"interview": interview, "minutes": str(self.minutes)}

    def moment(self, now: datetime) -> datetime:
        """What the plan aims at: the morning of the interview, or DEFAULT_DAYS from now where none lies ahead."""
        if self.interview is not None and self.interview >= now.date():
            morning = datetime.combine(self.interview, time(INTERVIEW_HOUR), now.tzinfo)
            return max(morning, now)
        return now + timedelta(days=DEFAULT_DAYS)

    def days_left(self, now: datetime) -> int | None:
        """Whole days to the interview, 0 on its day; None where none lies ahead."""
        if self.interview is None or self.interview < now.date():
            return None
        return (self.interview - now.date()).days


def parse_interview(text: str, today: date) -> date | None:
    """The date that was typed, in any form of dates.py; None for nothing. Raises GoalError, also for one that has
    passed."""
    if not text.strip():
        return None
    day = parse_day(text, today)
    if day is None:
        example = today + timedelta(days=7)
        raise GoalError(f"{text[:40]!r} is no date; it takes one such as {example}, in 6 days, or {example:%A}")
    if day < today:
        raise GoalError(f"{day} has passed; it takes today or later, or nothing")
    return day


def parse_minutes(text: str) -> int:
    """The minutes a day that were typed; raises GoalError."""
    low, high = MINUTES_RANGE
    if not (text.strip().isascii() and text.strip().isdigit() and low <= int(text.strip()[:6]) <= high):
        raise GoalError(f"{text[:40]!r} does not fit; it takes whole minutes from {low} to {high}")
    return int(text.strip())


class Memory:
    """What the reviews say of each card. All times are aware; cards are known by the ids of questions and facts.

    States are worked out when they are asked for, so a thousand old reviews cost a start nothing.
    """

    def __init__(self, reviews: Iterable[Review] = (), goal: Goal | None = None) -> None:
        self.goal = goal or Goal()
        self._reviews: dict[str, list[Review]] = {}
        self._states: dict[str, Card] = {}
        for each in sorted(reviews, key=lambda review: review.at):
            self.add(each)

    def add(self, review: Review) -> None:
        """Take a review in; those of other modes than RECALLED change nothing."""
        if review.mode in RECALLED:
            self._reviews.setdefault(review.card, []).append(review)
            self._states.pop(review.card, None)

    def remove(self, review: Review) -> None:
        """Take a review back."""
        kept = [each for each in self._reviews.get(review.card, ()) if each.id != review.id]
        self._states.pop(review.card, None)
        if kept:
            self._reviews[review.card] = kept
        else:
            self._reviews.pop(review.card, None)

    def copy(self) -> Memory:
        """As it is now: one thread may count on it while another adds reviews."""
        other = Memory(goal=self.goal)
        other._reviews = {card: list(reviews) for card, reviews in self._reviews.items()}
        other._states = dict(self._states)
        return other

    def reviews(self, card: str) -> Sequence[Review]:
        """The reviews of a card that count, the oldest first."""
        return self._reviews.get(card, ())

    def seen(self, card: str) -> bool:
        """Whether the card was ever answered."""
        return card in self._reviews

    def recall(self, card: str, at: datetime) -> float:
        """How likely the card is known at that time, 0 to 1; 0 for one that was never answered."""
        return _recall(self._state(card), at) if self.seen(card) else 0.0

    def due(self, card: str) -> datetime | None:
        """When FSRS would ask again, never after the interview; None for a card that was never answered."""
        return self._state(card).due if self.seen(card) else None

    def gain(self, card: str, now: datetime) -> float:
        """By how much an answer now is expected to raise the recall on the day (see tests/bench/policy.py)."""
        day = self.goal.moment(now)
        state = self._state(card)
        known = _recall(state, now) if self.seen(card) else UNSEEN_RIGHT
        right, wrong = (_recall(_reviewed(state, rating, now, self.goal), day) for rating in (GOOD, AGAIN))
        return known * right + (1 - known) * wrong - self.recall(card, day)

    def ranked(self, cards: Iterable[str], now: datetime) -> list[str]:
        """The cards worth an answer now, the one first that raises the recall on the day the most.

        Those that were known a moment ago are left out. Equal ones stay in their order: unseen ones in the bank's.
        """
        worth = [(self.gain(card, now), card) for card in cards if not self._rests(card, now)]
        return [card for _, card in sorted(worth, key=lambda each: -each[0])]

    def _rests(self, card: str, now: datetime) -> bool:
        last = self.reviews(card)[-1:]
        return bool(last) and last[0].right and now - last[0].at < REST

    def _state(self, card: str) -> Card:
        if card not in self._states:
            state = _new_card(card)
            for review in self.reviews(card):
                state = _reviewed(state, review.rating, review.at, self.goal)
            self._states[card] = state
        return self._states[card]


def _new_card(card: str) -> Card:
    from fsrs import Card as NewCard

    number = int.from_bytes(hashlib.blake2b(card.encode(), digest_size=7).digest(), "big")
    return NewCard(card_id=number, due=datetime(1970, 1, 1, tzinfo=UTC))


def _reviewed(state: Card, rating: Rating, at: datetime, goal: Goal) -> Card:
    from fsrs import Rating as Grade

    left = goal.days_left(at)
    scheduler = _scheduler(LONGEST if left is None else max(1, left))
    return scheduler.review_card(state, Grade(rating), at.astimezone(UTC))[0]


def _recall(state: Card, at: datetime) -> float:
    return float(_scheduler(LONGEST).get_card_retrievability(state, at.astimezone(UTC)))


@lru_cache(maxsize=512)
def _scheduler(maximum_interval: int) -> Scheduler:
    """Without learning steps: within a session the session itself comes back to what was missed. Without fuzz: the log
    must always replay to the same state, and the interview, not chance, spreads the cards."""
    from fsrs import Scheduler as NewScheduler

    return NewScheduler(learning_steps=(), relearning_steps=(), maximum_interval=maximum_interval, enable_fuzzing=False)
