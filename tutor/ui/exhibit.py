"""What a byte drill is about, set in fixed columns."""

from __future__ import annotations

import re
from collections.abc import Callable

from textual.content import Content

from tutor.study.drills import ByteDrill
from tutor.ui.lines import Lines, indent

_HEX_LINE = re.compile(r"[0-9a-f]{2}(?: [0-9a-f]{2})*")
GROUP = 8  # bytes that stand together
WIDE_HEX = 58  # cells from which two groups stand side by side


def exhibit(drill: ByteDrill) -> Callable[[int], Lines]:
    """What a byte drill shows, set in fixed columns; lines of hex get their offsets, eight bytes standing together."""
    return lambda width: [piece for line in _exhibited(drill.shown, width) for piece in _folded(line, width)]


def _exhibited(shown: str, width: int) -> Lines:
    lines: Lines = []
    offset = 0
    for line in shown.split("\n"):
        found = _HEX_LINE.match(line)
        if found is None or line[found.end() :].strip() not in {"", "…"}:
            lines.append(Content(line))
            continue
        rows = _rows(found[0].split(), offset, GROUP * 2 if width >= WIDE_HEX else GROUP)
        offset += len(found[0].split())
        lines += [*rows[:-1], rows[-1] + line[found.end() :]]
    return lines


def _rows(octets: list[str], offset: int, per_row: int) -> Lines:
    """Rows of hex under their offsets."""
    rows: Lines = []
    for at in range(0, len(octets), per_row):
        row = octets[at : at + per_row]
        groups = (" ".join(row[start : start + GROUP]) for start in range(0, len(row), GROUP))
        rows.append(Content.assemble((f"{offset + at:04x}  ", "$foreground 60%"), ("  ".join(groups), "bold")))
    return rows


def _folded(line: Content, width: int) -> Lines:
    """A line too long goes on below, marked."""
    if line.cell_length <= width:
        return [line]
    return indent(line.fold(max(width - 2, GROUP)), "", Content.styled("↪ ", "$foreground 50%"))
