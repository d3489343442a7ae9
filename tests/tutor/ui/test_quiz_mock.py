"""A mock interview on the screen: set up, notes, rubric, follow-ups, scorecard, report, comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.playing import freeze, kept, looks, on_disk, shows
from tests.tutor.ui.screen_text import screen_text, until
from tutor.ui.screens.mock import MockScreen
from tutor.ui.screens.quiz import QuizScreen
from tutor.ui.screens.scorecard import ScorecardScreen
from tutor.ui.widgets.rubric import Rubric

INTO = ("4", "j", "j", "j", "j", "enter")


async def test_an_interview_to_its_end(tutor: Open, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    freeze(monkeypatch)
    async with tutor(*INTO, size=(80, 24)) as pilot:
        await shows(pilot, "About 6 questions")
        await looks(pilot, "mock-setup")
        await press(pilot, "left", "left", "enter")
        await shows(pilot, "1 of 4")
        assert "20:00 left" in screen_text(pilot.app)
        await press(pilot, "n", *"a ping key", "enter", "q", "escape")
        await looks(pilot, "mock-asked")
        screen = pilot.app.screen
        assert isinstance(screen, MockScreen)
        for number in range(1, 5):
            await shows(pilot, f"{number} of 4")
            await press(pilot, "3")
            await until(pilot, lambda: isinstance(pilot.app.focused, Rubric), "the rubric")
            if number == 1:
                await looks(pilot, "mock-rubric")
            await press(pilot, "space", "a", "enter")
            while screen.state.startswith("follow-up"):
                await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ScorecardScreen), "the scorecard")
        await looks(pilot, "mock-score")
        await press(pilot, "w")
        await shows(pilot, "Written:")
    (report,) = (home / "data" / "interviews").iterdir()
    assert "> a ping key\n> q" in report.read_text()
    assert len(kept()) == 4 and all(each.mode == "mock" and each.confidence == 3 for each in kept())


async def test_a_rating_is_undone(tutor: Open) -> None:
    async with tutor(*INTO, "enter") as pilot:
        await shows(pilot, "Done?")
        await press(pilot, "2", "space", "1")
        await shows(pilot, "u Undo")
        await press(pilot, "u")
        await shows(pilot, "☑ ★")
        assert "u Undo" not in screen_text(pilot.app)
        await press(pilot, "4", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ScorecardScreen), "the scorecard")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuizScreen), "the modes")
        await shows(pilot, "1 of 4 questions answered")
    assert [(each.rating, each.confidence) for each in kept()] == [(4, 2)]


async def test_leaving_half_way_keeps_what_was_answered_and_the_next_is_compared(tutor: Open) -> None:
    async with tutor(*INTO, "enter") as pilot:
        await shows(pilot, "Done?")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuizScreen), "nothing was answered: the modes")
        for _ in range(2):
            await press(pilot, "enter", "enter")
            await shows(pilot, "Done?")
            await press(pilot, "enter", "1", "escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, ScorecardScreen), "the scorecard")
            await press(pilot, "escape")
        await shows(pilot, "1 of 4 questions answered")
        await press(pilot, "j", "enter")
        await shows(pilot, "│ last time")
        await press(pilot, "enter")
        await until(pilot, lambda: pilot.app.current_mode == "questions", "what to read")
    with on_disk() as reviews:
        assert [len(each.answers) for each in reviews.mocks()] == [1, 1, 0]
