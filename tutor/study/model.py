"""What a question is: the one definition that the loader, the checker and the JSON Schema are made from.

Text fields hold Markdown unless their name says otherwise. See the README, "Writing your own questions".
The rules on fields come from `tutor.study.rules`; this module costs a start-up nothing but its dataclasses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tutor.study.rules import AtLeast, Between, Switch, Words

Level = Literal["core", "senior", "architect"]
Text = Annotated[str, Words()]
Id = Annotated[
    str, Words(r"[a-z0-9]+(?:-[a-z0-9]+)*", "small letters and digits joined by '-', such as opening-handshake")
]
Ref = Annotated[str, Words(r"[A-Za-z0-9][A-Za-z0-9._-]*", "letters and digits without spaces, such as Q2")]
Tag = Annotated[str, Words(r"[^\s:]+", "one word without spaces, such as load-balancing")]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What an interviewer asks next."""

    ask: Text
    answer: Text


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One line of the rubric: what an interviewer ticks."""

    text: Text
    weight: Annotated[int, Between(1, 3)] = 1
    """1 to 3"""
    critical: Annotated[bool, Switch()] = False
    """Missing it fails the answer"""


@dataclass(frozen=True, slots=True)
class SayItRight:
    """A common wording that is wrong or outdated, and what to say instead."""

    common: Text
    right: Text
    source: Text


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a multiple choice; a wrong one says why."""

    text: Text
    correct: Annotated[bool, Switch()] = False
    why: Text = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A multiple choice with exactly one correct option."""

    ask: Text
    options: Annotated[tuple[Option, ...], AtLeast(2)]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a lab measures on the learner's own machine: a verdict of a lab in the catalogue."""

    text: Text
    lab: Text
    verdict: Text


@dataclass(frozen=True, slots=True)
class Question:
    """An interview question with its answer."""

    ref: Ref
    """The short name that people use: Q2"""
    id: Id
    """Progress hangs on it: it never changes and is never reused"""
    ask: Text
    """The question as an interviewer speaks it"""
    level: Level
    answer: Text
    """What to say in the first two minutes; opens with one sentence that could stand alone"""
    key_points: Annotated[tuple[KeyPoint, ...], AtLeast(1)]
    """The rubric"""
    sources: Annotated[tuple[Text, ...], AtLeast(1)]
    """RFC and section (RFC 6455 §1.3), or a vendor's page title with the year"""
    tags: tuple[Tag, ...] = ()
    depth: Text = ""
    """What sets a strong candidate apart"""
    follow_ups: tuple[FollowUp, ...] = ()
    say_it_right: tuple[SayItRight, ...] = ()
    choices: tuple[Choice, ...] = ()
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A rapid-fire question, known by its `answers`."""

    ask: Text
    answers: Annotated[tuple[Text, ...], AtLeast(1)]
    """Every accepted spelling; the first one is shown"""
    explain: Text
    sources: Annotated[tuple[Text, ...], AtLeast(1)]
    id: Id = ""
    """Left out, it is made from `ask`"""
    ref: Ref = ""
    tags: tuple[Tag, ...] = ()


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
