"""Which parts of a card are open. One that came with the answer is open as long as that is there."""

from __future__ import annotations

from tutor.study.model import Fact, Question
from tutor.ui.desk import card
from tutor.ui.parts import Part, parts_of

WITH_ANSWER = frozenset({"answer", "notes", "sources"})


class Unfolding:
    """The parts of one entry (without its rubric, which is ticked elsewhere) and those of them that are open."""

    def __init__(self, entry: Question | Fact | None = None, open_: frozenset[str] = frozenset()) -> None:
        question = card(entry) if isinstance(entry, Fact) else entry
        self.parts: tuple[Part, ...] = ()
        if question is not None:
            self.parts = tuple(part for part in parts_of(question) if part.id != "points")
        self.open = open_

    @property
    def shown(self) -> list[Part]:
        """The parts that are open."""
        return [part for part in self.parts if part.id in self.open]

    def keep(self, *ids: str) -> None:
        """Leave out all parts but these."""
        self.parts = tuple(part for part in self.parts if part.id in ids)

    def toggle(self, wanted: str) -> str:
        """Open a part, or fold it; `follow-ups` is the next folded one, `next` whatever comes next. The part that was
        opened; empty where it was folded, or where there is none."""
        part = self._named(wanted)
        if part in self.open:
            self.open -= WITH_ANSWER if part == "answer" else {part}
            return ""
        self.open |= WITH_ANSWER if part == "answer" else {part} - {""}
        return part

    def has(self, wanted: str) -> bool:
        """Whether `toggle` would find a part."""
        return any(part.id == self._named(wanted) for part in self.parts)

    def _named(self, wanted: str) -> str:
        folded = [part.id for part in self.parts if not part.comes_with_answer and part.id not in self.open]
        if wanted == "next":
            return next(iter(folded), "")
        if wanted == "follow-ups":
            return next((part for part in folded if part.startswith("follow-")), "")
        return wanted
