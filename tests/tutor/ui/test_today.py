"""The first screen: useful on the first run; afterwards the day's plan, and where one left off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from textual.widgets import Input

from labs import catalog
from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.screen_text import assert_snapshot, assert_snapshots, screen_text, until
from tutor.study.reviews import Reviews, review
from tutor.study.schedule import Goal
from tutor.study.store import Store
from tutor.ui.desk import Desk
from tutor.ui.screens.drill import DrillScreen
from tutor.ui.screens.goal import GoalDialog
from tutor.ui.screens.lab import LabScreen
from tutor.ui.screens.questions import QuestionsScreen
from tutor.ui.screens.rapid import RapidScreen
from tutor.ui.widgets.reader import Reader

pytestmark = pytest.mark.usefixtures("two_labs")
NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)
"""A Monday"""
EVENING = datetime(2026, 8, 7, 19, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Today is NOON; what a test puts in front of it holds from then on."""
    times = [NOON]
    monkeypatch.setattr(Desk, "now", staticmethod(lambda: times[0]))
    return times


def keep(goal: Goal, *answers: tuple[str, int, int]) -> None:
    """Somebody studied before: answers are card, rating, and how sure one was."""
    store = Store()
    for name, value in goal.to_settings().items():
        store.keep_setting(name, value)
    for card, rating, sure in answers:
        Reviews(store).add(review(card, NOON - timedelta(days=1), "drill", rating, sure))  # type: ignore[arg-type]
    store.close()


async def test_first_run(tutor: Open) -> None:
    async with tutor(size=(80, 24)) as pilot:
        await until(pilot, lambda: "4 questions, 1 fact" in screen_text(pilot.app), "the plan")
        await assert_snapshots(pilot, "today")


async def test_enter_starts_the_session_and_it_goes_on_after_the_lab(tutor: Open) -> None:
    async with tutor("enter") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, DrillScreen), "the session")
        await until(pilot, lambda: "Walk me through" in screen_text(pilot.app), "Q1")
        await press(pilot, "3", "enter")
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "typed", "a fact")
        await press(pilot, "1", "0", "1", "enter", "enter")
        await until(pilot, lambda: "Now a lab" in screen_text(pilot.app), "the lab")
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, LabScreen), "the lab is open")
        await press(pilot, "escape", "enter")
        await until(pilot, lambda: "Why does a client mask" in screen_text(pilot.app), "the next card")


async def test_reading_starts_with_the_first_question(tutor: Open) -> None:
    async with tutor("j", "enter") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionsScreen), "the questions")
        await until(pilot, lambda: "Walk me through" in screen_text(pilot.app), "Q1")
        assert isinstance(pilot.app.focused, Reader)


async def test_it_continues_where_one_left(tutor: Open) -> None:
    async with tutor("2", "n", "n", "a") as pilot:
        await until(pilot, lambda: "One side is gone" in screen_text(pilot.app), "the answer of Q3")
        await press(pilot, "1")
        assert "Continue: Q3" in screen_text(pilot.app)
        assert "○ ○ ◐" in screen_text(pilot.app)
    async with tutor() as pilot:
        assert "Continue: Q3" in screen_text(pilot.app)
        await press(pilot, "j", "enter")
        await until(pilot, lambda: "One side is gone" in screen_text(pilot.app), "Q3 as it was left")


# -- the interview


async def test_the_day_is_asked_for_and_can_wait(tutor: Open, clock: list[datetime]) -> None:
    async with tutor(size=(80, 24)) as pilot:
        assert "When is the interview?" in screen_text(pilot.app)
        await press(pilot, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, GoalDialog), "the question")
        await press(pilot, "escape")
        assert "When is the interview?" in screen_text(pilot.app)
        await press(pilot, "i", *"soon")
        await until(pilot, lambda: "✗ 'soon' is no date" in screen_text(pilot.app), "what is wrong")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, GoalDialog)
        pilot.app.screen.query_one("#interview", Input).value = "in 5 days"
        pilot.app.screen.query_one("#minutes", Input).value = "2"
        await press(pilot, "enter")
        await until(pilot, lambda: "whole minutes from 5 to 480" in screen_text(pilot.app), "what is wrong")
        assert pilot.app.focused is not None and pilot.app.focused.id == "minutes"
        await assert_snapshot(pilot, "goal-80x24")
        pilot.app.screen.query_one("#minutes", Input).value = "10"
        await press(pilot, "enter")
        await until(pilot, lambda: "In 5 days, on Saturday 8 August 2026" in screen_text(pilot.app), "the day")
        await until(pilot, lambda: "Start 10 minutes" in screen_text(pilot.app), "the shorter session")
    assert Goal.from_settings(Store().settings()) == Goal(date(2026, 8, 8), 10)
    clock.insert(0, NOON + timedelta(days=10))
    async with tutor() as pilot:
        await until(pilot, lambda: "It was on Saturday 8 August 2026" in screen_text(pilot.app), "that it has passed")
        await press(pilot, "j", "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, GoalDialog), "the question, by its line")
        assert pilot.app.screen.query_one("#interview", Input).value == ""


async def test_leaving_at_the_moment_at_which_one_asks(tutor: Open) -> None:
    async with tutor() as pilot:
        for key in "qi":
            pilot.app.simulate_key(key)
        await until(pilot, lambda: not pilot.app.is_running, "the app has ended")
        assert pilot.app.return_code == 0


async def test_what_is_expected_and_weak(tutor: Open, clock: list[datetime]) -> None:
    keep(Goal(date(2026, 8, 8)), ("opening-handshake", 3, 2), ("half-open", 1, 3))
    async with tutor(size=(160, 50)) as pilot:
        await until(pilot, lambda: "not answered yet" in screen_text(pilot.app), "the plan")
        await assert_snapshot(pilot, "today-planned-160x50")
    clock.insert(0, NOON + timedelta(days=3))
    async with tutor() as pilot:  # days were missed: the plan is another one, and nothing is owed
        await until(pilot, lambda: "recall if nothing more is done" in screen_text(pilot.app), "the plan")
        assert not {"overdue", "streak", "behind"} & set(screen_text(pilot.app).split())


async def test_the_last_evening(tutor: Open, clock: list[datetime]) -> None:
    keep(Goal(date(2026, 8, 8)), ("opening-handshake", 3, 2), ("half-open", 1, 3))
    clock.insert(0, EVENING)
    async with tutor(size=(80, 24)) as pilot:
        await until(pilot, lambda: "then stop." in screen_text(pilot.app), "the evening")
        await assert_snapshot(pilot, "today-evening-80x24")
        await press(pilot, "j", "j", "j")
        assert pilot.app.focused is not None and pilot.app.focused.name == "half-open"
        await press(pilot, "enter")
        await until(pilot, lambda: "half-open connection" in screen_text(pilot.app), "what one was certain of")
        await press(pilot, "1", "k", "k", "k", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RapidScreen), "rapid-fire")


# -- the rest of it


async def test_faults_are_shown_and_the_rest_can_be_studied(tutor: Open, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("section: Broken\nentries:\n  - ask: 1\n    colour: red\n")
    async with tutor(paths=[bad, Path(__file__).parent / "sample"]) as pilot:
        assert "faults in the question files" in screen_text(pilot.app)
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: "unknown key" in screen_text(pilot.app), "the faults")
        assert "colour" in screen_text(pilot.app)
        await press(pilot, "escape", "j", "enter")
        await until(pilot, lambda: "Walk me through" in screen_text(pilot.app), "Q1")


@pytest.fixture
def blocked_home(home: Path) -> None:
    home.write_text("a file stands where the folder should be")


@pytest.mark.usefixtures("blocked_home")
async def test_why_progress_is_not_saved(tutor: Open) -> None:
    async with tutor(size=(160, 50)) as pilot:
        await until(pilot, lambda: "all the same" in screen_text(pilot.app), "what is wrong")
        assert screen_text(pilot.app).count("Progress is not saved") == 2
        assert "✗ not saved" in screen_text(pilot.app)


async def test_no_questions_at_all(tutor: Open, tmp_path: Path) -> None:
    async with tutor(paths=[tmp_path / "nowhere"]) as pilot:
        assert "1 fault in the question files" in screen_text(pilot.app)
        await press(pilot, "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionsScreen), "the questions")
        await press(pilot, "a", "e", "f", "F", "r", "x", "n", "p", "o", "y", "slash", "escape")
        assert "No question could be read. Press ! to see why." in screen_text(pilot.app)
        assert "This question has no such part." not in screen_text(pilot.app)
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: "nowhere" in screen_text(pilot.app), "the fault")


async def test_the_lab_is_chosen_with_the_mouse(tutor: Open) -> None:
    async with tutor() as pilot:
        opened: list[str] = []
        pilot.app.open_lab = lambda name, verdict="": opened.append(name)  # type: ignore[attr-defined]
        await pilot.click("#one-lab")
        await until(pilot, lambda: opened, "the lab")
        assert opened == [catalog.LABS[0].name]
