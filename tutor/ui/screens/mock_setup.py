"""Before a mock interview: how long, and which levels."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.study.mock import LEVELS, MINUTES
from tutor.study.mock_plan import SHARES, MockPlan
from tutor.ui import keys
from tutor.ui.screens.base import Dialog
from tutor.ui.widgets.knobs import Cycle

STEP = 5  # minutes


class MockSetup(Dialog[MockPlan]):
    """Turn the values, Enter begins."""

    CSS_PATH = "../quiz.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.MOCK_SETUP]

    def __init__(self, plan: MockPlan) -> None:
        super().__init__()
        self._first = plan

    def compose(self) -> ComposeResult:
        """A line for the length, one for each level."""
        low, high = MINUTES
        with VerticalScroll(classes="dialog small", can_focus=False):
            yield Static("Mock interview", classes="title")
            yield Static("Minutes", classes="setup")
            yield Cycle(tuple(map(str, range(low, high + 1, STEP))), str(self._first.minutes))
            for level in LEVELS:
                yield Static(f"Share of {level} questions", classes="setup")
                yield Cycle(tuple(map(str, SHARES)), str(self._first.mix[level]))
            yield Static("", id="plan-said", classes="setup", markup=False)

    def on_mount(self) -> None:
        """Say what comes of it, at once and after each turn."""
        for cycle in self.query(Cycle):
            self.watch(cycle, "value", self._turned, init=False)
        self._turned()

    def _turned(self) -> None:
        text = f"\nAbout {self.plan.count} questions, the easier levels first. ← → turn a value, Enter begins."
        self.query_one("#plan-said", Static).update(Content(text))

    @property
    def plan(self) -> MockPlan:
        """As it stands there."""
        minutes, *shares = (int(cycle.value) for cycle in self.query(Cycle))
        return MockPlan(minutes, dict(zip(LEVELS, shares, strict=True)))

    @on(Cycle.Submitted)
    def _begin(self) -> None:
        self.dismiss(self.plan)
