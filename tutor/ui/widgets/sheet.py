"""A widget that is lines of text: what draws them gets the width, so that indents, boxes and tables hang right."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tutor.ui.lines import Lines


class Sheet(Widget):
    """As high as its lines. Subclasses override `lines`, or give a function of the width."""

    def __init__(
        self,
        lines: Callable[[int], Lines] | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes, name=name)
        self._given = lines

    def lines(self, width: int) -> Lines:
        """What is shown at this width, in cells; no line is wider."""
        return self._given(width) if self._given is not None else []

    def update(self, lines: Callable[[int], Lines]) -> None:
        """Show other lines."""
        self._given = lines
        self.redraw()

    def redraw(self) -> None:
        """Draw the lines of now; lay the screen out only where their number is another one."""
        here = self.content_size
        self.refresh(layout=not here.width or len(self.lines(here.width)) != here.height)

    def put_away(self, away: bool) -> None:
        """Take no room, or what the style sheet says. Not by a class: that would match all rules again."""
        self.styles.display = "none" if away else None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as lines."""
        return len(self.lines(width))

    def render(self) -> RenderResult:
        """All lines at the width of now."""
        return Content("\n").join(self.lines(self.content_size.width))
