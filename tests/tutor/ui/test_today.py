"""The first screen: useful on the first run, and where one left off afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.screen_text import assert_snapshots, screen_text, until
from tutor.ui.screens.questions import QuestionsScreen
from tutor.ui.widgets.reader import Reader


async def test_first_run(tutor: Open) -> None:
    async with tutor(size=(80, 24)) as pilot:
        await assert_snapshots(pilot, "today")


async def test_enter_starts_with_the_first_question(tutor: Open) -> None:
    async with tutor("enter") as pilot:
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
        await press(pilot, "enter")
        await until(pilot, lambda: "One side is gone" in screen_text(pilot.app), "Q3 as it was left")


async def test_faults_are_shown_and_the_rest_can_be_studied(tutor: Open, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("section: Broken\nentries:\n  - ask: 1\n    colour: red\n")
    async with tutor(paths=[bad, Path(__file__).parent / "sample"]) as pilot:
        assert "faults in the question files" in screen_text(pilot.app)
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: "unknown key" in screen_text(pilot.app), "the faults")
        assert "colour" in screen_text(pilot.app)
        await press(pilot, "escape", "enter")
        await until(pilot, lambda: "Walk me through" in screen_text(pilot.app), "Q1")


@pytest.fixture
def blocked_home(home: Path) -> None:
    home.write_text("a file stands where the folder should be")


@pytest.mark.usefixtures("blocked_home")
async def test_why_progress_is_not_saved(tutor: Open) -> None:
    async with tutor(size=(160, 40)) as pilot:
        assert "Progress is not saved" in screen_text(pilot.app)


async def test_no_questions_at_all(tutor: Open, tmp_path: Path) -> None:
    async with tutor(paths=[tmp_path / "nowhere"]) as pilot:
        assert "1 fault in the question files" in screen_text(pilot.app)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionsScreen), "the questions")
        await press(pilot, "a", "e", "f", "F", "r", "x", "n", "p", "o", "y", "slash", "escape")
        assert "No question could be read. Press ! to see why." in screen_text(pilot.app)
        assert "This question has no such part." not in screen_text(pilot.app)
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: "nowhere" in screen_text(pilot.app), "the fault")


async def test_labs_are_chosen_with_the_keyboard_and_the_mouse(tutor: Open) -> None:
    async with tutor("j") as pilot:
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "lab-handshake"
        await press(pilot, "k")
        assert pilot.app.focused.id == "go"
        opened: list[tuple[str, str]] = []
        pilot.app.open_lab = lambda name, verdict="": opened.append((name, verdict))  # type: ignore[attr-defined]
        await pilot.click("#lab-masking")
        await until(pilot, lambda: opened, "the lab")
        assert opened == [("masking", "")]
