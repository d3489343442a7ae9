"""What the screens share: the bank, what has been seen, where one left off. `load` is slow: it belongs to a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tutor.study.model import Bank, Question

if TYPE_CHECKING:
    from tutor.study.search import Hit, Index

Seen = Literal["new", "opened", "read"]

GLYPHS: dict[Seen, str] = {"new": "○", "opened": "◐", "read": "●"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one left off: the question, its unfolded parts (the current one last) and the first line in view."""

    question: str = ""
    unfolded: tuple[str, ...] = ()
    line: int = 0


class Desk:
    """The bank and the learner's progress. `load` runs in a thread, all else on the UI's loop."""

    def __init__(self, paths: Sequence[Path] | None = None) -> None:
        self._paths = paths
        self.bank = Bank(())
        self.faults: tuple[str, ...] = ()
        self.place = Place()
        self.storage = "kept in memory only"
        self._seen: dict[str, Seen] = {}
        self._settings: dict[str, str] = {}
        self.is_new = True
        self._index: Index | None = None

    def load(self) -> None:
        """Read the question files and the progress. Never raises: what is wrong with the files is in `faults`."""
        from tutor.study import bank

        try:
            self.bank = bank.load(self._paths)
        except bank.BankError as error:
            self.faults = tuple(map(str, error.faults))
            self.bank = bank.check(bank.read(self._paths)[0])[0]

    def seen(self, question: Question) -> Seen:
        """How far the learner is with a question: new, opened (the answer was unfolded), read (all of it)."""
        return self._seen.get(question.id, "new")

    def mark(self, question: Question, seen: Seen) -> bool:
        """Note progress, which only grows; True where this is news."""
        order: list[Seen] = ["new", "opened", "read"]
        if order.index(seen) <= order.index(self.seen(question)):
            return False
        self._seen[question.id] = seen
        return True

    def keep_place(self, place: Place) -> None:
        """Come back here next time."""
        self.place = place

    def setting(self, name: str, default: str = "") -> str:
        """A remembered choice, such as the theme."""
        return self._settings.get(name, default)

    def keep_setting(self, name: str, value: str) -> None:
        """Remember a choice."""
        self._settings[name] = value

    def find(self, query: str) -> dict[Question, tuple[Hit, ...]]:
        """What fits `query` (words and filters, see tutor.study.search), in reading order, with the places found."""
        if self._index is None:
            from tutor.study.search import Index

            self._index = Index(self.bank)
        seen = [question.id for question in self.bank.questions if self.seen(question) != "new"]
        found = {result.entry.id: result for result in self._index.search(query, seen)}
        return {question: found[question.id].hits for question in self.bank.questions if question.id in found}

    def next_question(self) -> Question | None:
        """Where to go on: the question one left, or the first new one, or the first."""
        questions = self.bank.questions
        left = self.bank.question(self.place.question)
        if left is not None:
            return left
        return next((question for question in questions if self.seen(question) == "new"), next(iter(questions), None))
