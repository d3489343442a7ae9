"""What is on the stage: the run that is being written, else a good tape, else nothing yet. Files and a clock only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import Enum

from labs import tape
from tutor.study.stage_tapes import Follower, good_tape
from tutor.ui.lab_feed import Feed
from tutor.ui.lab_model import LabModel
from tutor.ui.stage.recording import Recording, read_recording

DRAIN_SECONDS = 0.02  # of each look for reading lines: the rest belongs to keys and drawing
GONE = "its process is gone"


class Label(Enum):
    """What kind of thing is shown."""

    WAITING = "WAITING"
    LIVE = "LIVE"
    RECORDED = "RECORDED"


class Show:
    """One lab on the stage. `look` brings it up to date; `problem` says why there is no live run any more."""

    def __init__(self, lab: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.lab = lab
        self.label = Label.WAITING
        self.model = LabModel()
        self.problem = ""
        self._clock = clock
        self._follower = Follower(lab)
        self._runs = 0
        self._feed = Feed(self.model)
        self._recording: Recording | None = None

    @property
    def has_recording(self) -> bool:
        """Whether there is a good tape to play."""
        return good_tape(self.lab).exists()

    def look(self) -> bool:
        """Whether anything has changed since the last look."""
        lines = self._follower.poll()
        if self._follower.runs != self._runs:
            self._runs = self._follower.runs
            self._begin(Label.LIVE)
            self.problem = ""
            self._recording = None
        if self._recording is not None:
            return self._take(self._recording.take())
        if self.label is not Label.LIVE:
            return False
        if lines:
            self._feed.put(lines)
        changed = self._feed.waiting > 0
        self._feed.drain(DRAIN_SECONDS)
        return self._check(lines) or changed

    def play(self) -> bool:
        """Play the last good tape; False where there is none that can be read, and `problem` says why."""
        try:
            events = read_recording(good_tape(self.lab))
        except (OSError, tape.TapeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self.problem = self.problem or f"There is no good tape to play ({reason})."
            return False
        self._begin(Label.RECORDED)
        self._recording = Recording(events, self._clock)
        return True

    def skip(self) -> None:
        """Have what comes next on a recording come now."""
        if self._recording is not None:
            self._recording.skip()

    def close(self) -> None:
        """Follow no more."""
        self._follower.close()

    def _begin(self, label: Label) -> None:
        self.label = label
        self.model = LabModel()
        self._feed = Feed(self.model)

    def _take(self, events: Iterable[tape.Event]) -> bool:
        changed = False
        for event in events:
            self.model.add(event)
            changed = True
        return changed

    def _check(self, lines: list[str]) -> bool:
        """Where the live run has failed, the last good tape takes its place."""
        ended = self.model.ended
        if ended is None and (lines or self._feed.waiting or self._follower.writing):
            return False
        error = GONE if ended is None else ended.error
        if not error or error in (tape.STOPPED, tape.LEFT, tape.INTERRUPTED):
            return False
        if self.problem:
            return False
        self.problem = f"The live run has failed: {error}."
        self._follower.close()
        self.play()
        return True
