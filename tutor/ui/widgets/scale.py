"""A row of things to press by their number: how sure, how well it was known."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.style import Style

from tutor.study.reviews import Confidence, Rating
from tutor.ui.lines import Lines
from tutor.ui.widgets.sheet import Sheet

Steps = Mapping[Confidence, str] | Mapping[Rating, str]
NONE: Steps = {}


class Scale(Sheet):
    """A line of words above the row; `marked` is the one that Enter takes. A click on one is its key."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.auto_links = False
        self._said = Content("")
        self._steps: Steps = NONE
        self._marked = 0

    def show(self, said: Content | str, steps: Steps = NONE, marked: int = 0) -> None:
        """Other words, other steps."""
        self._said = Content(said) if isinstance(said, str) else said
        self._steps, self._marked = steps, marked
        self.redraw()

    def lines(self, width: int) -> Lines:
        """The words, and as many rows as the steps take."""
        rows: Lines = [*(self._said.wrap(width) if self._said else [])]
        row = Content("")
        for number, name in self._steps.items():
            step = self._step(number, name)
            if row and row.cell_length + step.cell_length > width:
                rows.append(row)
                row = Content("")
            row += step
        return [*rows, row] if row else rows

    def _step(self, number: int, name: str) -> Content:
        press = Style.from_meta({"@click": f"press('{number}')"})
        here = number == self._marked
        text = Content.assemble((f" {number} ", "bold $primary"), (f"{name} ", "bold" if here else ""))
        if here:
            text = Content(f" ▸{number} {name} ").stylize("bold reverse $primary")
        return text.stylize(press)

    def action_press(self, key: str) -> None:
        """Do what the key would do."""
        self.app.simulate_key(key)
