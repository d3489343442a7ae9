"""Who noticed what, and when: what happened to the parts of a lab and what they said of it, from its tape. Drawing it
is for whoever shows a tape."""

from __future__ import annotations

from dataclasses import dataclass, replace

from labs.tables import column
from labs.tape import Event, FaultInjected, Metric, Note, Part

# Columns of the metrics in which a client says how its connection ended, and how many sessions it has had.
CODE, SESSIONS = "close code", "sessions"
SEES = "sees "
AGAIN = "is connected again"
KEPT = 200  # entries after a fault


@dataclass(frozen=True, slots=True)
class Entry:
    """`t` as on the tape; `part` is whom it happened to, or who says it; `state` is its new state, where it has one."""

    t: float
    part: str
    text: str
    state: str = ""


class Timeline:
    """What came of the latest fault; nothing before the first."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self.entries: list[Entry] = []

    def add(self, event: Event) -> None:
        """Take the next event of the tape."""
        entry = self._entry(event)
        if isinstance(event, FaultInjected) and entry is not None:
            if self.entries and (self.entries[-1].part, self.entries[-1].text) == (entry.part, entry.text):
                return  # the learner has asked for it, and the lab does it
            self.entries = [entry]
        elif entry is not None and 0 < len(self.entries) < KEPT:
            last = self.entries[-1]
            if isinstance(event, Note) and last.part == entry.part and last.text.startswith(SEES):
                self.entries[-1] = replace(last, text=f"{last.text}: {entry.text}")  # the reason of that close
            else:
                self.entries.append(entry)

    def _entry(self, event: Event) -> Entry | None:
        match event:
            case FaultInjected():
                return Entry(event.t, event.target, f"fault {event.id}")
            case Part():
                before = self._states.get(event.id, event.state)
                self._states[event.id] = event.state
                return Entry(event.t, event.id, f"is {event.state}", event.state) if before != event.state else None
            case Metric() if event.part and column(event) == CODE:
                return Entry(event.t, event.part, f"{SEES}{event.value:g}")
            case Metric() if event.part and column(event) == SESSIONS:
                return Entry(event.t, event.part, AGAIN) if event.value > 1 else None
            case Note():
                part, colon, text = event.text.partition(": ")
                return Entry(event.t, part, text) if colon and part in self._states else None
        return None
