"""The labs and how each went so far; beside them, where there is room, every claim of the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from textual import events, on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from labs import catalog
from labs.lab import Lab
from tutor.study.store import LabRun
from tutor.ui import keys
from tutor.ui.lines import Lines, counted, hang
from tutor.ui.screens.base import Page, TutorScreen
from tutor.ui.screens.today import lab_line
from tutor.ui.widgets.choice import Choice
from tutor.ui.widgets.sheet import Sheet


class LabsScreen(TutorScreen):
    """The catalogue."""

    MODE = "labs"
    BINDINGS = keys.LABS
    AUTO_FOCUS = "Choice"

    def body(self) -> Iterable[Widget]:
        """The list, and the claims."""
        with Horizontal():
            with Page(id="labs"):
                yield Static("Labs", classes="title title-of-page")
                for lab in catalog.LABS:
                    yield Choice(lab.name.ljust(11), lab_line(lab), id=f"lab-{lab.name}", classes="lab")
            with VerticalScroll(id="claims", can_focus=False):
                yield Sheet(id="verdicts")

    def fill(self) -> None:
        """Say how each lab went."""
        learner = self.tutor.desk.learner
        for lab in catalog.LABS:
            runs = [run for run in learner.lab_runs if run.lab == lab.name] if learner is not None else []
            self.query_one(f"#lab-{lab.name}", Choice).label = lab_line(lab) + _history(runs)

    def on_screen_resume(self) -> None:
        """A lab may have been run since."""
        if self.tutor.loaded:
            self.fill()
            self.show_status()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show what the lab under the cursor measures."""
        lab = catalog.find((event.widget.id or "").removeprefix("lab-"))
        if lab is not None:
            self.query_one("#verdicts", Sheet).update(partial(_verdicts, lab))
            self.query_one("#claims").scroll_home(animate=False)
        if lab is catalog.LABS[0]:  # what stands above it comes into view, too
            self.call_after_refresh(self.query_one("#labs").scroll_home, animate=False)

    @on(Choice.Chosen, ".lab")
    def _lab_chosen(self, event: Choice.Chosen) -> None:
        self.tutor.open_lab((event.choice.id or "").removeprefix("lab-"))


def _history(runs: Sequence[LabRun]) -> Content:
    """How often it was run, and what came of the last one."""
    if not runs:
        return Content("")
    held, of = sum(runs[0].verdicts.values()), len(runs[0].verdicts)
    mark = "✓" if held == of else "✗"
    return Content.styled(f"\n{mark} {held} of {of} held last time; run {counted(len(runs), 'time')}", "dim")


def _verdicts(lab: Lab, width: int) -> Lines:
    """Each claim, and the name that its verdict has on the tape."""
    lines = [Content.styled(f"What {lab.name} measures", "bold $primary"), Content("")]
    for name, claim in lab.verdicts.items():
        lines += hang(Content.assemble(claim, (f"  {name}", "dim")), "· ", width)
    return lines
