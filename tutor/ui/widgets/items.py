"""A short list of things that wrap, with a cursor on one of them: key points to tick, options to pick from."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.geometry import Region
from textual.message import Message

from tutor.ui import keys
from tutor.ui.lines import Lines
from tutor.ui.widgets.sheet import Sheet


class Items(Sheet, can_focus=True):
    """Subclasses give `count` and `item`; Space, Enter or a click chooses, as their keys say."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*keys.ITEMS]

    class Chosen(Message):
        """The item at `place` was chosen."""

        def __init__(self, items: Items, place: int) -> None:
            super().__init__()
            self.items, self.place = items, place

        @property
        def control(self) -> Items:
            """For selectors."""
            return self.items

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self._tops: list[int] = []

    # -- what subclasses say

    @property
    def count(self) -> int:
        """How many there are."""
        raise NotImplementedError

    def item(self, place: int, width: int) -> Lines:
        """The lines of one of them."""
        raise NotImplementedError

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor shows where the focus is; no rule of the style sheet asks for it."""
        self.refresh()

    # -- the cursor

    def point(self, place: int) -> None:
        """Put the cursor there and bring it into view."""
        self.cursor = max(0, min(place, self.count - 1))
        self.refresh()
        self.call_after_refresh(self._reveal)

    def _reveal(self) -> None:
        if self.cursor + 1 < len(self._tops):
            top, bottom = self._tops[self.cursor], self._tops[self.cursor + 1]
            region = Region(0, top, self.size.width, bottom - top).translate(self.virtual_region.offset)
            pane = next(each for each in self.ancestors if isinstance(each, ScrollableContainer))
            pane.scroll_to_region(region, animate=False, force=True)

    def action_step(self, by: int) -> None:
        """Lines down or up."""
        self.point(self.cursor + by)

    def action_choose(self) -> None:
        """Choose what the cursor is on."""
        if self.count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        place = event.get_content_offset(self)
        if place is None:
            return
        for at, top in enumerate(self._tops[1:]):
            if place.y < top:
                self.point(at)
                self.action_choose()
                return

    # -- drawing

    def lines(self, width: int) -> Lines:
        """All items, the one under the cursor with an arrow before it."""
        lines: Lines = []
        self._tops = [0]
        for place in range(self.count):
            here = place == self.cursor and self.has_focus
            mark = Content.styled("❯ ", "bold $primary") if here else Content("  ")
            drawn = self.item(place, width - 2)
            lines += [(Content("  ") if at else mark) + line for at, line in enumerate(drawn)]
            self._tops.append(len(lines))
        return lines
