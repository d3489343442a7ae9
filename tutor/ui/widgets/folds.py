"""Parts of a question one below the other, folded until they are asked for. One widget that draws the lines in view,
and draws them once: to unfold a part is to show what is drawn already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

from tutor.ui.lines import Lines
from tutor.ui.parts import Part
from tutor.ui.widgets.fold import fold_lines
from tutor.ui.widgets.sheet import Sheet

SLICE = 6
"""So many lines are drawn ahead at once: a key that is pressed meanwhile waits for no more"""


@dataclass(frozen=True, slots=True)
class State:
    """What is shown: the ids of parts that are unfolded, of the one that is read, and of those that are not there."""

    unfolded: frozenset[str] = frozenset()
    current: str = ""
    away: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a part (of none: a gap), and how it was drawn in each theme and style."""

    part: Part | None
    line: Content
    is_title: bool = False
    drawn: dict[tuple[str, Style], Strip] = field(default_factory=dict)


class Folds(Sheet):
    """`read` gives it parts, `show` their state. A click on a title folds and unfolds."""

    class Toggled(Message):
        """The learner clicked the title of a part."""

        def __init__(self, part: Part) -> None:
            super().__init__()
            self.part = part

    class Followed(Message):
        """The learner clicked a link."""

        def __init__(self, href: str) -> None:
            super().__init__()
            self.href = href

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: Sequence[Part] = ()
        self._state = State()
        self._width = 0
        self._blocks: dict[tuple[str, bool, bool], list[Row]] = {}
        self._gap = Row(None, Content(""))
        self._rows: list[Row] | None = None
        self._ahead: deque[tuple[int, Row]] = deque()

    # -- what is shown

    def read(self, parts: Sequence[Part], state: State) -> None:
        """Other parts."""
        self._parts = parts
        self._blocks.clear()
        self._ahead.clear()
        self._put(state)

    def show(self, state: State) -> None:
        """The same parts in another state."""
        if state != self._state:
            self._put(state)

    def _put(self, state: State) -> None:
        self._state, self._rows = state, None
        shown = [part.id in state.unfolded for part in self._parts if part.id not in state.away]
        above, below = (int(shown[end]) if shown else 0 for end in (0, -1))
        if self.styles.margin != (above, 0, below, 0):  # a line apart from what stands around
            self.styles.margin = (above, 0, below, 0)
        self.refresh(layout=True)

    def lines(self, width: int) -> Lines:
        """All of them; what is drawn are the rows in view."""
        return [row.line for row in self._rows_at(width)]

    def top_of(self, part: str) -> int:
        """On which line a part begins; the end where it is not shown."""
        rows = self._rows_at(self.size.width)
        return next((y for y, row in enumerate(rows) if row.part is not None and row.part.id == part), len(rows))

    def region_of(self, part: str) -> Region:
        """Where a part is on the screen; without height where it is not shown."""
        height = sum(row.part is not None and row.part.id == part for row in self._rows_at(self.size.width))
        x, y, width, _ = self.region
        return Region(x, y + self.top_of(part), width, height)

    # -- rows

    def _rows_at(self, width: int) -> list[Row]:
        if width != self._width:
            self._width, self._rows, self._gap = width, None, Row(None, Content(""))
            self._blocks.clear()
        if self._rows is None:
            self._rows = self._rows_in(self._state)
        return self._rows

    def _rows_in(self, state: State) -> list[Row]:
        rows: list[Row] = []
        before = False
        for number, part in enumerate(part for part in self._parts if part.id not in state.away):
            unfolded = part.id in state.unfolded
            if number and (before or unfolded):
                rows.append(self._gap)
            rows += self._block(part, unfolded, unfolded and part.id == state.current)
            before = unfolded
        return rows

    def _block(self, part: Part, unfolded: bool, current: bool) -> list[Row]:
        key = part.id, unfolded, current
        if key not in self._blocks:
            lines, titles = fold_lines(part, self._width, unfolded=unfolded, current=current)
            self._blocks[key] = [Row(part, line, number < titles) for number, line in enumerate(lines)]
        return self._blocks[key]

    # -- drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in view, as they were drawn before; while text is selected, all of them by Textual's own way."""
        if self.text_selection is not None:
            return super().render_lines(crop)
        rows = self._rows_at(self.size.width)
        strips = [self._strip(y, rows[y] if y < len(rows) else self._gap) for y in crop.line_range]
        hovered = self.hover_style
        if self.auto_links and hovered.link_id and "@click" in hovered.meta:
            strips = [strip.style_links(hovered.link_id, self.link_style_hover) for strip in strips]
        x1, x2 = crop.column_span
        return strips if (x1, x2) == (0, self._width) else [strip.crop(x1, x2) for strip in strips]

    def _strip(self, y: int, row: Row) -> Strip:
        style = self.visual_style
        key = (self.app.theme, style)
        strip = row.drawn.get(key)
        if strip is None:
            blank = style.background_style.rich_style
            drawn = Visual.to_strips(self, row.line, self._width, 1, style, apply_selection=False)
            strip = row.drawn[key] = (drawn[0] if drawn else Strip([])).adjust_cell_length(self._width, blank)
        strip = strip.apply_offsets(0, y)
        for each in self.get_line_filters():
            strip = strip.apply_filter(each, self.background_colors[1])
        return strip

    def draw_ahead(self, state: State, height: int) -> None:
        """Draw, a few at a time, what a key may show: so many lines from the top of the part it makes the current, or
        from the first line where that part stands above."""
        if self._width:
            rows = self._rows_in(state)
            tops = (y for y, row in enumerate(rows) if row.part is not None and row.part.id == state.current)
            top = next(tops, 0)
            self._ahead.extend(islice(enumerate(rows), top, top + height))
            self.call_later(self._draw_some)

    def _draw_some(self) -> None:
        for _ in range(min(SLICE, len(self._ahead))):
            self._strip(*self._ahead.popleft())
        if self._ahead:
            self.call_later(self._draw_some)

    # -- the mouse

    def on_click(self, event: events.Click) -> None:
        """A title is the handle."""
        rows = self._rows_at(self.size.width)
        row = rows[event.y] if 0 <= event.y < len(rows) else None
        if row is not None and row.part is not None and row.is_title:
            self.post_message(self.Toggled(row.part))

    def action_follow(self, href: str) -> None:
        """A link was clicked."""
        self.post_message(self.Followed(href))
