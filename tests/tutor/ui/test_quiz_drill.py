"""The drill as it is played: cold start, confidence, ticks, ratings, undo, facts, leaving half-way."""

from __future__ import annotations

from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.playing import kept, looks, shows
from tests.tutor.ui.screen_text import screen_text, until
from tutor.ui.app import TutorApp
from tutor.ui.screens.drill import DrillScreen
from tutor.ui.screens.quiz import QuizScreen


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
    assert [(each.rating, each.confidence) for each in kept()] == [(2, 2), (4, None), (3, 3), (3, None)]


async def test_the_answer_keeps_half_of_a_small_screen(tutor: Open) -> None:
    async with tutor("4", "enter", "1", size=(80, 24)) as pilot:
        await shows(pilot, "Which of these did you say?")
        rubric, card = pilot.app.screen.query_one("#rubric-pane"), pilot.app.screen.query_one("#card")
        rubric.styles.height = 40  # as of very many key points
        await until(pilot, lambda: 11 <= card.size.height < 16, "the card has its half")


async def test_ticks_by_mouse_and_ratings_by_mouse(tutor: Open) -> None:
    async with tutor("4", "enter", "1") as pilot:
        await pilot.click("#rubric", offset=(3, 2))
        await shows(pilot, "☑ ★★")
        await pilot.click("#rubric", offset=(3, 0))
        await shows(pilot, "Enter: good, by 5 of 5")
        await pilot.click("#scale", offset=(12, 1))
        await shows(pilot, "Why does a client mask")
    (done,) = kept()
    assert (done.card, done.rating, done.confidence) == ("opening-handshake", 2, 1)


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
    assert [(each.card, each.rating) for each in kept()] == [("status-of-the-upgrade", 3)]


async def test_a_session_waits_while_one_is_elsewhere(tutor: Open) -> None:
    async with tutor("4", "enter", "3") as pilot:
        await pilot.click("TopBar", offset=(16, 0))
        await until(pilot, lambda: pilot.app.current_mode == "today", "today")
        await press(pilot, "4")
        await until(pilot, lambda: isinstance(pilot.app.screen, DrillScreen), "the drill")
        assert "GET with an Upgrade" in screen_text(pilot.app)
