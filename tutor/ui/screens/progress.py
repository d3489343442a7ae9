"""Progress: a list of figures, the one under the cursor opened beside it, or behind Enter where it is narrow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events, on, work
from textual.binding import BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tutor.study.progress import figures
from tutor.ui import keys
from tutor.ui.figures import Figure, figures_of
from tutor.ui.screens.base import TutorScreen
from tutor.ui.widgets.choice import Choice
from tutor.ui.widgets.figure import CountedRows, FigureHead, FigureLine


class ProgressScreen(TutorScreen):
    """Everything that is counted; Enter opens a figure, and a line of it what it is about."""

    MODE = "progress"
    CSS_PATH = "../progress.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.PROGRESS]

    class AllCounted(Message):
        """All figures as of now."""

        def __init__(self, figures: tuple[Figure, ...]) -> None:
            super().__init__()
            self.figures = figures

    def __init__(self) -> None:
        super().__init__()
        self._figures: dict[str, Figure] = {}
        self._shown = ""

    def body(self) -> Iterable[Widget]:
        """List and figure."""
        with Container(id="progress"):
            with VerticalScroll(id="figures", can_focus=False):
                yield Static("Progress", classes="title title-of-page")
                yield Static("Counting …", id="counting")
            with Vertical(id="figure"):
                yield FigureHead(id="figure-head")
                yield CountedRows(id="counted")

    def fill(self) -> None:
        """Count what was done so far."""
        self._count()

    def on_screen_resume(self) -> None:
        """Progress may have grown while one was elsewhere."""
        if self.tutor.loaded:
            self.fill()
            self.show_status()

    @work(thread=True, exclusive=True, exit_on_error=False, group="figures")
    def _count(self) -> None:
        if (learner := self.tutor.desk.learner) is not None:
            counted = figures(learner.copy(), self.tutor.desk.now())
            self.post_message(self.AllCounted(figures_of(counted, learner.bank)))

    async def on_progress_screen_all_counted(self, event: AllCounted) -> None:
        """Show the new figures where the old ones were."""
        counted, first = event.figures, not self._figures
        self._figures = {figure.id: figure for figure in counted}
        if first:
            await self.query_one("#counting").remove()
            await self.query_one("#figures").mount(*map(FigureLine, counted))
            self.query(FigureLine).first().focus()
        for line, figure in zip(self.query(FigureLine), counted, strict=True):
            line.show(figure)
        self._show(self._shown or counted[0].id)

    def _show(self, id: str) -> None:
        if id != self._shown:
            self.query_one(CountedRows).cursor = 0
            self.query_one(CountedRows).scroll_home(animate=False)
        self._shown = id
        self.query_one(FigureHead).show(self._figures[id])
        self.query_one(CountedRows).show(self._figures[id].counted)
        for line in self.query(FigureLine):
            line.set_class(line.figure.id == id, "-shown")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The figure under the cursor is the one beside the list."""
        if isinstance(event.widget, FigureLine):
            self._show(event.widget.figure.id)

    @on(Choice.Chosen)
    def _opened(self, event: Choice.Chosen) -> None:
        if isinstance(event.choice, FigureLine):
            self._open(event.choice.figure.id)

    @on(CountedRows.Opened)
    def _go(self, event: CountedRows.Opened) -> None:
        kind, _, name = event.target.rpartition(":")
        if kind == "lab":
            self.tutor.open_lab(name)
        elif kind == "mock":
            self._open_interview(name)
        else:
            self.tutor.open_question(event.target)

    def _open_interview(self, id: str) -> None:
        from tutor.ui.screens.scorecard import ScorecardScreen

        learner = self.tutor.desk.learner
        for kept in learner.mocks if learner is not None else ():
            if kept.mock.id == id:
                self.app.push_screen(ScorecardScreen(kept))

    def action_step(self, by: int) -> None:
        """Another figure of the list."""
        lines = list(self.query(FigureLine))
        here = next((place for place, line in enumerate(lines) if line.figure.id == self._shown), 0)
        if lines:
            lines[min(max(here + by, 0), len(lines) - 1)].focus()

    def action_other_pane(self) -> None:
        """From the list to what is counted, and back."""
        if isinstance(self.focused, CountedRows):
            self._close()
        elif self._figures:
            self._open(self._shown)

    def action_leave(self) -> None:
        """Back to the list; from there to Today."""
        if isinstance(self.focused, CountedRows):
            self._close()
        else:
            self.tutor.action_go("today")

    def _open(self, id: str) -> None:
        self._show(id)
        self.add_class("-opened")
        self.query_one(CountedRows).focus()

    def _close(self) -> None:
        self.remove_class("-opened")
        self.query_one(f"#figure-{self._shown}").focus()
