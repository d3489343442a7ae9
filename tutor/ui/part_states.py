"""How the state of a part is shown: in a glyph, a word and a colour; and the two that follow from what came before."""

from __future__ import annotations

from dataclasses import replace

from labs import tape

State = tuple[str, str, str]  # glyph, word, colour

STATES: dict[str, State] = {
    "up": ("●", "up", "$text-success"),
    "down": ("✗", "down", "$text-error"),
    "frozen": ("❄", "frozen", "$text-primary"),
    "draining": ("◐", "draining", "$text-warning"),
    "thawed": ("◉", "thawed", "$text-success"),  # up, and it was frozen until lately
    "restarting": ("↻", "restarting", "$text-warning"),  # down, and about to be up again
    "ended": ("○", "ended", "$foreground 70%"),  # with its lab, whose process is gone
}
UNKNOWN: State = ("?", "unknown", "")


def state_of(part: tape.Part | None) -> State:
    """The part's state; unknown where there is no such part."""
    return STATES.get(part.state, UNKNOWN) if part is not None else UNKNOWN


RESTART = "restart"  # the fault that starts its target again


class Latest:
    """The parts as they are shown, by id."""

    def __init__(self) -> None:
        self.parts: dict[str, tape.Part] = {}
        self._restarting: set[str] = set()

    def add(self, part: tape.Part) -> None:
        """A part comes, goes or changes its state."""
        before = self.parts.get(part.id)
        if part.state == "up":
            self._restarting.discard(part.id)
            if before is not None and before.state in ("frozen", "thawed") and before.pid == part.pid:
                part = replace(part, state="thawed")
        elif part.state == "down" and part.id in self._restarting:
            part = replace(part, state="restarting")
        self.parts[part.id] = part

    def broken(self, fault: tape.FaultInjected) -> None:
        """From now on something else is what happened lately."""
        for id, part in self.parts.items():
            if part.state == "thawed":
                self.parts[id] = replace(part, state="up")
        if fault.id == RESTART:
            self._restarting.add(fault.target)
            if fault.target in self.parts and self.parts[fault.target].state == "down":
                self.add(self.parts[fault.target])
