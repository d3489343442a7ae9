"""Playing a quiz on the screen: what is shown, what it looks like at two sizes, and what has reached the disk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tutor.ui.screen_text import assert_snapshot, screen_text, until
from tutor.study.reviews import Review, Reviews
from tutor.study.store import Store
from tutor.ui.desk import Desk
from tutor.ui.screens.session import SessionScreen

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
SIZES = ((160, 50), (80, 24))


async def shows(pilot: Pilot[Any], text: str) -> None:
    """Wait for a text."""
    await until(pilot, lambda: text in screen_text(pilot.app), f"{text!r} on the screen")


async def looks(pilot: Pilot[Any], name: str) -> None:
    """Snapshots; the terminal has 80 columns afterwards."""
    for width, height in SIZES:
        await pilot.resize_terminal(width, height)
        await assert_snapshot(pilot, f"{name}-{width}x{height}")


@contextmanager
def on_disk() -> Iterator[Reviews]:
    """The log of reviews as another program reads it."""
    store = Store()
    yield Reviews(store)
    store.close()


def kept() -> list[Review]:
    """Every review on disk."""
    with on_disk() as reviews:
        return reviews.all()


def freeze(monkeypatch: pytest.MonkeyPatch, seed: int = 1) -> None:
    """It is always noon, and chance is known."""
    monkeypatch.setattr(Desk, "now", staticmethod(lambda: NOON))
    monkeypatch.setattr(SessionScreen, "rng", staticmethod(lambda: random.Random(seed)))
