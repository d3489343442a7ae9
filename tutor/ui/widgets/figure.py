"""One figure opened: what it says, its chart, and every thing that it counts, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from labs.wire.printable import cut, printable
from tutor.ui import keys
from tutor.ui.charts import bar
from tutor.ui.figures import Counted, Figure
from tutor.ui.lines import Lines
from tutor.ui.widgets.choice import Choice
from tutor.ui.widgets.rows import Piece, Rows
from tutor.ui.widgets.sheet import Sheet

TITLE, VALUE, BAR, MAX_BAR = 17, 24, 8, 40  # cells
NOTHING = "Nothing is counted here yet."


class FigureLine(Choice):
    """A figure in the list: title, value, and a bar where there is room for it."""

    def __init__(self, figure: Figure) -> None:
        super().__init__("", Content(""), id=f"figure-{figure.id}", classes="figure")
        self.figure = figure

    def show(self, figure: Figure) -> None:
        """The same figure, as of now."""
        self.figure = figure
        self.refresh(layout=True)

    def lines(self, width: int) -> Lines:
        """One line."""
        figure = self.figure
        line = Content.assemble((figure.title.ljust(TITLE), "bold"), figure.value.ljust(VALUE))
        if figure.share is not None and width >= TITLE + VALUE + BAR:
            line += bar(figure.share, min(MAX_BAR, width - TITLE - VALUE))
        return [line.rstrip()]


class FigureHead(Sheet):
    """Title, sentence, chart."""

    def show(self, figure: Figure) -> None:
        """Draw this figure."""
        self.update(lambda width: _head(figure, width))


def _head(figure: Figure, width: int) -> Lines:
    title = Content.assemble((figure.title, "bold $primary"), f"  {figure.value}")
    about = Content.styled(figure.about, "$foreground 80%").wrap(min(width, 80))
    chart = figure.chart(width)
    return [title, *about, Content(""), *chart, *([Content("")] if chart else [])]


class CountedRows(Rows):
    """What a figure counts; Enter opens a question or a lab."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.COUNTED]

    class Opened(Message):
        """The learner wants to see what is behind the line."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[Counted, ...] = ()

    def show(self, lines: tuple[Counted, ...]) -> None:
        """Show these; the cursor stays where it is, if it can."""
        self._lines = lines
        self.cursor = min(max(self.cursor, 0), len(lines) - 1)
        self.measure()
        self.refresh()

    @property
    def count(self) -> int:
        """A row a line."""
        return len(self._lines)

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """The text, and a mark where it leads somewhere."""
        line = self._lines[index]
        yield cut(printable(line.text), min(width, self.scrollable_content_region.width) - 2), ""
        if line.target:
            yield " ›", "accent"

    def hint(self) -> str:
        """What is said where nothing was counted."""
        return NOTHING

    def action_open(self) -> None:
        """Go to what the line is about."""
        target = self._lines[self.cursor].target if 0 <= self.cursor < self.count else ""
        if target:
            self.post_message(self.Opened(target))

    def on_click(self, event: events.Click) -> None:
        """A click on the line under the cursor opens it."""
        if self.line_at(event) == self.cursor:
            self.action_open()
