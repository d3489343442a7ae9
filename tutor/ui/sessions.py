"""Which screen a quiz mode has, and how it starts. A screen is imported when its mode is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.study.model import Fact, Question

if TYPE_CHECKING:
    from tutor.study.mock_plan import MockPlan
    from tutor.ui.app import TutorApp


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for: None is as the learner left it, or as much as fits."""

    mode: str
    count: int | None = None
    plan: MockPlan | None = None
    clock: bool | None = None


def start(app: TutorApp, wanted: Wanted, plan: Sequence[Question | Fact | str] = ()) -> None:
    """Put the session over the screen of now; `plan` is what is asked, where that is known."""
    if wanted.mode == "rapid":
        from tutor.ui.screens.rapid import RapidScreen

        facts = [each for each in plan if isinstance(each, Fact)]
        app.push_screen(RapidScreen(facts, wanted.count, clock=wanted.clock))
    elif wanted.mode == "choices":
        from tutor.ui.screens.choices import ChoicesScreen

        app.push_screen(ChoicesScreen(wanted.count))
    elif wanted.mode == "bytes":
        from tutor.ui.screens.bytes import BytesScreen

        app.push_screen(BytesScreen(wanted.count))
    elif wanted.mode == "mock":
        _start_mock(app, wanted.plan)
    else:
        from tutor.ui.screens.drill import DrillScreen

        app.push_screen(DrillScreen(plan, wanted.count))


def _start_mock(app: TutorApp, plan: MockPlan | None) -> None:
    """Ask for length and mix first, unless that was done."""
    from tutor.study.mock_plan import SETTING, MockPlan
    from tutor.ui.screens.mock import MockScreen
    from tutor.ui.screens.mock_setup import MockSetup

    def begin(plan: MockPlan | None) -> None:
        if plan is not None:
            app.desk.keep_setting(SETTING, plan.to_setting())
            app.push_screen(MockScreen(plan))

    if plan is not None:
        app.push_screen(MockScreen(plan))
    else:
        app.push_screen(MockSetup(MockPlan.from_setting(app.desk.setting(SETTING, "{}"))), begin)
