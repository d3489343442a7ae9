"""The learner: bank, reviews in memory, goal, and the store behind them. What sessions log is counted at once and
written by `later`, so neither a slow nor a missing disk is ever waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from typing import TypeVar

from tutor.study.model import Bank, Fact, Question
from tutor.study.plan import Today, plan
from tutor.study.reviews import KeptMock, Mock, MockAnswer, Review, Reviews
from tutor.study.schedule import Goal, Memory
from tutor.study.store import LabRun, Store

E = TypeVar("E", Question, Fact)
Later = Callable[[Callable[[], object]], object]
"""Runs a write, now or later, in the order given: `executor.submit` of one thread, or `at_once`"""


def at_once(write: Callable[[], object]) -> object:
    """Write now."""
    return write()


class Learner:
    """A Log for sessions, with the memory that follows from it. Loading reads the whole file once: do it in a thread.

    Where nothing can be saved (`store.problem` says why) it goes on in memory.
    """

    def __init__(self, bank: Bank, store: Store, later: Later = at_once) -> None:
        self.bank = bank
        self.store = store
        self._kept = Reviews(store)
        self._later = later
        self.goal_is_set = "minutes" in store.settings()
        """Whether date and minutes were ever asked for"""
        self._goal = Goal.from_settings(store.settings())
        self.reviews: list[Review] = self._kept.all()
        self.mocks: list[KeptMock] = self._kept.mocks()
        """The newest first"""
        self.lab_runs: list[LabRun] = store.lab_runs(limit=-1)
        """The newest first"""
        self.memory = Memory(self.reviews, self._goal)

    @property
    def goal(self) -> Goal:
        """Interview date and minutes a day."""
        return self._goal

    def set_goal(self, goal: Goal) -> None:
        """Change date or minutes; all is planned anew from what is known."""
        self._goal = goal
        self.goal_is_set = True
        self.memory = Memory(self.reviews, goal)
        for name, value in goal.to_settings().items():
            self._later(lambda name=name, value=value: self.store.keep_setting(name, value))  # type: ignore[misc]

    def copy(self) -> Learner:
        """As it is now: a thread may count on it while more is learnt here. What is added to it is not kept."""
        other = copy(self)
        other.reviews, other.mocks, other.lab_runs = list(self.reviews), list(self.mocks), list(self.lab_runs)
        other.memory = self.memory.copy()
        other._later = lambda write: None
        return other

    def today(self, now: datetime) -> Today:
        """The plan, made from what is known now."""
        return plan(self.bank, self.memory, self.reviews, self.lab_runs, now)

    def drawn(self, entries: Sequence[E], now: datetime, seconds: float, count: int | None = None) -> list[E]:
        """Those of the entries that are worth an answer now, the most worth first: `count` of them, or as many as the
        minutes of a day hold at so many seconds each."""
        by_id = {entry.id: entry for entry in entries}
        fits = max(1, int(self.goal.minutes * 60 // seconds))
        return [by_id[key] for key in self.memory.ranked(by_id, now)][: count or fits]

    def add(self, review: Review) -> None:
        """Keep a review."""
        self._count(review)
        self._later(lambda: self._kept.add(review))

    def remove(self, review: Review) -> None:
        """Take a review back, with the answer of an interview that it is of."""
        self.reviews = [each for each in self.reviews if each.id != review.id]
        self.mocks = [
            KeptMock(kept.mock, tuple(each for each in kept.answers if each[0].id != review.id)) for kept in self.mocks
        ]
        self.memory.remove(review)
        self._later(lambda: self._kept.remove(review))

    def begin_mock(self, mock: Mock) -> None:
        """Keep the plan of a mock interview."""
        self.mocks.insert(0, KeptMock(mock, ()))
        self._later(lambda: self._kept.begin_mock(mock))

    def add_mock_answer(self, mock: Mock, review: Review, answer: MockAnswer) -> None:
        """Keep an answer of a mock interview and its review."""
        self._count(review)
        for place, kept in enumerate(self.mocks):
            if kept.mock.id == mock.id:
                self.mocks[place] = KeptMock(mock, (*kept.answers, (review, answer)))
        self._later(lambda: self._kept.add_mock_answer(mock, review, answer))

    def keep_lab_run(self, run: LabRun) -> None:
        """Remember how a lab ended."""
        self.lab_runs.insert(0, run)
        self._later(lambda: self.store.keep_lab_run(run))

    def last_mock(self, than: Mock) -> KeptMock | None:
        """The interview before that one, to compare with."""
        return next((kept for kept in self.mocks if kept.mock.at < than.at and kept.answers), None)

    def _count(self, review: Review) -> None:
        self.reviews.append(review)
        self.memory.add(review)
