"""The frame: what a start loads, keys that hold everywhere, modes, help, palette, themes, sizes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.screen_text import assert_snapshots, screen_text, until
from tutor.study.store import LabRun
from tutor.ui import keys, themes
from tutor.ui.app import TutorApp
from tutor.ui.desk import Desk
from tutor.ui.screens.help import HelpDialog
from tutor.ui.screens.lab import LabScreen
from tutor.ui.screens.labs import LabsScreen
from tutor.ui.screens.questions import QuestionsScreen

FIRST_PAINT = """
import asyncio, sys, threading
from tutor.ui.app import TutorApp
from tutor.ui.desk import Desk

class Waiting(Desk):
    gate = threading.Event()
    def load(self):
        self.gate.wait(20)

async def main():
    app = TutorApp(desk=Waiting())
    async with app.run_test() as pilot:
        assert app.screen.query("#start"), "Today is not on the screen"
        print(*sorted(sys.modules))
        Waiting.gate.set()

asyncio.run(main())
"""

LATE = {
    "yaml",
    "pydantic",
    "websockets",
    "markdown_it",
    "pygments",
    "fsrs",
    "plotille",
    "statistics",
    "tutor.study.plan",
    "tutor.study.schedule",
    "textual.widgets._markdown",
    "tutor.study.check",
    "tutor.study.search",
    "tutor.ui.screens.questions",
    "tutor.ui.screens.labs",
    "tutor.ui.screens.help",
    "tutor.ui.screens.quiz",
    "tutor.study.learner",
    "labs.net",
    "labs.broker",
    "labs.scenarios",
}


def test_the_first_screen_needs_few_modules() -> None:
    run = subprocess.run([sys.executable, "-c", FIRST_PAINT], capture_output=True, text=True, timeout=50, check=False)
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "tutor.ui.screens.today" in loaded
    assert not {name for name in loaded if any(name == late or name.startswith(late + ".") for late in LATE)}


@pytest.mark.parametrize(
    ("key", "before"),
    [("q", ()), ("ctrl+q", ("question_mark",)), ("ctrl+c", ("2", "slash")), ("ctrl+c", ("ctrl+p",))],
)
async def test_quitting(tutor: Open, key: str, before: tuple[str, ...]) -> None:
    async with tutor(*before) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: not pilot.app.is_running, "the app has ended")
        assert pilot.app.return_code == 0


async def test_modes_by_key_and_mouse(tutor: Open) -> None:
    async with tutor() as pilot:
        for key, mode in [("2", "questions"), ("3", "labs"), ("5", "progress"), ("1", "today")]:
            await press(pilot, key)
            assert pilot.app.current_mode == mode
        await pilot.click("TopBar", offset=(30, 0))
        await until(pilot, lambda: pilot.app.current_mode == "questions", "the questions")
        await pilot.click("KeyBar", offset=(3, 0))
        await until(pilot, lambda: "GET with an Upgrade" in screen_text(pilot.app), "the answer, by its key in the bar")


async def test_the_labs(tutor: Open) -> None:
    async with tutor("3") as pilot:
        await press(pilot, "G", "g", "pagedown", "pageup", "j")
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "lab-masking"
        await until(pilot, lambda: "is masked  client-masks" in screen_text(pilot.app), "what it measures")
        run = LabRun("masking", datetime.now(UTC), False, {"client-masks": True, "other": False})
        tutor_of(pilot).desk.keep_lab_run(run)
        await press(pilot, "1", "3")
        await until(pilot, lambda: "✗ 1 of 2 held last time; run 1 time" in screen_text(pilot.app), "how it went")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "client-masks" not in screen_text(pilot.app), "the list alone")


async def test_an_unknown_lab_is_named(tutor: Open) -> None:
    async with tutor() as pilot:
        tutor_of(pilot).open_lab("[nothing]")
        await until(pilot, lambda: "There is no lab '[nothing]'" in screen_text(pilot.app), "what there is")


async def test_a_lab_opens_and_closes(tutor: Open) -> None:
    async with tutor("3", "enter") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, LabScreen), "the lab")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, LabsScreen), "the labs again")


async def test_a_defect_while_reading_is_said() -> None:
    class Broken(Desk):
        def load(self) -> None:
            raise RuntimeError("[no such thing]")

    app = TutorApp(desk=Broken())
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: "RuntimeError: [no such thing]" in screen_text(app), "what went wrong")


async def test_help_on_every_screen(tutor: Open) -> None:
    async with tutor(size=(120, 60)) as pilot:
        for mode in "12345":
            await press(pilot, mode)
            shown = [active.binding for active in pilot.app.screen.active_bindings.values() if active.binding.id]
            await press(pilot, "question_mark")
            await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog), "help")
            text = screen_text(pilot.app)
            assert all(binding.tooltip in text for binding in shown), text
            await press(pilot, "escape")
            assert not isinstance(pilot.app.screen, HelpDialog)


async def test_help_as_it_looks(tutor: Open) -> None:
    async with tutor("2", "question_mark", size=(80, 24)) as pilot:
        await assert_snapshots(pilot, "help")


async def test_the_palette_goes_to_a_question(tutor: Open) -> None:
    async with tutor("ctrl+p") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette), "the palette")
        await pilot.press(*"half-open")
        await until(pilot, lambda: "Q3: What is a half-open" in screen_text(pilot.app), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionsScreen), "the questions")
        await until(pilot, lambda: "#heartbeat" in screen_text(pilot.app), "Q3")


async def test_the_palette_lists_places_and_keeps_the_questions_for_typing(tutor: Open) -> None:
    async with tutor("ctrl+p", size=(120, 60)) as pilot:
        await until(pilot, lambda: "Where one left" in screen_text(pilot.app), "the places")
        assert "Q3: What is a half-open" not in screen_text(pilot.app)


async def test_themes_go_round_and_are_remembered(tutor: Open) -> None:
    async with tutor() as pilot:
        assert pilot.app.theme == themes.DEFAULT
        names = []
        for _ in themes.THEMES:
            await press(pilot, "t")
            names.append(pilot.app.theme)
        assert sorted(names) == sorted(themes.ABOUT)
        await press(pilot, "t", "t")
        chosen = pilot.app.theme
    async with tutor() as pilot:
        assert pilot.app.theme == chosen != themes.DEFAULT


async def test_a_terminal_that_is_too_small(tutor: Open) -> None:
    async with tutor("2", "a", "1", size=(1, 1)) as pilot:
        for width, height in [(39, 24), (80, 9)]:
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda: "too small" in screen_text(pilot.app), f"a word at {width}x{height}")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Continue: Q1" in screen_text(pilot.app), "Today, as if nothing had been")


def test_keys_have_ids_words_and_reach_every_terminal() -> None:
    tables = [table for name, table in vars(keys).items() if name.isupper()]
    bindings = {binding for table in tables for binding in table}
    ids = [binding.id for binding in bindings]
    assert len(ids) == len(set(ids))
    assert all(binding.id and binding.tooltip for binding in bindings)
    pressed = {key for binding in bindings for key in binding.key.split(",")}
    assert not pressed & {"ctrl+m", "ctrl+i", "ctrl+h", "ctrl+j", "ctrl+left_square_bracket"}


def tutor_of(pilot: Pilot[Any]) -> TutorApp:
    assert isinstance(pilot.app, TutorApp)
    return pilot.app


@pytest.mark.parametrize("mode", ["1", "3", "4"])
async def test_an_arrow_goes_to_the_next_line_where_the_page_is_too_long_too(tutor: Open, mode: str) -> None:
    async with tutor(size=(80, 12)) as pilot:
        await press(pilot, mode)
        await until(pilot, lambda: pilot.app.focused, "the cursor is somewhere")
        first = pilot.app.focused
        await press(pilot, "down")
        await until(pilot, lambda: pilot.app.focused is not first, "the cursor is on the next line")
        await press(pilot, "up")
        await until(pilot, lambda: pilot.app.focused is first, "the cursor is back")
