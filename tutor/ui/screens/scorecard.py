"""What came of a mock interview: by level, by topic, by confidence, beside the last one; what to read and run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from labs import catalog
from tutor.study import home
from tutor.study.mock import Scorecard, markdown, scorecard
from tutor.study.reviews import KeptMock
from tutor.ui import keys
from tutor.ui.screens.base import TutorScreen
from tutor.ui.typeset import typeset
from tutor.ui.widgets.bars import TopBar
from tutor.ui.widgets.choice import Choice
from tutor.ui.widgets.sheet import Sheet

MOST_READ = 3
"""So many questions are offered to be read"""


class ScorecardScreen(TutorScreen):
    """An interview that is on file."""

    MODE = "quiz"
    CSS_PATH = "../quiz.tcss"
    AUTO_FOCUS = "Choice"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.SCORECARD]

    def __init__(self, kept: KeptMock) -> None:
        super().__init__()
        self._kept = kept

    def body(self) -> Iterable[Widget]:
        """Where to go from here, then all of it."""
        with VerticalScroll(id="scorecard", can_focus=False):
            yield Static("Next", classes="heading")
            yield from self._next()
            yield Sheet(lambda width: typeset(self.text, width), id="report")

    @property
    def text(self) -> str:
        """The whole report, Markdown."""
        learner = self.tutor.desk.learner
        before = learner.last_mock(self._kept.mock) if learner else None
        return markdown(self._kept, self.tutor.desk.bank, before)

    @property
    def _card(self) -> Scorecard:
        return scorecard(self._kept, self.tutor.desk.bank)

    def _next(self) -> Iterable[Widget]:
        card = self._card
        for key in card.read[:MOST_READ]:
            question = self.tutor.desk.question(key)
            if question is not None:
                yield Choice("Read  ", Content(f"{question.ref}  {question.ask}"), id=f"read-{key}", classes="read")
        if lab := catalog.find(card.lab):
            yield Choice("Run   ", Content(f"{lab.name}  {lab.title}"), id=f"lab-{lab.name}", classes="lab")
        yield Choice("Back  ", Content("To the modes"), id="back")

    def show_status(self) -> None:
        """Where one is; before all, where nothing is being saved."""
        self.query_one(TopBar).status = "✗ not saved" if self.tutor.desk.problem else "Scorecard"

    @on(Choice.Chosen, ".read")
    def _read(self, event: Choice.Chosen) -> None:
        self.tutor.open_question((event.choice.id or "").removeprefix("read-"))

    @on(Choice.Chosen, ".lab")
    def _run(self, event: Choice.Chosen) -> None:
        self.tutor.open_lab((event.choice.id or "").removeprefix("lab-"))

    @on(Choice.Chosen, "#back")
    def action_leave(self) -> None:
        """To the modes."""
        self.app.pop_screen()

    def action_copy(self) -> None:
        """The report to the clipboard."""
        self.app.copy_to_clipboard(self.text)
        self.notify("Copied as Markdown.")

    @property
    def file(self) -> Path:
        """Where the report is written to."""
        return home.data_folder() / "interviews" / f"mock-{self._kept.mock.at:%Y%m%d-%H%M%S}.md"

    async def action_save(self) -> None:
        """The report to a file."""
        try:
            await asyncio.to_thread(_write, self.file, self.text)
        except OSError as error:
            self.notify(f"{self.file}: cannot be written ({error.strerror}).", severity="error", markup=False)
        else:
            self.notify(f"Written: {self.file}", markup=False, timeout=10)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
