"""The quiz: what ways there are to test oneself and what each has to ask now. Enter starts one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tutor.study.learner import Learner
from tutor.study.model import Fact, Question
from tutor.ui import keys
from tutor.ui.lines import counted
from tutor.ui.quiz_text import interview
from tutor.ui.screens.base import Page, TutorScreen
from tutor.ui.widgets.choice import Choice

MODES = {
    "drill": ("Drill", "Flash cards: say it aloud, look, tick what you said."),
    "rapid": ("Rapid-fire", "Facts: short answers, typed, compared exactly; with a clock or without."),
    "choices": ("Choices", "One option is right; the why of each is told."),
    "bytes": ("Byte drills", "Read, unmask, decode: real bytes, made anew without end."),
    "mock": ("Mock interview", "20 to 60 minutes, mixed by level; a rubric, follow-ups, a scorecard."),
}
KEPT_SHOWN = 5
"""So many past interviews can be opened from here"""


class QuizScreen(TutorScreen):
    """The modes, each with what is due; below them the interviews that are on file."""

    MODE = "quiz"
    CSS_PATH = "../quiz.tcss"
    BINDINGS = keys.QUIZ
    AUTO_FOCUS = "Choice"

    def __init__(self, *, behind: bool = False) -> None:
        """`behind`: a session stands over it from the first; it is composed when one comes here."""
        super().__init__()
        self._behind = behind

    def compose(self) -> ComposeResult:
        """Nothing, while a session stands over it."""
        if not self._behind:
            yield from super().compose()

    def show_status(self) -> None:
        """Say it where it is seen."""
        if not self._behind:
            super().show_status()

    def body(self) -> Iterable[Widget]:
        """A line of choice each."""
        with Page(id="quiz"):
            yield Static("Quiz", classes="title title-of-page")
            for mode in MODES:
                yield Choice(MODES[mode][0].ljust(16), _about(mode, ""), id=f"quiz-{mode}", classes="mode")
            yield Static("Interviews so far", classes="heading", id="interviews")
            for place in range(KEPT_SHOWN):
                yield Choice("", Content(""), id=f"kept-{place}", classes="kept")

    def fill(self) -> None:
        """Say what there is to ask now."""
        learner = self.tutor.desk.learner
        if learner is None or self._behind or not self.is_current:  # it is filled again when one comes here
            return
        for mode, said in waiting(learner, self.tutor.desk.now()).items():
            self.query_one(f"#quiz-{mode}", Choice).label = _about(mode, said)
        kept = [each for each in learner.mocks if each.answers][:KEPT_SHOWN]
        self.query_one("#interviews").display = bool(kept)
        for place, choice in enumerate(self.query(".kept").results(Choice)):
            choice.display = place < len(kept)
            if choice.display:
                choice.label = Content(interview(kept[place]))

    async def on_screen_resume(self) -> None:
        """Something may have been learnt since."""
        if self._behind and self.is_current:
            self._behind = False
            await self.recompose()
            self.query(Choice).first().focus()
        if self.tutor.loaded and not self._behind:
            self.fill()
            self.show_status()

    @on(Choice.Chosen, ".mode")
    def _chosen(self, event: Choice.Chosen) -> None:
        self.tutor.open_quiz((event.choice.id or "").removeprefix("quiz-"))

    @on(Choice.Chosen, ".kept")
    def _open_kept(self, event: Choice.Chosen) -> None:
        from tutor.ui.screens.scorecard import ScorecardScreen

        learner = self.tutor.desk.learner
        if learner is not None:
            kept = [each for each in learner.mocks if each.answers]
            place = int((event.choice.id or "").removeprefix("kept-"))
            self.app.push_screen(ScorecardScreen(kept[place]))


def _about(mode: str, said: str) -> Content:
    return Content.assemble(MODES[mode][1], (f"\n{said}" if said else "", "dim"))


def waiting(learner: Learner, now: datetime) -> dict[str, str]:
    """What each mode has to ask, in a few words."""
    drilled = [each for each in learner.reviews if each.mode == "bytes"]
    choices = sum(len(question.choices) for question in learner.bank.questions)
    right = f", {sum(each.right for each in drilled)} of {len(drilled)} right so far" if drilled else ""
    return {
        "drill": _due(learner, learner.bank.questions, now),
        "rapid": _due(learner, learner.bank.facts, now),
        "choices": counted(choices, "choice") if choices else "this bank has none",
        "bytes": f"8 kinds{right}",
        "mock": counted(len(learner.bank.questions), "question") + " to draw from",
    }


def _due(learner: Learner, entries: Sequence[Question | Fact], now: datetime) -> str:
    if not entries:
        return "this bank has none"
    unseen = sum(not learner.memory.seen(entry.id) for entry in entries)
    due = sum((at := learner.memory.due(entry.id)) is not None and at <= now for entry in entries)
    said = [f"{due} due"] * bool(due) + [f"{unseen} not asked yet"] * bool(unseen)
    return ", ".join(said) or f"all {len(entries)} known for now"
