"""Rapid-fire: closed facts, typed and compared exactly, against a clock that can be switched off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tutor.study.grading import accepts
from tutor.study.model import Fact
from tutor.study.quiz import OutOfTurn
from tutor.study.reviews import AGAIN, GOOD, HARD, Log, review

COMES_BACK_AFTER = 3
"""How many others come between a wrong answer and its return"""
CLOCK_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Judged:
    """How a typed answer was taken: `right` by its spelling alone, `late` where the clock had run out."""

    fact: Fact
    typed: str
    right: bool
    late: bool
    comes_back: bool


class RapidSession:
    """Rapid-fire: `answer` what is typed, read the why, `proceed`. What was wrong comes back in the same round.

    The first answer of the round counts for the memory (late but right is hard); the later ones are practice, given
    a minute after the right answer was on the screen. The clock is off where `seconds` is None.
    """

    def __init__(self, facts: Sequence[Fact], log: Log, now: datetime, seconds: float | None = CLOCK_SECONDS) -> None:
        self._queue = list(facts)
        self._log = log
        self._counted: set[str] = set()
        self._asked = now
        self.seconds = seconds
        self.total = len(self._queue)
        self.judged: Judged | None = None
        """How the answer at hand was taken; None while it is awaited"""
        self.right = 0
        """How many were right at their first asking"""
        self.wrong: list[Fact] = []
        """Those that were not"""

    @property
    def current(self) -> Fact | None:
        """What is asked, or was just answered; None when the round is over."""
        return self._queue[0] if self._queue else None

    @property
    def done(self) -> bool:
        """Whether all were answered right in the end."""
        return not self._queue

    @property
    def left(self) -> int:
        """How many are still to come, the one at hand included."""
        return len(self._queue)

    def seconds_left(self, now: datetime) -> float | None:
        """What the clock shows; None where it is off. It stands while the why is read."""
        if self.seconds is None or self.judged is not None:
            return None
        return max(0.0, self.seconds - (now - self._asked).total_seconds())

    def answer(self, typed: str, now: datetime) -> Judged:
        """Judge what was typed; nothing typed means not known."""
        fact = self.current
        if fact is None or self.judged is not None:
            raise OutOfTurn("no answer is awaited")
        spent = (now - self._asked).total_seconds()
        late = self.seconds is not None and spent > self.seconds
        right = accepts(fact.answers, typed)
        if fact.id not in self._counted:
            self._counted.add(fact.id)
            rating = AGAIN if not right else HARD if late else GOOD
            self._log.add(review(fact.id, now, "rapid", rating, None, spent))
            self.right += right
            if not right:
                self.wrong.append(fact)
        self.judged = Judged(fact, typed, right, late, comes_back=not right)
        return self.judged

    def proceed(self, now: datetime) -> Fact | None:
        """On to the next one, which is returned."""
        if self.judged is None:
            raise OutOfTurn("the answer is awaited first")
        fact = self._queue.pop(0)
        if self.judged.comes_back:
            self._queue.insert(min(COMES_BACK_AFTER, len(self._queue)), fact)
        self.judged = None
        self._asked = now
        return self.current
