"""A tutor in a home of its own, studying the sample questions beside this file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from labs import catalog
from tests.effort import STRESS
from tests.tutor.ui.screen_text import screen_text, until
from tutor.ui.app import TutorApp
from tutor.ui.desk import Desk

SAMPLE = Path(__file__).parent / "sample"

Open = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture(autouse=True, scope="session")
def style_sheets() -> Iterator[None]:
    """Each style sheet is parsed once for all apps and themes: that was a third of what the start of one costs."""
    parse, kept = Stylesheet._parse_rules, {}

    def once(sheet: Stylesheet, *source: Any, **of: Any) -> Any:
        key = (source, *of.items(), *sheet._variables.items())
        if key not in kept:
            kept[key] = parse(sheet, *source, **of)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", once)
        yield


@pytest.fixture(autouse=True, scope="session")
def frames() -> Iterator[None]:
    """The screen is drawn when a test looks at it, and in the end; with WS_TUTOR_STRESS=1 whenever it changed.

    To draw each frame for nobody was a quarter of the time.
    """

    def undrawn(compositor: Compositor, *_: Any, **__: Any) -> None:
        compositor._dirty_regions.clear()

    with pytest.MonkeyPatch.context() as patch:
        if not STRESS:
            patch.setattr(Compositor, "render_update", undrawn)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Progress, cache and settings are the test's own; where progress is kept reads alike everywhere."""
    monkeypatch.setenv("WS_TUTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Desk, "storage", property(lambda desk: desk.problem or "~/progress.db"))
    return tmp_path / "home"


@pytest.fixture
def two_labs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue has two labs, so that what is drawn does not change with every new one."""
    labs = tuple(lab for lab in catalog.LABS if lab.name in {"handshake", "masking"})
    monkeypatch.setattr(catalog, "LABS", labs)


@pytest.fixture
def tutor() -> Open:
    """Opens the tutor at a size, presses keys one after the other, and waits until all is loaded and drawn."""

    @asynccontextmanager
    async def opened(
        *keys: str, size: tuple[int, int] = (120, 36), paths: Sequence[Path] = (SAMPLE,)
    ) -> AsyncIterator[Pilot[None]]:
        app = TutorApp(list(paths))
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.loaded, "the bank is read")
            for key in keys:
                await press(pilot, key)
            yield pilot
            screen_text(app)

    return opened


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait after each until what it started has come to rest."""
    for key in keys:
        await pilot.press(key)
        await until(pilot, lambda: not pilot.app.screen.query("Reader.-stale"), "the reader is built")
