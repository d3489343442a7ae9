"""The figures of progress, each with what it counts, so that it can be opened. No judgement beyond the reviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from labs import catalog
from tutor.study.drills import KINDS
from tutor.study.learner import Learner
from tutor.study.model import Fact, Question
from tutor.study.reviews import CONFIDENCES, Confidence, KeptMock, Review

WEAKEST = 10
HEAT_DAYS = 84


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a section was answered at least once; the ids that were, and that were not."""

    section: str
    answered: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What came of answers of one confidence: `right` of `of`; the ids of the cards that were missed, latest first."""

    confidence: Confidence
    name: str
    right: int
    of: int
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weak:
    """A card that was answered, its expected recall on the day, its misses, and the points missed last time."""

    card: str
    ask: str
    recall: float
    misses: int
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ByteKind:
    """Byte drills of one kind: `right` of `of`, and how often each mistake was made."""

    kind: str
    right: int
    of: int
    mistakes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was predicted in a lab before it was measured, and what was."""

    lab: str
    at: datetime
    id: str
    ask: str
    unit: str
    predicted: str | int | float | None
    measured: str | int | float | None
    same: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a lab: when it began, and how many of its verdicts held."""

    at: datetime
    held: int
    of: int


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab of the catalogue and its runs, the latest first."""

    lab: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Interview:
    """A mock interview: when, for how many minutes it was planned, and `right` of `of` answers."""

    id: str
    at: datetime
    minutes: int
    right: int
    of: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures as of a moment. `forecast` is the expected recall day by day if nothing more is done, ending on the
    day of the interview; `heat` the answers of each day that had any, by local date; `mocks` has the latest first."""

    at: datetime
    interview: date | None
    recall: float
    coverage: tuple[Coverage, ...]
    forecast: tuple[tuple[date, float], ...]
    calibration: tuple[Calibration, ...]
    heat: tuple[tuple[date, int], ...]
    weakest: tuple[Weak, ...]
    bytes: tuple[ByteKind, ...]
    labs: tuple[Lab, ...]
    predictions: tuple[Prediction, ...]
    mocks: tuple[Interview, ...]

    def to_json(self) -> dict[str, object]:
        """The figures as `ws-tutor progress --json` prints them: dates as ISO 8601, pairs as objects."""
        plain = asdict(self)
        plain["forecast"] = [{"day": day.isoformat(), "recall": recall} for day, recall in self.forecast]
        plain["heat"] = [{"day": day.isoformat(), "answers": count} for day, count in self.heat]
        for kind in plain["bytes"]:
            kind["mistakes"] = [{"mistake": name, "times": times} for name, times in kind["mistakes"]]
        return {name: _dated(value) for name, value in plain.items()}


def _dated(value: Any) -> Any:
    """Dates and times in it as ISO 8601."""
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _dated(each) for name, each in value.items()}
    return [_dated(each) for each in value] if isinstance(value, list | tuple) else value


def figures(learner: Learner, now: datetime) -> Figures:
    """Count what the learner has done; `now` is an aware local time, which decides what a day is."""
    memory, bank = learner.memory, learner.bank
    entries: list[Question | Fact] = [*bank.questions, *bank.facts]
    return Figures(
        now,
        learner.goal.interview,
        _mean_recall(learner, entries, learner.goal.moment(now)),
        tuple(_coverage(learner)),
        _forecast(learner, entries, now),
        _calibration(learner.reviews),
        heat(learner.reviews, now),
        _weakest(learner, [entry for entry in entries if memory.seen(entry.id)], now),
        _byte_kinds(learner.reviews),
        tuple(Lab(lab.name, _runs(learner, lab.name)) for lab in catalog.LABS),
        tuple(
            Prediction(
                run.lab,
                run.at,
                each.id,
                each.ask,
                each.unit,
                each.predicted,
                each.measured,
                each.predicted == each.measured,
            )
            for run in learner.lab_runs
            for each in run.predictions
            if each.predicted is not None and each.measured is not None
        ),
        tuple(_interview(kept) for kept in learner.mocks if kept.answers),
    )


def _runs(learner: Learner, lab: str) -> tuple[Run, ...]:
    return tuple(
        Run(run.at, sum(run.verdicts.values()), len(run.verdicts)) for run in learner.lab_runs if run.lab == lab
    )


def _interview(kept: KeptMock) -> Interview:
    right = sum(review.right for review, _ in kept.answers)
    return Interview(kept.mock.id, kept.mock.at, kept.mock.minutes, right, len(kept.answers))


def heat(reviews: Sequence[Review], now: datetime) -> tuple[tuple[date, int], ...]:
    """How many answers each of the last HEAT_DAYS days had; days are those of `now`'s zone, empty ones are left out."""
    first = now.date() - timedelta(days=HEAT_DAYS - 1)
    counted = Counter(each.at.astimezone(now.tzinfo).date() for each in reviews)
    return tuple(sorted((day, count) for day, count in counted.items() if day >= first))


def _coverage(learner: Learner) -> list[Coverage]:
    sections = []
    for section in learner.bank.sections:
        entries: list[Question | Fact] = [*section.questions, *section.facts]
        ids = [entry.id for entry in entries]
        answered = tuple(key for key in ids if learner.memory.seen(key))
        sections.append(Coverage(section.title, answered, tuple(key for key in ids if key not in answered)))
    return sections


def _mean_recall(learner: Learner, entries: Sequence[Question | Fact], at: datetime) -> float:
    return fmean(learner.memory.recall(entry.id, at) for entry in entries) if entries else 0.0


def _forecast(learner: Learner, entries: Sequence[Question | Fact], now: datetime) -> tuple[tuple[date, float], ...]:
    """At most 31 points; the first is today, the last is the day."""
    days = max(0, (learner.goal.moment(now).date() - now.date()).days)
    step = max(1, -(-days // 30))
    offsets = [*range(0, days, step), days]
    points = [now + timedelta(days=offset) for offset in offsets[:-1]] + [learner.goal.moment(now)]
    return tuple((at.date(), _mean_recall(learner, entries, at)) for at in points)


def _calibration(reviews: Sequence[Review]) -> tuple[Calibration, ...]:
    lines = []
    for confidence, name in CONFIDENCES.items():
        given = [each for each in reviews if each.confidence == confidence]
        missed = dict.fromkeys(each.card for each in reversed(given) if not each.right)
        lines.append(Calibration(confidence, name, sum(each.right for each in given), len(given), tuple(missed)))
    return tuple(lines)


def _weakest(learner: Learner, seen: Sequence[Question | Fact], now: datetime) -> tuple[Weak, ...]:
    day = learner.goal.moment(now)
    lines = []
    for entry in seen:
        reviews = learner.memory.reviews(entry.id)
        misses = sum(not each.right for each in reviews)
        lines.append(Weak(entry.id, entry.ask, learner.memory.recall(entry.id, day), misses, reviews[-1].missed))
    return tuple(sorted(lines, key=lambda line: (line.recall, -line.misses))[:WEAKEST])


def _byte_kinds(reviews: Sequence[Review]) -> tuple[ByteKind, ...]:
    lines = []
    for kind in KINDS:
        done = [each for each in reviews if each.mode == "bytes" and each.card == kind]
        mistakes = Counter(mistake for each in done for mistake in each.missed)
        if done:
            lines.append(ByteKind(kind, sum(each.right for each in done), len(done), tuple(mistakes.most_common())))
    return tuple(lines)
