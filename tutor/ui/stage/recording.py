"""A good tape, played again at the speed at which a class can follow: as it was, but that nobody waits long where the
instructor had talked, and a question stands a while before its answer comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from labs import tape

LONGEST = 1.5  # seconds of a pause between two lines
QUESTION, STEP, VERDICT = 6.0, 2.0, 1.5  # seconds that these stand before what follows


def play(events: Iterable[tape.Event]) -> Iterator[tuple[float, tape.Event]]:
    """Each event with the seconds since the beginning at which it is shown."""
    at = before = hold = 0.0
    for event in events:
        at += max(hold, min(LONGEST, event.t - before))
        before = event.t
        yield at, event
        hold = {tape.Predict: QUESTION, tape.Step: STEP, tape.Verdict: VERDICT}.get(type(event), 0.0)


class Recording:
    """The events of a tape as they come due. `clock` gives seconds."""

    def __init__(self, events: list[tape.Event], clock: Callable[[], float]) -> None:
        self._due = list(play(events))
        self._clock = clock
        self._began = clock()
        self._at = 0

    def take(self) -> list[tape.Event]:
        """What is due now and was not taken."""
        now, start = self._clock() - self._began, self._at
        while self._at < len(self._due) and self._due[self._at][0] <= now:
            self._at += 1
        return [event for _, event in self._due[start : self._at]]

    def skip(self) -> None:
        """Let what comes next come now."""
        if self._at < len(self._due):
            self._began = min(self._began, self._clock() - self._due[self._at][0])


def read_recording(path: Path) -> list[tape.Event]:
    """The events of a tape; raises TapeError, OSError."""
    with path.open("rb") as stream:
        return [event for _, event in tape.read_events(stream, str(path))]
