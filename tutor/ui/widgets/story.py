"""The column that is read from top to bottom. What its lines say is in lab_story.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from tutor.ui import keys
from tutor.ui.lines import Lines
from tutor.ui.widgets.sheet import Sheet


class Story(VerticalScroll):
    """Stays at its end, where the news is, until it is scrolled up; from its end on it stays there again."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.MOVE]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._follows = False

    def compose(self) -> ComposeResult:
        """One text."""
        yield Sheet(classes="story")

    def tell(self, lines: Callable[[int], Lines]) -> None:
        """Show these lines."""
        self.query_one(Sheet).update(_kept(lines))
        self._to_end()

    def follow(self) -> None:
        """Another story begins: go with it."""
        self._follows = True

    def _to_end(self) -> None:
        if self._follows:
            self.call_after_refresh(self.scroll_end, animate=False, immediate=True)

    def on_resize(self) -> None:
        """A form has opened or closed below."""
        self._to_end()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Up: the learner reads. At the end: on with the news."""
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y:
            self._follows = True
        elif new_value < old_value:
            self._follows = False

    def action_move(self, direction: int) -> None:
        """Scroll."""
        self.scroll_relative(y=direction * 2, animate=False)

    def action_edge(self, edge: str) -> None:
        """Scroll to an end."""
        self.scroll_to(y=0 if edge == "top" else self.max_scroll_y, animate=False)


def _kept(lines: Callable[[int], Lines]) -> Callable[[int], Lines]:
    """The same lines, set once a width: measuring and drawing ask for them one after the other."""
    kept: dict[int, Lines] = {}

    def keep(width: int) -> Lines:
        if width not in kept:
            kept[width] = lines(width)
        return kept[width]

    return keep
