"""One run of a lab as the screen holds it: process, waiting lines, model, and how it stands. Draws nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from textual.content import Content

from labs import tape
from tutor.study import home
from tutor.study.lab_runs import lab_run
from tutor.study.store import LabRun
from tutor.ui.lab_feed import MAX_TAPE, Feed
from tutor.ui.lab_model import LabModel, Row

PIECE = 0.002  # seconds of reading the tape at a stretch


class Process(Protocol):
    """What a run needs of the program that it reads: see LabProcess."""

    async def run(self, take: Callable[[list[str]], None]) -> str: ...

    async def send(self, command: Mapping[str, object]) -> None: ...

    async def stop(self) -> None: ...


class Run:
    """From the press of the key to the last line."""

    def __init__(self, lab: str, process: Process) -> None:
        self.lab = lab
        self.process = process
        self.model = LabModel()
        self._feed = Feed(self.model)
        self._began = time.monotonic()
        self.began = datetime.now(UTC)
        self.exited = False
        self.problem = ""
        """Why there is no last line; empty where there is one, or while it runs"""
        self._stopped_for = ""

    async def play(self) -> None:
        """Run the process to its end. What goes wrong is in `problem`; nothing is raised."""
        try:
            said = await self.process.run(self._take)
        except OSError as error:
            said = f"it could not be started ({error.strerror or error})"
        self.problem = self._stopped_for or said or "it ended without its last line"
        self.exited = True

    def _take(self, lines: list[str]) -> None:
        self._feed.put(lines)

    async def stop(self, why: str) -> None:
        """End it before its end."""
        self._stopped_for = self._stopped_for or why
        await self.process.stop()

    async def drain(self, seconds: float) -> list[Row]:
        """Read what has come, for about so long; returns the messages that it completed. A key that comes meanwhile
        waits for no more than PIECE."""
        end = time.monotonic() + seconds
        rows = self._feed.drain(PIECE)
        while self._feed.waiting and time.monotonic() < end:
            await asyncio.sleep(0)
            rows += self._feed.drain(PIECE)
        if self._feed.full and not self._stopped_for:
            await self.stop(f"stopped: more than {MAX_TAPE >> 20} MiB of tape")
        return rows

    @property
    def over(self) -> bool:
        """Whether all has been read that will ever come."""
        return self.exited and not self._feed.waiting

    @property
    def seconds(self) -> float:
        """Since the key was pressed."""
        return time.monotonic() - self._began

    @property
    def failed(self) -> str:
        """Why it did not run to its end, or nothing. Known when it is over."""
        return (self.model.ended.error or "") if self.model.ended is not None else self.problem

    # -- what is kept

    def result(self) -> LabRun | None:
        """What progress remembers of it; None where the lab did not come to its last line."""
        return lab_run(self.model.record.events) if self.model.ended is not None else None

    @property
    def file(self) -> Path:
        """Where its tape is written to."""
        return home.data_folder() / "tapes" / f"{self.lab}-{self.began:%Y%m%d-%H%M%S}.jsonl"

    def save(self) -> int:
        """Write its tape so far to `file`; how many lines that are. Raises OSError. May run in a thread."""
        lines = [tape.to_line(event) + "\n" for event in list(self.model.record.events)]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("".join(lines), encoding="utf-8")
        return len(lines)


def state(run: Run | None) -> Content:
    """How it stands, in a glyph and words."""
    if run is None:
        return Content.styled("○ not run yet: r runs it", "$foreground 80%")
    model = run.model
    if run.over:
        return _outcome(run)
    if not model.steps:
        return Content.styled(f"◌ starting … {run.seconds:.1f} s", "$text-warning")
    if model.waiting is not None:
        return Content.styled("◆ your prediction first", "bold $text-warning")
    if model.free:
        return Content.styled("◇ your turn: break it, or Space", "bold $text-warning")
    if model.fault is not None:
        return Content.styled(f"! {model.fault.id} of {model.fault.target} …", "bold $text-error")
    if model.paused:
        return Content.styled("‖ paused: Space goes on", "bold $text-warning")
    return Content.styled(f"● running, step {model.steps}", "$text-success")


def _outcome(run: Run) -> Content:
    verdicts = run.model.verdicts.values()
    held = sum(verdict.ok for verdict in verdicts)
    if run.failed:
        return Content.styled("✗ not run to its end: r again", "bold $text-error")
    mark, style = ("✓", "$text-success") if held == len(verdicts) else ("✗", "$text-error")
    return Content.styled(f"{mark} {held} of {len(verdicts)} held: r again", f"bold {style}")
