"""What the screens share: the bank, what was seen, where one left off. Every wait for a file is in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tutor.study.model import Bank, Fact, Question
from tutor.study.store import LabRun, Place, Store

if TYPE_CHECKING:
    from tutor.study.learner import Learner
    from tutor.study.search import Hit, Index
    from tutor.study.source import Fault

Seen = Literal["new", "opened", "read"]

GLYPHS: dict[Seen, str] = {"new": "○", "opened": "◐", "read": "●"}
_LISTED = "ask ref"
"""What a list shows anyway: a hit elsewhere says more"""
_ORDER: tuple[Seen, ...] = ("new", "opened", "read")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the entry, its section, and the best place of the words (None where only filters were)."""

    question: Question
    section: str
    hit: Hit | None


class Desk:
    """The bank and the learner's progress. `load` runs in a thread, all else on the UI's loop and at once.

    Progress is read once; changes are kept here and written behind the learner's back, in order, by one thread.
    """

    def __init__(self, paths: Sequence[Path] | None = None, store: Store | None = None) -> None:
        self._paths = paths
        self._store = store or Store()
        self._writer = ThreadPoolExecutor(1, "progress")
        self._seen: dict[str, Seen] = {}
        self._cards: dict[str, Question] = {}
        self._index: Index | None = None
        self._kept: Place | None = None
        self.bank = Bank(())
        self.learner: Learner | None = None
        """Reviews, memory, goal and lab runs, once they are loaded; what it keeps is written behind"""
        self.faults: tuple[Fault, ...] = ()
        self._settings: dict[str, str] | None = None
        self.place = Place()
        self.problem = ""
        """Why progress is not saved; empty while it is"""
        self.on_problem: Callable[[str], object] = lambda problem: None
        """Told in the writing thread what `problem` has become"""

    def load(self) -> None:
        """Read the question files and the progress. Never raises: what is wrong with the files is in `faults`."""
        from tutor.study import bank
        from tutor.study.learner import Learner

        try:
            self.bank = bank.load(self._paths)
        except bank.BankError as error:
            self.faults = error.faults
            self.bank = bank.check(bank.read(self._paths)[0])[0]
        self._cards = {fact.id: card(fact) for fact in self.bank.facts}
        self._index = None
        self._seen |= {key: seen.reach for key, seen in self._store.seen().items()}
        self.place = self._kept = self._store.place() or self.place
        self.learner = Learner(self.bank, self._store, self._later)
        self.problem = self._store.problem

    def prepare(self) -> None:
        """Make ready in a thread what the first search would wait for."""
        self._indexed().build()

    def _indexed(self) -> Index:
        """The index of the bank; a card that is asked for at once need not wait for it."""
        from tutor.study.search import Index

        if self._index is None:
            self._index = Index(self.bank)
        return self._index

    def close(self) -> None:
        """Write what is not written yet. Progress that is made after this is lost."""
        self._save_place()
        self._writer.shutdown(wait=True)
        self._store.close()

    @staticmethod
    def now() -> datetime:
        """Local time, which decides what today is."""
        return datetime.now().astimezone()

    # -- the bank

    def question(self, key: str) -> Question | None:
        """The question whose id or ref is `key`, or the fact of that id as a card."""
        return self.bank.question(key) or self._cards.get(key)

    def find(self, query: str) -> list[Found]:
        """What fits `query` (words and filters, see tutor.study.search), the best first. Facts come as cards."""
        seen = [key for key, reach in self._seen.items() if reach != "new"]
        found = []
        for result in self._indexed().search(query, seen):
            entry = result.entry
            question = self._cards[entry.id] if isinstance(entry, Fact) else entry
            hits = sorted(result.hits, key=lambda hit: _LISTED.find(hit.field))
            found.append(Found(question, result.section, hits[0] if hits else None))
        return found

    def next_question(self) -> Question | None:
        """Where to go on: the question one left, or the first one not read, or the first."""
        questions = self.bank.questions
        unread = (question for question in questions if self.seen(question) != "read")
        return self.question(self.place.question) or next(unread, next(iter(questions), None))

    # -- progress

    @property
    def is_new(self) -> bool:
        """Whether nothing was studied here before."""
        answered = self.learner is not None and self.learner.reviews
        return not (self._seen or self.place.question or answered)

    @property
    def storage(self) -> str:
        """Where progress is kept, or why it is not."""
        return self.problem or str(self._store.path)

    def seen(self, question: Question) -> Seen:
        """How far the learner is with a question: new, opened (the answer was unfolded), read (all of it)."""
        return self._seen.get(question.id, "new")

    def mark(self, question: Question, reach: Literal["opened", "read"]) -> bool:
        """Note progress, which only grows; True where this is news."""
        if _ORDER.index(reach) <= _ORDER.index(self.seen(question)):
            return False
        self._seen[question.id] = reach
        self._later(lambda: self._store.mark_seen(question.id, reach))
        return True

    def keep_place(self, place: Place) -> None:
        """Come back here next time. Another question or fold is written now, a mere scroll at the end."""
        before, self.place = self.place, place
        if (before.question, before.unfolded) != (place.question, place.unfolded):
            self._save_place()

    def _save_place(self) -> None:
        if self.place != self._kept:
            self._kept = place = self.place
            self._later(lambda: self._store.keep_place(place))

    def keep_lab_run(self, run: LabRun) -> None:
        """Remember how a lab ended."""
        if self.learner is not None:
            self.learner.keep_lab_run(run)

    def setting(self, name: str, default: str) -> str:
        """A remembered choice. The first one reads the file, where there is one: the theme has to be known before the
        first paint."""
        if self._settings is None:
            self._settings = self._store.settings() if self._store.path.exists() else {}
        return self._settings.get(name, default)

    def keep_setting(self, name: str, value: str) -> None:
        """Remember a choice."""
        if self._settings is not None:
            self._settings[name] = value
        self._later(lambda: self._store.keep_setting(name, value))

    def _later(self, write: Callable[[], object]) -> None:
        self._writer.submit(self._write, write)

    def _write(self, write: Callable[[], object]) -> None:
        """In the writing thread: write, and say so where the file has begun to fail, or to work again."""
        write()
        before, self.problem = self.problem, self._store.problem
        if self.problem != before:
            self.on_problem(self.problem)


def card(fact: Fact) -> Question:
    """A rapid-fire fact in the form of a question, so that it can be read where questions are."""
    answer = f"**{fact.answers[0]}**\n\n{fact.explain}"
    return Question(fact.ref, fact.id, fact.ask, "core", answer, (), fact.sources, ("rapid-fire", *fact.tags))
