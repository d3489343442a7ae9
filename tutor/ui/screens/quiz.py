"""The quiz: what ways there are to test oneself and what each has to ask now. Enter starts one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tutor.study.model import Fact, Question
from tutor.ui import keys
from tutor.ui.screens.base import TutorScreen
from tutor.ui.widgets.choice import Choice

MODES: dict[str, tuple[str, str]] = {
    "drill": ("Drill", "Flash cards: say it aloud, look, tick what you said."),
}


class QuizScreen(TutorScreen):
    """The modes, each with what is due."""

    MODE = "quiz"
    CSS_PATH = "../quiz.tcss"
    BINDINGS = keys.QUIZ
    AUTO_FOCUS = "Choice"

    def body(self) -> Iterable[Widget]:
        """A line of choice each."""
        with VerticalScroll(id="quiz", can_focus=False):
            yield Static("Quiz", classes="title title-of-page")
            for mode, (title, about) in MODES.items():
                yield Choice(title.ljust(16), Content(about), id=f"quiz-{mode}", classes="mode")

    @on(Choice.Chosen, ".mode")
    def _chosen(self, event: Choice.Chosen) -> None:
        self.tutor.open_quiz((event.choice.id or "").removeprefix("quiz-"))


def session_of(mode: str, plan: Sequence[Question | Fact | str] = ()) -> Screen[None]:
    """The screen of a session."""
    from tutor.ui.screens.drill import DrillScreen

    return DrillScreen(plan)
