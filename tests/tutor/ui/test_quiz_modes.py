"""Rapid-fire, choices, byte drills and the list of modes, each played to its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from textual.events import Paste

from tests.tutor.ui.conftest import SAMPLE, Open, press
from tests.tutor.ui.playing import NOON, freeze, kept, looks, shows
from tests.tutor.ui.screen_text import screen_text, until
from tutor.study.mock_plan import MockPlan
from tutor.study.rapid import CLOCK_SECONDS
from tutor.study.store import Store
from tutor.ui.app import QuizApp, TutorApp
from tutor.ui.desk import Desk
from tutor.ui.screens.bytes import BytesScreen
from tutor.ui.screens.drill import DrillScreen
from tutor.ui.screens.help import HelpDialog
from tutor.ui.screens.quiz import QuizScreen
from tutor.ui.screens.session import SessionScreen
from tutor.ui.sessions import Wanted, start


async def test_the_modes(tutor: Open) -> None:
    async with tutor("4", size=(80, 24)) as pilot:
        await shows(pilot, "4 not asked yet")
        await looks(pilot, "quiz")


async def test_a_bank_without_anything_to_ask(tutor: Open, tmp_path: Path) -> None:
    async with tutor("4", paths=[tmp_path / "nowhere"]) as pilot:
        await shows(pilot, "this bank has none")
        for downs, says in enumerate(["Nothing is worth", "No fact is worth", "No question of this bank has choices"]):
            await press(pilot, *["j"] * bool(downs), "enter")
            await shows(pilot, says)
            await press(pilot, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, QuizScreen), "the modes")
        await press(pilot, "j", "j", "enter", "enter")
        await shows(pilot, "no question of those levels")


async def test_rapid_fire(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(monkeypatch)
    async with tutor("4", "j", "enter", size=(80, 24)) as pilot:
        await shows(pilot, "20 s")
        await looks(pilot, "rapid-asked")
        await press(pilot, "2", "0", "0", "enter")
        await shows(pilot, "‘200’ is not accepted")
        await looks(pilot, "rapid-judged")
        await press(pilot, "enter")
        await shows(pilot, "Type the answer")
        await press(pilot, *"HTTP", "enter", "enter", *"101", "enter")
        await shows(pilot, "✓ Right")
        await press(pilot, "enter")
        await shows(pilot, "0 of 1 right at once")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuizScreen), "the modes")
    assert [(each.card, each.rating, each.mode) for each in kept()] == [("status-of-the-upgrade", 1, "rapid")]


async def test_the_clock_runs_out_and_can_be_switched_off(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0
    monkeypatch.setattr(Desk, "now", staticmethod(lambda: NOON + timedelta(seconds=seconds)))
    async with tutor("4", "j", "enter") as pilot:
        await shows(pilot, "20 s")
        seconds = CLOCK_SECONDS + 1
        await shows(pilot, "time is up")
        await press(pilot, "ctrl+t")
        await shows(pilot, "no clock")
        await press(pilot, *"101", "enter")
        await shows(pilot, "✓ Right. Accepted")
    async with tutor("4", "j", "enter") as pilot:
        await shows(pilot, "No fact is worth asking now")
    assert [each.rating for each in kept()] == [3]


async def test_help_and_quitting_while_one_types(tutor: Open) -> None:
    async with tutor("4", "j", "enter") as pilot:
        await press(pilot, "q", "question_mark")
        await shows(pilot, "q?")
        assert "F1 Help" in screen_text(pilot.app)
        assert "q Quit" not in screen_text(pilot.app)
        await press(pilot, "f1")
        await shows(pilot, "Keys on this screen")


async def test_help_in_every_session(tutor: Open) -> None:
    async with tutor(size=(120, 60)) as pilot:
        assert isinstance(pilot.app, TutorApp)
        for mode in ("drill", "rapid", "choices", "bytes", "mock"):
            start(pilot.app, Wanted(mode, plan=MockPlan()))
            await until(pilot, lambda: pilot.app.focused is not None, "what takes the answers")
            shown = [active.binding for active in pilot.app.screen.active_bindings.values() if active.binding.id]
            await press(pilot, "f1")
            await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog), "help")
            text = screen_text(pilot.app)
            assert all(binding.tooltip in text for binding in shown), text
            await press(pilot, "escape", "escape")


async def test_the_last_evening_is_rapid_fire_alone(tutor: Open) -> None:
    async with tutor() as pilot:
        assert isinstance(pilot.app, TutorApp)
        pilot.app.open_quiz("rapid", pilot.app.desk.bank.facts)
        await shows(pilot, "1 left, 0 of 1 right at once")


async def test_choices(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(monkeypatch)
    async with tutor("4", "j", "j", "enter", size=(80, 24)) as pilot:
        await shows(pilot, "What does a masking key protect?")
        assert "in the clear" not in screen_text(pilot.app)
        await looks(pilot, "choices-asked")
        at = next(place for place, line in enumerate(screen_text(pilot.app).split("\n")) if "The secrecy" in line)
        await pilot.click(offset=(12, at))
        await shows(pilot, "your pick")
        assert "a flipped bit stays flipped" in screen_text(pilot.app)
        await looks(pilot, "choices-picked")
        await press(pilot, "a")
        await shows(pilot, "a script cannot choose")
        await press(pilot, "enter")
        await shows(pilot, "0 of 1 right")
    assert [(each.card, each.rating, each.missed) for each in kept()] == [
        ("masking", 1, ("The secrecy of the payload",))
    ]


async def test_byte_drills(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(monkeypatch, seed=6)
    async with tutor("4", "j", "j", "j", "enter", size=(80, 24)) as pilot:
        await shows(pilot, "0 of 0 right")
        await looks(pilot, "bytes-asked")
        screen = pilot.app.screen
        assert isinstance(screen, BytesScreen)
        for turn in range(6):
            drill = screen.drill
            wrong = (drill.right_place + 1) % len(drill.options)
            await press(pilot, str((wrong if turn % 2 else drill.right_place) + 1))
            await shows(pilot, "No, it is" if turn % 2 else "✓ Right.")
            if turn == 1:
                await looks(pilot, "bytes-picked")
            await press(pilot, "enter")
        await shows(pilot, "3 of 6 right")
        await press(pilot, "escape")
        await shows(pilot, "3 of 6 right so far")
    assert len(kept()) == 6
    assert all(each.missed for each in kept() if not each.right)


async def test_typing_and_pasting_an_answer_of_one_kind(tutor: Open) -> None:
    async with tutor("4", "j", "j", "j", "enter", "s") as pilot:
        await shows(pilot, "Unmask a payload")
        await press(pilot, "down", "down", "down", "enter")
        await shows(pilot, "What is the payload of this frame")
        screen = pilot.app.screen
        assert isinstance(screen, BytesScreen)
        right = screen.drill.options[screen.drill.right_place].text
        await press(pilot, "i", "space", "enter")
        assert screen.state == "asked"
        pilot.app.post_message(Paste("0x" + right.replace(" ", ",\n0x")))
        await press(pilot, "enter")
        await shows(pilot, "1 of 1 right")
        await press(pilot, "enter")
        mistaken = screen.drill.mistakes[0]
        await press(pilot, "i", *mistaken.text.replace(" ", ""), "enter")
        await shows(pilot, "1 of 2 right")
        assert mistaken.mistake[:30] in " ".join(screen_text(pilot.app).split())
    assert kept()[-1].missed == (mistaken.mistake,)


@pytest.mark.parametrize(("mode", "screen"), [("drill", DrillScreen), ("bytes", BytesScreen)])
async def test_straight_into_a_mode(mode: str, screen: type[SessionScreen]) -> None:
    app = QuizApp([SAMPLE], Wanted(mode, count=1))
    async with app.run_test() as pilot:
        await shows(pilot, "How sure are you?" if mode == "drill" else "Pick one")
        assert isinstance(app.screen, screen)
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, QuizScreen), "the modes")


async def test_a_disk_that_fails_is_said_and_the_quiz_goes_on(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tutor("4", "enter", size=(160, 50)) as pilot:
        await shows(pilot, "How sure are you?")
        monkeypatch.setattr("tutor.study.store.Store._open", refuse)
        await press(pilot, "enter", "1")
        await shows(pilot, "✗ not saved")
        await shows(pilot, "Nothing is saved")
        await press(pilot, "enter")
        await shows(pilot, "a script cannot choose")
        monkeypatch.undo()


def refuse(store: object) -> None:
    raise OSError(28, "No space left on device")


async def test_a_slow_disk_is_never_waited_for(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, transact = Event(), Store.transact

    def slowly(store: Store, statements: Sequence[tuple[str, Sequence[Any]]]) -> bool:
        gate.wait(20)
        return transact(store, statements)

    async with tutor("4", "enter") as pilot:
        await shows(pilot, "1 of 4")
        monkeypatch.setattr(Store, "transact", slowly)
        for number in (2, 3):
            await press(pilot, "1", "3")
            await shows(pilot, f"{number} of 4")
        assert kept() == []
        gate.set()
        await until(pilot, lambda: len(kept()) == 2, "both are on disk")


async def test_a_damaged_file_is_said_and_left_as_it_is(tutor: Open, home: Path) -> None:
    file = home / "data" / "progress.db"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database at all" * 100)
    async with tutor("4", "enter", "1", "enter", size=(160, 50)) as pilot:
        await shows(pilot, "2 of 4")
        assert "✗ not saved" in screen_text(pilot.app)
    assert file.read_bytes() == b"no database at all" * 100
