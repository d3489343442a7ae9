"""The drill: flash cards as a small state machine. As in all sessions (rapid.py, choices.py, mock.py) no screen and no
clock is in it, `now` is passed in, and what was answered goes to a log at once: leaving half-way loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tutor.study.grading import accepts, missed, suggest
from tutor.study.model import Fact, FollowUp, KeyPoint, Question
from tutor.study.reviews import AGAIN, GOOD, Confidence, Log, Rating, Review, review

Part = Literal["answer", "depth", "follow-ups"]
PARTS: tuple[Part, ...] = ("answer", "depth", "follow-ups")
Entry = Question | Fact


class OutOfTurn(RuntimeError):
    """A step that the session's state does not allow, such as a rating before the answer was revealed: our defect."""


@dataclass(frozen=True, slots=True)
class Card:
    """One flash card: a question, or a fact turned over like one."""

    entry: Entry

    @property
    def key(self) -> str:
        """The id under which its progress is kept."""
        return self.entry.id

    @property
    def ask(self) -> str:
        """The question, Markdown."""
        return self.entry.ask

    @property
    def points(self) -> tuple[KeyPoint, ...]:
        """The rubric, in order; none for a fact."""
        return self.entry.key_points if isinstance(self.entry, Question) else ()

    @property
    def follow_ups(self) -> tuple[FollowUp, ...]:
        """What would be asked next."""
        return self.entry.follow_ups if isinstance(self.entry, Question) else ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that it has, in the order of their reveal; the answer is always the first."""
        return tuple(part for part in PARTS if part == "answer" or self.text(part))

    def text(self, part: Part) -> str:
        """A part as Markdown, or nothing where it has none."""
        if isinstance(self.entry, Fact):
            return f"**{self.entry.answers[0]}**\n\n{self.entry.explain}" if part == "answer" else ""
        if part == "follow-ups":
            return "\n\n".join(f"**{each.ask}**\n\n{each.answer}" for each in self.entry.follow_ups)
        return self.entry.answer if part == "answer" else self.entry.depth


class DrillSession:
    """Flash cards: `confide`, `reveal`, `tick`, `rate`; then the next card. `undo` goes back, over the last card too.
    A fact is answered by `type`, and graded by its accepted spellings.

    Per card: asked -> (confidence) -> answer revealed -> rated. A confidence given after the answer would be worth
    nothing, so it is taken before only.
    """

    def __init__(self, entries: Sequence[Entry], log: Log, now: datetime) -> None:
        self.cards = tuple(map(Card, entries))
        self._log = log
        self._done: list[Review] = []
        self._typed: list[str | None] = []
        self._asked = now
        self.confidence: Confidence | None = None
        self.revealed: tuple[Part, ...] = ()
        self.ticks: frozenset[int] = frozenset()
        """The places of the key points that were said"""
        self.typed: str | None = None
        """What was typed as the answer to a fact; None where nothing was yet"""

    @property
    def current(self) -> Card | None:
        """The card at hand; None when all are done."""
        return self.cards[self.position] if not self.done else None

    @property
    def position(self) -> int:
        """How many cards are behind."""
        return len(self._done)

    @property
    def done(self) -> bool:
        """Whether every card was rated. `undo` still works."""
        return self.position >= len(self.cards)

    @property
    def reviews(self) -> tuple[Review, ...]:
        """What was rated so far, in order."""
        return tuple(self._done)

    @property
    def suggested(self) -> Rating:
        """The rating that the ticks suggest, or what was typed; Enter takes it."""
        if isinstance(self._current.entry, Fact):
            return GOOD if self.right else AGAIN
        return suggest(self._current.points, self.ticks)

    @property
    def right(self) -> bool:
        """Whether an accepted spelling of the fact was typed."""
        entry = self._current.entry
        return isinstance(entry, Fact) and self.typed is not None and accepts(entry.answers, self.typed)

    @property
    def next_part(self) -> Part | None:
        """What `reveal` would show next; None when all is shown."""
        parts = self._current.parts
        return parts[len(self.revealed)] if len(self.revealed) < len(parts) else None

    def confide(self, confidence: Confidence) -> None:
        """How sure the learner is, before the answer: 1 a guess, 2 fairly sure, 3 certain."""
        if self.revealed:
            raise OutOfTurn("confidence is given before the answer is seen")
        self.confidence = confidence

    def type(self, typed: str) -> bool:
        """Answer a fact, which shows its answer; whether it was right by its spelling."""
        if self.revealed or not isinstance(self._current.entry, Fact):
            raise OutOfTurn("a fact is answered once, before its answer is seen")
        self.typed = typed
        self.reveal()
        return self.right

    def reveal(self, part: Part | None = None) -> str:
        """Show the next part, or one by name with all before it; its Markdown, empty where there is none (left)."""
        card = self._current
        wanted = part or self.next_part
        if wanted is None or wanted not in card.parts:
            return ""
        until = max(card.parts.index(wanted) + 1, len(self.revealed))
        self.revealed = card.parts[:until]
        return card.text(wanted)

    def tick(self, point: int) -> bool:
        """Turn the tick of a key point (0 is the first one): was it said? True where it is ticked now."""
        if not self.revealed:
            raise OutOfTurn("key points are ticked when the answer is seen")
        if not 0 <= point < len(self._current.points):
            return False
        self.ticks = self.ticks ^ {point}
        return point in self.ticks

    def rate(self, now: datetime, rating: Rating | None = None) -> Review:
        """Rate the card and go on; None takes the suggestion. The review goes to the log at once."""
        card = self._current
        if not self.revealed:
            raise OutOfTurn("a card is rated when its answer is seen")
        spent = (now - self._asked).total_seconds()
        lacking = missed(card.points, self.ticks)
        done = review(card.key, now, "drill", rating or self.suggested, self.confidence, spent, lacking)
        self._log.add(done)
        self._done.append(done)
        self._typed.append(self.typed)
        self._ask(now)
        return done

    def undo(self, now: datetime) -> bool:
        """Take the last rating back; its card is at hand again, open and ticked as it was. False where none is."""
        if not self._done:
            return False
        last = self._done.pop()
        self._log.remove(last)
        self._ask(now)
        card = self._current
        self.confidence, self.typed = last.confidence, self._typed.pop()
        self.revealed = card.parts[:1]
        self.ticks = frozenset(place for place, point in enumerate(card.points) if point.text not in last.missed)
        return True

    def _ask(self, now: datetime) -> None:
        self._asked = now
        self.confidence = None
        self.revealed = ()
        self.ticks = frozenset()
        self.typed = None

    @property
    def _current(self) -> Card:
        if self.current is None:
            raise OutOfTurn("all cards are done")
        return self.current
