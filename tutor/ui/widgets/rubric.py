"""The key points of a question, each with a box to tick: was it said?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from tutor.study.model import KeyPoint
from tutor.ui import keys
from tutor.ui.lines import Lines
from tutor.ui.parts import point_lines
from tutor.ui.widgets.items import Items


class Rubric(Items):
    """`show` gives the points and which of them are ticked; words of `said` are underlined and never counted."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.RUBRIC]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._points: Sequence[KeyPoint] = ()
        self._ticks: frozenset[int] = frozenset()
        self._said: Sequence[Sequence[str]] = ()

    @property
    def count(self) -> int:
        """One a key point."""
        return len(self._points)

    def show(self, points: Sequence[KeyPoint], ticks: frozenset[int], said: Sequence[Sequence[str]] = ()) -> None:
        """Other points, or other ticks. `said` are, for each point, its words that the notes have."""
        if points is not self._points:
            self.cursor = 0
        self._points, self._ticks, self._said = points, ticks, said
        self.redraw()

    def item(self, place: int, width: int) -> Lines:
        """A box and the point."""
        ticked = place in self._ticks
        box = Content.styled("☑ ", "bold $text-success") if ticked else Content.styled("☐ ", "$foreground 60%")
        words = self._said[place] if place < len(self._said) else ()
        return point_lines(self._points[place], width, box, words)
