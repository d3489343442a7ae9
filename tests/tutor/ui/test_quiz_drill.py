"""The drill as it is played: cold start, confidence, ticks, ratings, undo, facts, leaving half-way."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.screen_text import assert_snapshot, screen_text, until
from tutor.study.reviews import Reviews
from tutor.study.store import Store
from tutor.ui.app import TutorApp
from tutor.ui.screens.drill import DrillScreen
from tutor.ui.screens.quiz import QuizScreen

SIZES = ((160, 50), (80, 24))


async def shows(pilot: Pilot[Any], text: str) -> None:
    await until(pilot, lambda: text in screen_text(pilot.app), f"{text!r} on the screen")


async def looks(pilot: Pilot[Any], name: str) -> None:
    for width, height in SIZES:
        await pilot.resize_terminal(width, height)
        await assert_snapshot(pilot, f"{name}-{width}x{height}")


def kept() -> list[tuple[str, int, int | None]]:
    """What is on disk, read as another program would."""
    store = Store()
    reviews = [(each.card, each.rating, each.confidence) for each in Reviews(store).all()]
    store.close()
    return reviews


async def test_a_whole_round(tutor: Open) -> None:
    async with tutor("4", "enter", size=(80, 24)) as pilot:
        await shows(pilot, "How sure are you?")
        assert "GET with an Upgrade" not in screen_text(pilot.app)
        await looks(pilot, "drill-asked")
        await press(pilot, "2")
        await shows(pilot, "GET with an Upgrade")
        assert "a point that must be said is missing" in screen_text(pilot.app)
        await press(pilot, "space")
        await shows(pilot, "Enter: hard, by 3 of 5")
        await looks(pilot, "drill-revealed")
        await press(pilot, "e", "f")
        await shows(pilot, "merely reflects headers")
        await press(pilot, "enter")
        await shows(pilot, "Why does a client mask its frames?")
        await press(pilot, "enter", "4", "3", "x", "enter")
        await shows(pilot, "Design a chat for a million users")
        await press(pilot, "enter", "enter")
        await shows(pilot, "3 of 4 cards known")
        await looks(pilot, "drill-done")
        await press(pilot, "u")
        await shows(pilot, "Fan-out")
        await press(pilot, "space", "enter")
        await shows(pilot, "4 of 4 cards known")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuizScreen), "the modes")
    assert kept() == [
        ("opening-handshake", 2, 2),
        ("masking", 4, None),
        ("half-open", 3, 3),
        ("million-users", 3, None),
    ]


async def test_ticks_by_mouse_and_ratings_by_mouse(tutor: Open) -> None:
    async with tutor("4", "enter", "1") as pilot:
        await pilot.click("#rubric", offset=(3, 2))
        await shows(pilot, "☑ ★★")
        await pilot.click("#rubric", offset=(3, 0))
        await shows(pilot, "Enter: good, by 5 of 5")
        await pilot.click("#scale", offset=(12, 1))
        await shows(pilot, "Why does a client mask")
    assert kept() == [("opening-handshake", 2, 1)]


async def test_a_plan_mixes_facts_questions_and_a_lab(tutor: Open) -> None:
    async with tutor() as pilot:
        assert isinstance(pilot.app, TutorApp)
        bank = pilot.app.desk.bank
        pilot.app.open_quiz("drill", (bank.facts[0], "masking", bank.questions[1]))
        await shows(pilot, "Type the answer")
        await press(pilot, "2", "0", "0", "enter")
        await shows(pilot, "‘200’ is not an accepted answer")
        await press(pilot, "u", "enter")
        await shows(pilot, "Now a lab")
        await press(pilot, "u")
        await shows(pilot, "‘200’ is not an accepted answer")
        await press(pilot, "3")
        await shows(pilot, "Now a lab")
        await press(pilot, "enter")
        await shows(pilot, "Why does a client mask")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuizScreen), "the modes")
    assert kept() == [("status-of-the-upgrade", 3, None)]


async def test_a_session_waits_while_one_is_elsewhere(tutor: Open) -> None:
    async with tutor("4", "enter", "3") as pilot:
        await pilot.click("TopBar", offset=(16, 0))
        await until(pilot, lambda: pilot.app.current_mode == "today", "today")
        await press(pilot, "4")
        await until(pilot, lambda: isinstance(pilot.app.screen, DrillScreen), "the drill")
        assert "GET with an Upgrade" in screen_text(pilot.app)
