"""What a question is: the one definition that the loader, the checker and the JSON Schema are made from.

Text fields hold Markdown unless their name says otherwise. See the README, "Writing your own questions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["core", "senior", "architect"]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What an interviewer asks next."""

    ask: str
    answer: str


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One line of the rubric. `weight` is 1 to 3; missing a critical point fails the answer."""

    text: str
    weight: int = 1
    critical: bool = False


@dataclass(frozen=True, slots=True)
class SayItRight:
    """A common wording that is wrong or outdated, and what to say instead."""

    common: str
    right: str
    source: str


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a multiple choice; a wrong one says why."""

    text: str
    correct: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A multiple choice with exactly one correct option."""

    ask: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a lab measures on the learner's own machine: a verdict of a lab in the catalogue."""

    text: str
    lab: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Question:
    """An interview question with its answer. Progress hangs on `id`: it never changes and is never reused."""

    ref: str
    id: str
    ask: str
    level: Level
    answer: str
    key_points: tuple[KeyPoint, ...]
    sources: tuple[str, ...]
    tags: tuple[str, ...] = ()
    depth: str = ""
    follow_ups: tuple[FollowUp, ...] = ()
    say_it_right: tuple[SayItRight, ...] = ()
    choices: tuple[Choice, ...] = ()
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A rapid-fire question: `answers` holds every accepted spelling, the first one is shown."""

    ask: str
    answers: tuple[str, ...]
    explain: str
    sources: tuple[str, ...]
    id: str = ""
    ref: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One file: a heading and its entries in order. A section holds questions or facts, or both."""

    title: str
    questions: tuple[Question, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Bank:
    """Everything that can be studied, in reading order."""

    sections: tuple[Section, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for section in self.sections for question in section.questions)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for section in self.sections for fact in section.facts)

    def question(self, key: str) -> Question | None:
        """The question whose id or ref is `key` (a ref in any case), or None."""
        for question in self.questions:
            if key == question.id or key.upper() == question.ref.upper():
                return question
        return None
