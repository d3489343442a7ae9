"""Makes the README's picture from the real app: `python -m tests.picture` runs a lab, then draws its screen as SVG."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.tutor.ui.screen_text import until
from tutor.ui.app import TutorApp
from tutor.ui.screens.lab import LabScreen
from tutor.ui.widgets.messages import MessageList

OUT = Path(__file__).resolve().parents[1] / ".assets" / "tutor.svg"
SIZE = (166, 40)
PREDICTIONS = {"number": "64", "bytes": "81 85", "order": "1 2 3"}


async def main() -> None:
    app = TutorApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.loaded, "the bank is read")
        app.open_lab("masking")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab is open")
        await pilot.press("r")
        await play(pilot)
        await show_masked_text(pilot)
        svg = app.export_screenshot(title="ws-tutor")
    OUT.parent.mkdir(exist_ok=True)
    # The fonts would be fetched from elsewhere; the reader's own monospace font serves.
    OUT.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S), encoding="utf-8")


async def play(pilot: Pilot[None]) -> None:
    """Go through the lab to its end, with a prediction wherever it asks for one."""
    screen = pilot.app.screen
    assert isinstance(screen, LabScreen)
    while screen.run is None or screen.run.model.ended is None:
        asked = screen.run.model.waiting if screen.run is not None else None
        if asked is not None and screen.query("#asked OptionList, #asked Input"):
            field = screen.query("#asked OptionList, #asked Input").last()
            field.focus()
            if isinstance(field, Input):
                field.value = PREDICTIONS[asked.asked.form]
            elif isinstance(field, OptionList):
                field.highlighted = 0
            await pilot.press("enter")
        else:
            await pilot.press("space")
        await pilot.pause(0.05)


async def show_masked_text(pilot: Pilot[None]) -> None:
    """Put the cursor on the first masked frame, so that its fields and bytes are seen."""
    messages = pilot.app.screen.query_one(MessageList)
    messages.focus()
    await pilot.press("g")
    for _ in range(20):
        row = messages.current
        if row is not None and row.message.frame is not None and row.message.frame.masked:
            break
        await pilot.press("j")
    await pilot.pause(0.3)


if __name__ == "__main__":
    asyncio.run(main())
