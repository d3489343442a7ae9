"""Where progress can't be saved it is said on the screen, studying goes on in memory, and the file stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tutor.spoiled import SPOILED, Spoil
from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.screen_text import screen_text, until
from tutor.study.reviews import Reviews
from tutor.study.store import Store
from tutor.ui.app import TutorApp


@pytest.mark.parametrize(("spoil", "says"), SPOILED)
async def test_a_file_that_cannot_be_used(tutor: Open, home: Path, spoil: Spoil, says: str) -> None:
    file = home / "data" / "progress.db"
    file.parent.mkdir(parents=True)
    spoil(file)
    before = file.read_bytes()
    async with tutor(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Nothing is saved" in screen_text(pilot.app), "that nothing is saved")
        assert says in pilot.app.desk.problem  # type: ignore[attr-defined]
        await answer_a_card(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "1 of 5" in screen_text(pilot.app), "the answer counts")
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("pragma", "says"), [("query_only = ON", "readonly database"), ("max_page_count = 1", "disk is full")]
)
async def test_a_disk_that_fails_in_the_midst(tutor: Open, pragma: str, says: str) -> None:
    async with tutor(size=(80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, TutorApp)
        connection = app.desk._store._connection
        assert connection is not None and "not saved" not in screen_text(app)
        connection.execute(f"PRAGMA {pragma}")
        app.desk.keep_setting("big", "x" * 1_000_000)
        await until(pilot, lambda: "✗ not saved" in screen_text(app), "that nothing is saved")
        assert says in app.desk.problem and "Nothing is saved" in screen_text(app)
        await answer_a_card(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "1 of 5" in screen_text(app), "the answer counts")


async def test_two_tutors_at_once(tutor: Open) -> None:
    async with tutor(size=(80, 24)) as one, tutor(size=(80, 24)) as other:
        await answer_a_card(one)
        await answer_a_card(other)
        assert "not saved" not in screen_text(one.app) + screen_text(other.app)
    assert [each.card for each in Reviews(Store()).all()] == ["opening-handshake"] * 2


async def answer_a_card(pilot) -> None:
    """Start the session and rate its first card."""
    await press(pilot, "enter")
    await until(pilot, lambda: "How sure are you" in screen_text(pilot.app), "a card")
    await press(pilot, "3", "2")
