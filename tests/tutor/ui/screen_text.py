"""What is on the screen, as plain text, and how to wait for it. Snapshots are text files beside this one.

`WS_TUTOR_SNAPSHOTS=write python -m pytest tests/tutor/ui` writes them anew: look at what changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot

SIZES = ((80, 24), (120, 36), (200, 60))
SNAPSHOTS = Path(__file__).parent / "snapshots"


def screen_text(app: App[Any]) -> str:
    """The characters on the screen, row by row: the strips that Textual would print.

    Not from its public SVG, which takes ten times as long, and is asked for whenever a test waits.
    """
    visible_screen_stack.set(app._background_screens)  # what shows through a dialog
    rows = ("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())
    return "\n".join(row.replace("\xa0", " ").rstrip() for row in rows).rstrip() + "\n"


async def assert_snapshot(pilot: Pilot[Any], name: str) -> None:
    """The screen comes to look as it did when `name` was written."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("WS_TUTOR_SNAPSHOTS") == "write":
        _write(path, await _at_rest(pilot.app))
    assert path.exists(), f"{path.name} is not there: run with WS_TUTOR_SNAPSHOTS=write"
    wanted = path.read_text(encoding="utf-8")
    with contextlib.suppress(AssertionError):
        await until(pilot, lambda: screen_text(pilot.app) == wanted, name)
    shown = screen_text(pilot.app)
    assert shown == wanted, "\n".join(difflib.unified_diff(wanted.splitlines(), shown.splitlines(), path.name, "shown"))


async def assert_snapshots(pilot: Pilot[Any], name: str) -> None:
    """The same with the terminal resized to each of SIZES by turns."""
    for width, height in SIZES:
        await pilot.resize_terminal(width, height)
        await assert_snapshot(pilot, f"{name}-{width}x{height}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


async def _at_rest(app: App[Any]) -> str:
    """The screen once it has stayed the same for half a second."""
    before, since = screen_text(app), time.monotonic()
    while time.monotonic() - since < 0.5:
        await asyncio.sleep(0.05)
        if (now := screen_text(app)) != before:
            before, since = now, time.monotonic()
    return before


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Wait until `condition` holds; AssertionError names `what` was awaited and shows the screen."""
    if condition():
        return
    asked = began = time.monotonic()
    while not condition():
        now = time.monotonic()
        assert now < began + seconds, f"not within {seconds:g} s: {what}\n{screen_text(pilot.app)}"
        await asyncio.sleep(max(0.01, now - asked))  # the app has at least as much of a busy machine as who asks
        asked = time.monotonic()
    await pilot.pause()
