"""The labs and every claim that each of them measures; Enter opens one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from labs import catalog
from labs.lab import Lab
from tutor.ui import keys
from tutor.ui.lines import Lines, hang
from tutor.ui.screens.base import TutorScreen
from tutor.ui.screens.today import lab_line
from tutor.ui.widgets.choice import Choice
from tutor.ui.widgets.sheet import Sheet


class LabsScreen(TutorScreen):
    """The catalogue."""

    MODE = "labs"
    BINDINGS = keys.LABS
    AUTO_FOCUS = "Choice"

    def body(self) -> Iterable[Widget]:
        """Each lab with its verdicts."""
        with VerticalScroll(id="labs", can_focus=False):
            yield Static("Labs", classes="title title-of-page")
            for lab in catalog.LABS:
                yield Choice(lab.name.ljust(11), lab_line(lab), id=f"lab-{lab.name}", classes="lab")
                yield Sheet(partial(_verdicts, lab), classes="verdicts")

    @on(Choice.Chosen, ".lab")
    def _lab_chosen(self, event: Choice.Chosen) -> None:
        self.tutor.open_lab((event.choice.id or "").removeprefix("lab-"))


def _verdicts(lab: Lab, width: int) -> Lines:
    """Each claim, and the name that its verdict has on the tape."""
    return [
        line
        for name, claim in lab.verdicts.items()
        for line in hang(Content.assemble(claim, (f"  {name}", "dim")), "· ", width)
    ]
