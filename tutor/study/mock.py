"""The mock interview: questions mixed by level, a clock, notes, follow-ups chosen from what was missed, a scorecard.
The learner grades the prose against the rubric; nothing here judges words."""

from __future__ import annotations

import random
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from tutor.study.grading import missed, suggest
from tutor.study.model import Bank, FollowUp, KeyPoint, Level, Question
from tutor.study.quiz import OutOfTurn
from tutor.study.reviews import (
    CONFIDENCES,
    RATINGS,
    Confidence,
    KeptMock,
    Log,
    Mock,
    MockAnswer,
    Rating,
    Review,
    review,
    whole_milliseconds,
)

MINUTES = (20, 60)
"""The shortest and the longest interview"""
MINUTES_A_QUESTION = 5
FOLLOW_UPS = 2
"""How many follow-ups are asked after an answer, at most"""
MAX_NOTES = 20_000
LEVELS: tuple[Level, ...] = get_args(Level)
MIX: dict[Level, int] = {"core": 2, "senior": 3, "architect": 1}
"""How many questions of each level come in a round of the mix"""


def draw(bank: Bank, minutes: int, rng: random.Random, mix: dict[Level, int] | None = None) -> tuple[Question, ...]:
    """The questions of an interview of so many minutes, mixed by level, the easier levels first.

    Raises ValueError for a length outside MINUTES.
    """
    low, high = MINUTES
    if not low <= minutes <= high:
        raise ValueError(f"{minutes} minutes: a mock interview takes {low} to {high}")
    pools = {level: [each for each in bank.questions if each.level == level] for level in LEVELS}
    for pool in pools.values():
        rng.shuffle(pool)
    shares = {level: share for level, share in (mix or MIX).items() if share > 0 and pools[level]}
    drawn: list[Question] = []
    while len(drawn) < minutes // MINUTES_A_QUESTION and any(pools[level] for level in shares):
        for level, share in shares.items():
            drawn += [pools[level].pop() for _ in range(min(share, len(pools[level])))]
    drawn = drawn[: minutes // MINUTES_A_QUESTION]
    return tuple(sorted(drawn, key=lambda each: LEVELS.index(each.level)))


class MockSession:
    """One interview: `note` and `confide` while answering, `reveal` the rubric, `tick`, `rate` (and `undo`); then
    read or answer `follow_ups` and `proceed`. What is answered is saved at `rate`; the clock tells, and cuts nothing
    off."""

    def __init__(self, questions: Sequence[Question], minutes: int, log: Log, now: datetime) -> None:
        self.questions = tuple(questions)
        self.mock = Mock(uuid.uuid4().hex, whole_milliseconds(now), minutes, tuple(each.id for each in questions))
        self.answers: list[tuple[Review, MockAnswer]] = []
        self._log = log
        self._asked = now
        self.position = 0
        self.confidence: Confidence | None = None
        self.notes = ""
        self.revealed = False
        self.rated = False
        self.ticks: frozenset[int] = frozenset()
        self.follow_ups: tuple[FollowUp, ...] = ()
        """What is asked after the rating, chosen from the points that were missed"""
        log.begin_mock(self.mock)

    @property
    def current(self) -> Question | None:
        """The question at hand; None when all are done."""
        return self.questions[self.position] if not self.done else None

    @property
    def done(self) -> bool:
        """Whether all questions were answered."""
        return self.position >= len(self.questions)

    @property
    def suggested(self) -> Rating:
        """The rating that the ticks suggest."""
        return suggest(self._points, self.ticks)

    @property
    def kept(self) -> KeptMock:
        """The interview so far, as it is on file."""
        return KeptMock(self.mock, tuple(self.answers))

    def seconds_left(self, now: datetime) -> float:
        """What the clock shows; below 0 once the time is over."""
        return self.mock.minutes * 60 - (now - self.mock.at).total_seconds()

    def note(self, text: str) -> None:
        """The notes of the answer, as they stand now; at most MAX_NOTES characters are kept."""
        self.notes = text[:MAX_NOTES]

    def confide(self, confidence: Confidence) -> None:
        """How sure the learner is, before the rubric."""
        if self.revealed:
            raise OutOfTurn("confidence is given before the rubric is seen")
        self.confidence = confidence

    def reveal(self) -> tuple[KeyPoint, ...]:
        """Show the rubric."""
        self.revealed = True
        return self._points

    def tick(self, point: int) -> bool:
        """Turn the tick of a key point; True where it is ticked now."""
        if not self.revealed or self.rated:
            raise OutOfTurn("key points are ticked between the rubric and the rating")
        if not 0 <= point < len(self._points):
            return False
        self.ticks = self.ticks ^ {point}
        return point in self.ticks

    def rate(self, now: datetime, rating: Rating | None = None) -> Review:
        """Rate the answer; None takes the suggestion. It is saved, and `follow_ups` are there."""
        question = self.current
        if question is None or not self.revealed or self.rated:
            raise OutOfTurn("an answer is rated once, when its rubric is seen")
        lacking = missed(self._points, self.ticks)
        self.follow_ups = choose_follow_ups(question, self.ticks)
        spent = (now - self._asked).total_seconds()
        done = review(question.id, now, "mock", rating or self.suggested, self.confidence, spent, lacking)
        asked = tuple(each.ask for each in self.follow_ups)
        of = sum(point.weight for point in self._points)
        got = sum(point.weight for place, point in enumerate(self._points) if place in self.ticks)
        answer = MockAnswer(question.id, self.notes, asked, got, of)
        self._log.add_mock_answer(self.mock, done, answer)
        self.answers.append((done, answer))
        self.rated = True
        return done

    def undo(self) -> bool:
        """Take the rating of the question at hand back; its rubric is ticked as it was. False where it has none yet."""
        if not self.rated:
            return False
        done, _ = self.answers.pop()
        self._log.remove(done)
        self.rated, self.follow_ups = False, ()
        return True

    def proceed(self, now: datetime) -> Question | None:
        """On to the next question, which is returned."""
        if not self.rated:
            raise OutOfTurn("the answer is rated first")
        self.position += 1
        self._asked = now
        self.confidence, self.notes, self.follow_ups = None, "", ()
        self.revealed = self.rated = False
        self.ticks = frozenset()
        return self.current

    @property
    def _points(self) -> tuple[KeyPoint, ...]:
        return self.current.key_points if self.current else ()


def choose_follow_ups(question: Question, ticked: frozenset[int]) -> tuple[FollowUp, ...]:
    """The follow-ups nearest to the missed points, by the words they share; the first ones where none is near."""
    wanted: Counter[str] = Counter()
    for place, point in enumerate(question.key_points):
        if place not in ticked:
            wanted.update(dict.fromkeys(set(_words(point.text)), point.weight * (2 if point.critical else 1)))

    def nearness(each: FollowUp) -> int:
        return sum(wanted[word] for word in set(_words(f"{each.ask} {each.answer}")))

    return tuple(sorted(question.follow_ups, key=nearness, reverse=True)[:FOLLOW_UPS])


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[\w-]+", text.casefold()) if len(word) > 3]


Groups = dict[str, list[tuple[Review, MockAnswer]]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the scorecard: a topic, a level or a confidence; what was got of what could be, over `answers`.
    `before` is the share that it had in the last interview, 0 to 1; None where that did not ask for it."""

    name: str
    got: int
    of: int
    answers: int
    right: int
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What came of an interview. Weights of key points, as ticked by the learner; `read` are ids of questions that were
    missed, the worst first; `lab` proves one of them (or is empty). `before` is the last interview's share, 0 to 1."""

    got: int
    of: int
    levels: tuple[Line, ...]
    topics: tuple[Line, ...]
    calibration: tuple[Line, ...]
    read: tuple[str, ...]
    lab: str
    before: float | None

    @property
    def share(self) -> float:
        """The share of all weight that was said, 0 to 1."""
        return self.got / self.of if self.of else 0.0


def scorecard(kept: KeptMock, bank: Bank, before: KeptMock | None = None) -> Scorecard:
    """Count an interview, finished or not; questions that the bank has no more count by what was kept of them."""
    answers = [(each, answer, bank.question(answer.question)) for each, answer in kept.answers]
    levels, topics, sure = _grouped(kept, bank)
    levels_before, topics_before, sure_before = _grouped(before, bank) if before else ({}, {}, {})
    worst = sorted(answers, key=lambda each: each[1].got / each[1].of if each[1].of else 1.0)
    weak = [(answer, question) for done, answer, question in worst if not done.right or answer.got < answer.of]
    labs = [claim.lab for _, question in weak if question for claim in question.claims]
    return Scorecard(
        *_points(kept.answers),
        tuple(_line(name, levels, levels_before) for name in LEVELS if name in levels),
        tuple(sorted((_line(each, topics, topics_before) for each in topics), key=lambda line: line.got / line.of)),
        tuple(_line(name, sure, sure_before) for name in CONFIDENCES.values() if name in sure),
        tuple(answer.question for answer, _ in weak),
        next(iter(labs), ""),
        _share(before),
    )


def _grouped(kept: KeptMock, bank: Bank) -> tuple[Groups, Groups, Groups]:
    """The answers by level, by topic and by confidence. One without key points has nothing to count."""
    levels: Groups = defaultdict(list)
    topics: Groups = defaultdict(list)
    sure: Groups = defaultdict(list)
    for done, answer in kept.answers:
        if not answer.of:
            continue
        question = bank.question(answer.question)
        if question:
            levels[question.level].append((done, answer))
            for tag in question.tags:
                topics[tag].append((done, answer))
        if done.confidence:
            sure[CONFIDENCES[done.confidence]].append((done, answer))
    return levels, topics, sure


def _line(name: str, groups: Groups, before: Groups) -> Line:
    counted = groups[name]
    got, of = _points(counted)
    got_before, of_before = _points(before[name]) if name in before else (0, 0)
    right = sum(done.right for done, _ in counted)
    return Line(name, got, of, len(counted), right, got_before / of_before if of_before else None)


def _points(answers: Iterable[tuple[Review, MockAnswer]]) -> tuple[int, int]:
    counted = [answer for _, answer in answers]
    return sum(each.got for each in counted), sum(each.of for each in counted)


def _share(kept: KeptMock | None) -> float | None:
    if kept is None or not kept.answers:
        return None
    got, of = _points(kept.answers)
    return got / of if of else 0.0


def markdown(kept: KeptMock, bank: Bank, before: KeptMock | None = None) -> str:
    """The interview as a Markdown document."""
    card = scorecard(kept, bank, before)
    when = f"{kept.mock.at:%Y-%m-%d %H:%M} UTC"
    compared = "" if card.before is None else f" (last time {card.before:.0%})"
    blocks = [
        f"# Mock interview, {when}",
        f"{kept.mock.minutes} minutes planned, {len(kept.answers)} of {len(kept.mock.questions)} questions answered. "
        f"Key points said, by weight: {card.got} of {card.of}, {card.share:.0%}{compared}.",
    ]
    for title, lines in (("By level", card.levels), ("By topic", card.topics), ("By confidence", card.calibration)):
        if lines:
            blocks += [f"## {title}", _table(lines, compared=card.before is not None)]
    titles = [f"- {_title(bank, key)}" for key in card.read]
    blocks += ["## Read next", "\n".join(titles)] if titles else []
    blocks += [f"Run next: `ws-tutor lab run {card.lab}`"] if card.lab else []
    for done, answer in kept.answers:
        blocks += _answer_blocks(_title(bank, answer.question), done, answer)
    return "\n\n".join(blocks) + "\n"


def _table(lines: Sequence[Line], *, compared: bool) -> str:
    """A row a line, with the share of the last time where there was one."""
    rows = ["| | answers | known | key points |" + (" last time |" if compared else "")]
    rows.append("|---|---|---|---|" + ("---|" if compared else ""))
    for each in lines:
        row = f"| {each.name} | {each.answers} | {each.right} | {each.got}/{each.of}, {each.got / each.of:.0%} |"
        last = "-" if each.before is None else f"{each.before:.0%}"
        rows.append(row + (f" {last} |" if compared else ""))
    return "\n".join(rows)


def _title(bank: Bank, key: str) -> str:
    question = bank.question(key)
    return f"{question.ref}. {question.ask}" if question else key


def _answer_blocks(title: str, done: Review, answer: MockAnswer) -> list[str]:
    sure = f", {CONFIDENCES[done.confidence]}" if done.confidence else ""
    blocks = [f"## {title}", f"Rated {RATINGS[done.rating]}{sure}, {answer.got}/{answer.of}, {done.seconds:.0f} s."]
    if answer.notes:
        blocks.append("\n".join(f"> {line}".rstrip() for line in answer.notes.splitlines()))
    if done.missed:
        blocks.append("Missed:\n\n" + "\n".join(f"- {point}" for point in done.missed))
    if answer.follow_ups:
        blocks.append("Asked next:\n\n" + "\n".join(f"- {ask}" for ask in answer.follow_ups))
    return blocks
