"""Options to pick from: the multiple choices of the bank, and the byte drills, some of which can be typed too."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from tutor.study.drills import Answer, ByteDrill, Drills, Kind
from tutor.study.drills.typed import judge
from tutor.study.model import Choice, Option, Question
from tutor.study.quiz import OutOfTurn
from tutor.study.reviews import AGAIN, GOOD, Log, Review, review

T = TypeVar("T")
QUESTIONS = 8
"""How many questions a round of choices is about; each has a few"""


@dataclass(frozen=True, slots=True)
class Picked:
    """What was picked among options: its place (-1: it was typed, and is none of them) and whether it is right;
    `mistake` names what led to a wrong one."""

    place: int
    right: bool
    right_place: int
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceCard:
    """A multiple choice of a question, its options in the order in which they are shown, each with its why."""

    question: Question
    choice: Choice
    options: tuple[Option, ...]


def draw(questions: Iterable[Question], reviews: Iterable[Review], count: int, rng: random.Random) -> list[Question]:
    """So many questions that have choices: those never asked so, then those missed last time, then the oldest."""
    last = {each.card: each for each in sorted(reviews, key=lambda each: each.at) if each.mode == "choices"}
    asked = [question for question in questions if question.choices]
    rng.shuffle(asked)

    def turn(question: Question) -> tuple[int, float]:
        before = last.get(question.id)
        return (0, 0.0) if before is None else (1 + before.right, before.at.timestamp())

    return sorted(asked, key=turn)[:count]


class ChoicesSession:
    """Multiple choice: `pick`, read the why of every option, `proceed`. `rng` shuffles the options."""

    def __init__(self, questions: Sequence[Question], log: Log, now: datetime, rng: random.Random) -> None:
        self._queue = [_shuffled(question, choice, rng) for question in questions for choice in question.choices]
        self._log = log
        self._asked = now
        self.total = len(self._queue)
        self.right = 0
        self.picked: Picked | None = None
        """What was picked; None while it is awaited"""

    @property
    def current(self) -> ChoiceCard | None:
        """The choice at hand; None when all are done."""
        return self._queue[0] if self._queue else None

    @property
    def done(self) -> bool:
        """Whether all were picked."""
        return not self._queue

    @property
    def left(self) -> int:
        """How many are still to come, the one at hand included."""
        return len(self._queue)

    def pick(self, place: int, now: datetime) -> Picked:
        """Take an option, 0 is the first one shown. Raises IndexError where there is none."""
        card = self.current
        if card is None or self.picked is not None:
            raise OutOfTurn("no choice is awaited")
        right_place = next(at for at, option in enumerate(card.options) if option.correct)
        option = _at(card.options, place)
        lacking = () if option.correct else (option.text,)
        spent = (now - self._asked).total_seconds()
        self._log.add(review(card.question.id, now, "choices", GOOD if option.correct else AGAIN, None, spent, lacking))
        self.right += option.correct
        self.picked = Picked(place, option.correct, right_place, "" if option.correct else option.why)
        return self.picked

    def proceed(self, now: datetime) -> ChoiceCard | None:
        """On to the next one, which is returned."""
        if self.picked is None:
            raise OutOfTurn("the choice is awaited first")
        self._queue.pop(0)
        self.picked = None
        self._asked = now
        return self.current


class BytesSession:
    """Byte drills without end: `pick` or `answer`, read the why, `proceed`. The learner ends it."""

    def __init__(self, drills: Drills, log: Log, now: datetime, kinds: Sequence[Kind] = ()) -> None:
        self._drills = drills
        self._log = log
        self._kinds = kinds
        self._asked = now
        self.right = 0
        self.answered = 0
        self.picked: Picked | None = None
        self.current: ByteDrill = drills.next(kinds)

    def pick(self, place: int, now: datetime) -> Picked:
        """Take an option, 0 is the first one shown. Raises IndexError where there is none."""
        return self._take(place, _at(self.current.options, place), now)

    def answer(self, typed: str, now: datetime) -> Picked:
        """Take what was typed or pasted. Raises TypedError where it can't be an answer."""
        answer = judge(self.current, typed)
        places = [place for place, option in enumerate(self.current.options) if option.text == answer.text]
        return self._take(places[0] if places else -1, answer, now)

    def _take(self, place: int, option: Answer, now: datetime) -> Picked:
        if self.picked is not None:
            raise OutOfTurn("no choice is awaited")
        spent = (now - self._asked).total_seconds()
        rating = GOOD if option.right else AGAIN
        lacking = () if option.right else (option.mistake,)
        self._log.add(review(self.current.kind, now, "bytes", rating, None, spent, lacking))
        self.answered += 1
        self.right += option.right
        self.picked = Picked(place, option.right, self.current.right_place, option.mistake)
        return self.picked

    def proceed(self, now: datetime) -> ByteDrill:
        """A new one, which is returned."""
        if self.picked is None:
            raise OutOfTurn("the choice is awaited first")
        self.picked = None
        self._asked = now
        self.current = self._drills.next(self._kinds)
        return self.current


def _shuffled(question: Question, choice: Choice, rng: random.Random) -> ChoiceCard:
    options = list(choice.options)
    rng.shuffle(options)
    return ChoiceCard(question, choice, tuple(options))


def _at(options: Sequence[T], place: int) -> T:
    if not 0 <= place < len(options):
        raise IndexError(f"there is no option {place}; there are {len(options)}")
    return options[place]
