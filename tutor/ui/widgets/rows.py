"""Lines under a cursor of which only those in view are drawn: the base of the list of messages, the fields, the bytes.

What a line says and what the cursor means are the subclasses' business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tutor.ui import keys

Piece = tuple[str, str]
"""Text, and the name of a component style without its prefix; an empty name is the line's own style."""


class Rows(ScrollView, can_focus=True):
    """A list of `count` lines with a cursor on one of them (-1: on none). Subclasses give `count` and `pieces`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--cursor", "rows--head", "rows--quiet", "rows--bold", "rows--accent", "rows--warning", "rows--error",
        "rows--mark", "rows--point",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [*keys.ROWS]
    HEAD: ClassVar[int] = 0
    """Lines at the top that stay while the others scroll"""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = -1
        self._styles_now: dict[str, Style] = {}

    # -- what subclasses say

    @property
    def count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Line `index`, to be cut to `width` cells."""
        raise NotImplementedError

    def head(self, width: int) -> Iterable[Piece]:
        """The line that stays at the top."""
        return ()

    def hint(self) -> str:
        """What is said where there is no line."""
        return ""

    def moved(self, index: int) -> None:
        """The learner moved the cursor to `index`, which is in range."""
        self.point(index)

    # -- the cursor

    def point(self, index: int) -> None:
        """Put the cursor on line `index` (-1: on none) and bring it into view."""
        before, self.cursor = self.cursor, max(-1, min(index, self.count - 1))
        for line in (before, self.cursor):
            self.refresh_line(line + self.HEAD)
        self.reveal(self.cursor)

    def reveal(self, index: int) -> None:
        """Scroll as little as shows line `index`."""
        room = max(1, self.scrollable_content_region.height - self.HEAD)
        top = round(self.scroll_target_y)
        if 0 <= index < top:
            self.scroll_to(y=index, animate=False, immediate=True, force=True)
        elif index >= top + room:
            self.scroll_to(y=index - room + 1, animate=False, immediate=True, force=True)

    def measure(self) -> None:
        """The number of lines is another one now. Only where a scrollbar comes or goes is the screen laid out anew."""
        size, room = Size(0, self.count + self.HEAD), self.container_size.height
        if room and (size.height > room) != self.show_vertical_scrollbar:
            self.virtual_size = size
            return
        self.set_reactive(Rows.virtual_size, size)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = size.height
        if self.scroll_target_y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True, force=True)

    def action_move(self, by: int) -> None:
        """Lines up or down."""
        self._move(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Pages up or down."""
        self._move(self.cursor + by * max(1, self.size.height - self.HEAD - 1))

    def action_edge(self, edge: str) -> None:
        """To the first line, or the last."""
        self._move(0 if edge == "top" else self.count - 1)

    def _move(self, index: int) -> None:
        if self.count:
            self.moved(max(0, min(index, self.count - 1)))

    def line_at(self, event: events.Click) -> int | None:
        """The line that was clicked."""
        place = event.get_content_offset(self)
        if place is None or place.y < self.HEAD:
            return None
        index = place.y - self.HEAD + self.scroll_offset.y
        return index if index < self.count else None

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor."""
        index = self.line_at(event)
        if index is not None:
            self._move(index)

    def on_resize(self, event: events.Resize) -> None:
        """The line under the cursor stays in view."""
        self.measure()
        self.reveal(self.cursor)

    # -- drawing

    def notify_style_update(self) -> None:
        """Another theme, or the focus came or went."""
        super().notify_style_update()
        self._styles_now.clear()

    def style_of(self, name: str) -> Style:
        """The component style of that name."""
        style = self._styles_now.get(name)
        if style is None:
            style = self.get_component_rich_style(f"rows--{name}") if name else self.rich_style
            self._styles_now[name] = style
        return style

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        width = self.size.width
        if y < self.HEAD:
            return self._strip(self.head(width), "head")
        index = self.scroll_offset.y + y - self.HEAD
        if index < self.count:
            return self._strip(self.pieces(index, width), "cursor" if index == self.cursor else "")
        return self._strip([(self.hint(), "quiet")] if not self.count and y == self.HEAD else [], "")

    def _strip(self, pieces: Iterable[Piece], line: str) -> Strip:
        base = self.style_of(line)
        whole = line == "cursor"
        segments = [Segment(text, base if whole or not name else self.style_of(name)) for text, name in pieces]
        return Strip(segments).simplify().adjust_cell_length(self.size.width, base)
