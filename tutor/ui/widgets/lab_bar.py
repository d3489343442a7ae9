"""The line under the top: the lab's panes where only one fits, else its title; at the right end how the run stands."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

PANES = (("story", "Story"), ("wire", "Wire"), ("bytes", "Bytes"), ("parts", "Parts & verdicts"))


class LabBar(Widget):
    """One line; a click on a pane's name goes there."""

    ALLOW_SELECT = False

    pane: reactive[str] = reactive("story", layout=False)
    state: reactive[Content] = reactive(Content(""), layout=False)

    def __init__(self, title: str) -> None:
        super().__init__()
        self.auto_links = False
        self._title = title

    def on_resize(self) -> None:
        """The screen's class that says how narrow it is comes after the size, and the first picture before both."""
        self.call_after_refresh(self.refresh)

    def render(self) -> Content:
        """Left and right; the right end gives way."""
        left = self._panes() if self.screen.has_class("-narrow") else Content.styled(f" {self._title}", "bold")
        room = max(0, self.size.width - left.cell_length - 2)
        state = self.state.truncate(room, ellipsis=True)
        return left + " " * (room - state.cell_length + 1) + state

    def _panes(self) -> Content:
        tabs = []
        for name, title in PANES:
            style = "bold reverse $primary" if name == self.pane else "$foreground 75%"
            go = Style.from_meta({"@click": f"screen.pane({name!r})"})
            tabs.append(Content.styled(f" {title} ", style).stylize(go))
        return Content("").join(tabs)
