"""The log of reviews and mock interviews, on the progress file. It is only ever added to (undo apart): what is known,
forgotten or due is worked out from it, in schedule.py, so that nothing on disk can contradict anything else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from tutor.study.store import Store

Mode = Literal["drill", "rapid", "choices", "bytes", "mock"]
Rating = Literal[1, 2, 3, 4]
Confidence = Literal[1, 2, 3]

AGAIN: Rating = 1
HARD: Rating = 2
GOOD: Rating = 3
EASY: Rating = 4
RATINGS: dict[Rating, str] = {AGAIN: "again", HARD: "hard", GOOD: "good", EASY: "easy"}
CONFIDENCES: dict[Confidence, str] = {1: "a guess", 2: "fairly sure", 3: "certain"}


@dataclass(frozen=True, slots=True)
class Review:
    """One graded answer.

    `card` is the id of a question or fact, or the kind of a byte drill. `seconds` is how long the answer took.
    `missed` holds the key points that were not said, or the mistake that was made.
    """

    id: str
    card: str
    at: datetime
    mode: Mode
    rating: Rating
    confidence: Confidence | None = None
    seconds: float = 0.0
    missed: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether it was known, if with an effort."""
        return self.rating > AGAIN


def review(  # noqa: PLR0917 - the fields of a Review, in its order
    card: str,
    at: datetime,
    mode: Mode,
    rating: Rating,
    confidence: Confidence | None = None,
    seconds: float = 0.0,
    missed: Sequence[str] = (),
) -> Review:
    """A review with an id of its own; `at` is any aware time, kept in UTC to the millisecond as the file does."""
    spent = round(max(0.0, seconds), 3)
    return Review(uuid.uuid4().hex, card, whole_milliseconds(at), mode, rating, confidence, spent, tuple(missed))


@dataclass(frozen=True, slots=True)
class MockAnswer:
    """What a mock interview keeps of one answer beyond its review: the notes and the follow-ups that were asked."""

    question: str
    notes: str = ""
    follow_ups: tuple[str, ...] = ()
    got: int = 0
    """Weight of the key points that were said"""
    of: int = 0
    """Weight of all its key points"""


@dataclass(frozen=True, slots=True)
class Mock:
    """A mock interview: planned for `minutes`, with the ids of its `questions` in the order in which they came."""

    id: str
    at: datetime
    minutes: int
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptMock:
    """A mock interview as it is on file: its answers, each with its review, in the order of time."""

    mock: Mock
    answers: tuple[tuple[Review, MockAnswer], ...]


class Log(Protocol):
    """Where a session puts what it learns; it may write later, as long as it keeps the order."""

    def add(self, review: Review) -> object:
        """Keep a review."""

    def remove(self, review: Review) -> object:
        """Take a review back, with the answer of an interview that it is of."""

    def begin_mock(self, mock: Mock) -> object:
        """Keep the plan of a mock interview."""

    def add_mock_answer(self, mock: Mock, review: Review, answer: MockAnswer) -> object:
        """Keep an answer of a mock interview and its review."""


class Reviews:
    """The log on disk; each method is one transaction and true where it was saved. Any thread may use it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Review]:
        """Every review, the oldest first."""
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM review ORDER BY at, rowid")
        return [_review(row) for row in rows]

    def mocks(self) -> list[KeptMock]:
        """Every mock interview, the newest first."""
        answers: dict[str, list[tuple[Review, MockAnswer]]] = {}
        query = f"SELECT {_COLUMNS}, mock, answer FROM mock_answer JOIN review ON review = id ORDER BY at, review.rowid"
        for *row, mock, answer in self._store.rows(query):
            answers.setdefault(mock, []).append((_review(row), _answer(answer)))
        rows = self._store.rows("SELECT id, at, interview FROM mock ORDER BY at DESC, rowid DESC")
        return [KeptMock(_mock(*row), tuple(answers.get(row[0], ()))) for row in rows]

    def add(self, review: Review) -> bool:
        """Keep a review."""
        return self._store.transact([insert_review(review)])

    def remove(self, review: Review) -> bool:
        """Take a review back, with the answer of an interview that it is of."""
        return self._store.transact([("DELETE FROM review WHERE id = ?", (review.id,))])

    def begin_mock(self, mock: Mock) -> bool:
        """Keep the plan of a mock interview."""
        return self._store.transact([insert_mock(mock)])

    def add_mock_answer(self, mock: Mock, review: Review, answer: MockAnswer) -> bool:
        """Keep an answer of a mock interview and its review, both or neither."""
        return self._store.transact([insert_mock(mock), insert_review(review), insert_answer(mock, review, answer)])


Statement = tuple[str, Sequence[Any]]
_COLUMNS = "id, card, at, mode, rating, confidence, seconds, missed"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def insert_review(review: Review) -> Statement:
    """The statement that keeps a review; one that is there already stays as it is."""
    values = (
        review.id, review.card, _milliseconds(review.at), review.mode, review.rating, review.confidence,
        review.seconds, json.dumps(review.missed, ensure_ascii=False),
    )  # fmt: skip
    return f"INSERT OR IGNORE INTO review ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values


def insert_mock(mock: Mock) -> Statement:
    """The statement that keeps the plan of a mock interview; one that is there already stays as it is."""
    plan = json.dumps({"minutes": mock.minutes, "questions": mock.questions})
    return "INSERT OR IGNORE INTO mock VALUES (?, ?, ?)", (mock.id, _milliseconds(mock.at), plan)


def insert_answer(mock: Mock, review: Review, answer: MockAnswer) -> Statement:
    """The statement that keeps an answer; its mock interview and its review have to be there."""
    text = json.dumps(asdict(answer), ensure_ascii=False)
    return "INSERT OR IGNORE INTO mock_answer VALUES (?, ?, ?)", (review.id, mock.id, text)


def whole_milliseconds(at: datetime) -> datetime:
    """`at` in UTC as the file keeps it."""
    return _when(_milliseconds(at))


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _when(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND


def _review(row: Sequence[Any]) -> Review:
    key, card, at, mode, rating, confidence, seconds, missed = row
    return Review(key, card, _when(at), mode, rating, confidence, seconds, tuple(json.loads(missed)))


def _mock(key: str, at: int, interview: str) -> Mock:
    plan = json.loads(interview)
    return Mock(key, _when(at), plan["minutes"], tuple(plan["questions"]))


def _answer(text: str) -> MockAnswer:
    known = json.loads(text)
    return MockAnswer(**{**known, "follow_ups": tuple(known["follow_ups"])})
