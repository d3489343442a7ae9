"""Between the lab's process and the screen: lines wait here and are read a few milliseconds' worth at a time, so that
a flood of messages never holds up a key."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from labs import tape
from tutor.ui.lab_model import LabModel, Row

MAX_TAPE = 256 * 1024 * 1024  # characters that are kept of one run


class Feed:
    """Lines in, whenever they come; events into the model when `drain` is called."""

    def __init__(self, model: LabModel, clock: Callable[[], float] = time.perf_counter) -> None:
        self._model = model
        self._clock = clock
        self._lines: deque[str] = deque()
        self._size = 0

    @property
    def waiting(self) -> int:
        """How many lines are still to be read."""
        return len(self._lines)

    @property
    def full(self) -> bool:
        """Whether more has come than is kept."""
        return self._size > MAX_TAPE

    def put(self, lines: Iterable[str]) -> None:
        """Take lines; those beyond MAX_TAPE are dropped."""
        for line in lines:
            self._size += len(line)
            if not self.full:
                self._lines.append(line)

    def drain(self, seconds: float) -> list[Row]:
        """Read lines for about so long; returns the messages that they completed. A line that is none of a tape's is
        told in the story."""
        rows: list[Row] = []
        end = self._clock() + seconds
        while self._lines and self._clock() < end:
            rows += self._model.add(self._event(self._lines.popleft()))
        return rows

    def _event(self, line: str) -> tape.Event:
        try:
            return tape.from_line(line, "a line of the lab's output")
        except tape.TapeError as error:
            return tape.Failure(
                t=self._model.record.events[-1].t if self._model.record.events else 0.0, text=str(error)
            )
