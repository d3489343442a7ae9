"""How the state of a part is shown: in a glyph, a word and a colour."""

from __future__ import annotations

from labs import tape

State = tuple[str, str, str]  # glyph, word, colour

STATES: dict[str, State] = {
    "up": ("●", "up", "$text-success"),
    "down": ("✗", "down", "$text-error"),
    "frozen": ("❄", "frozen", "$text-primary"),
    "draining": ("◐", "draining", "$text-warning"),
    "ended": ("○", "ended", "$foreground 70%"),  # with its lab, whose process is gone
}
UNKNOWN: State = ("?", "unknown", "")


def state_of(part: tape.Part | None) -> State:
    """The part's state; unknown where there is no such part."""
    return STATES.get(part.state, UNKNOWN) if part is not None else UNKNOWN
