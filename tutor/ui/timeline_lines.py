"""The timeline under the picture of the parts: what came of the latest fault, and how soon. Lines only."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from labs.timeline import Entry
from labs.wire.printable import printable
from tutor.ui.lines import Lines, counted, hang
from tutor.ui.part_states import STATES, UNKNOWN

SHOWN = 14  # entries, the first: who noticed what is told by them
QUIET = "$foreground 70%"


def timeline_lines(entries: Sequence[Entry], width: int) -> Lines:
    """The fault, then a line for each who noticed, with the seconds since."""
    fault, *after = entries
    lines: Lines = [Content.assemble(("Who noticed, and when", "bold"))]
    lines += hang(_what(fault), Content.styled("   0.000 s  ! ", "$text-warning"), width)
    for entry in after[:SHOWN]:
        glyph, _, colour = STATES.get(entry.state, UNKNOWN) if entry.state else ("·", "", QUIET)
        seconds = Content.styled(f"{entry.t - fault.t:+8.3f} s  ", QUIET)
        lines += hang(_what(entry), seconds + Content.styled(f"{glyph} ", colour), width)
    if len(after) > SHOWN:
        lines += hang(Content.styled(f"and {counted(len(after) - SHOWN, 'line')} more", QUIET), "  ", width)
    return [*lines, Content("")]


def _what(entry: Entry) -> Content:
    return Content.assemble((printable(entry.part), "bold"), f" {printable(entry.text)}")
