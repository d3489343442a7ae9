"""Asks for the day of the interview and the minutes a day. What they mean for the plan is the engine's business."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tutor.study.schedule import Goal, GoalError, parse_interview, parse_minutes
from tutor.ui import keys
from tutor.ui.plan_lines import day_name, distance
from tutor.ui.screens.base import Dialog

T = TypeVar("T")
MAX_TYPED = 40


class GoalDialog(Dialog[Goal]):
    """Two lines to type in, what each is taken for beneath it. Gives back a goal; Esc leaves all as it was."""

    BINDINGS = keys.GOAL
    AUTO_FOCUS = "#interview"

    def __init__(self, goal: Goal, today: date) -> None:
        super().__init__()
        self._goal = goal
        self._today = today

    def compose(self) -> ComposeResult:
        """A question, a line, an answer; twice."""
        day = self._goal.interview
        typed = day.isoformat() if day is not None and day >= self._today else ""
        with VerticalScroll(classes="dialog small", can_focus=False):
            yield Static("What the plan is for", classes="title")
            yield Static("When is the interview?")
            yield Input(typed, id="interview", placeholder="not known yet", compact=True, max_length=MAX_TYPED)
            yield Static("", id="interview-is", classes="said", markup=False)
            yield Static("How many minutes a day?")
            yield Input(str(self._goal.minutes), id="minutes", compact=True, max_length=MAX_TYPED)
            yield Static("", id="minutes-are", classes="said", markup=False)
            yield Static("Enter keeps both; either can change at any time.", classes="hint")

    @on(Input.Changed, "#interview")
    def _interview(self) -> date | GoalError | None:
        taken = _taken(lambda: parse_interview(self._typed("#interview"), self._today))
        self._say("#interview-is", _about_day(taken, self._today))
        return taken

    @on(Input.Changed, "#minutes")
    def _minutes(self) -> int | GoalError:
        taken = _taken(lambda: parse_minutes(self._typed("#minutes")))
        self._say("#minutes-are", _refused(taken) if isinstance(taken, GoalError) else Content(""))
        return taken

    @on(Input.Submitted)
    def _keep(self) -> None:
        interview, minutes = self._interview(), self._minutes()
        if isinstance(interview, GoalError):
            self.query_one("#interview").focus()
        elif isinstance(minutes, GoalError):
            self.query_one("#minutes").focus()
        else:
            self.dismiss(Goal(interview, minutes))

    def _typed(self, selector: str) -> str:
        return self.query_one(selector, Input).value

    def _say(self, selector: str, text: Content) -> None:
        self.query_one(selector, Static).update(text)


def _taken(parse: Callable[[], T]) -> T | GoalError:
    try:
        return parse()
    except GoalError as error:
        return error


def _about_day(taken: date | GoalError | None, today: date) -> Content:
    if isinstance(taken, GoalError):
        return _refused(taken)
    if taken is None:
        text = f"A date such as {today.isoformat()}, “in 6 days”, “Thursday”; empty: the plan looks 30 days ahead."
        return Content.styled(text, "$foreground 70%")
    return Content.styled(f"✓ {day_name(taken)}, {distance((taken - today).days)}", "$text-success")


def _refused(error: GoalError) -> Content:
    return Content.styled(f"✗ {error}", "$text-error")
