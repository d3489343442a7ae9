"""How a part of a question is drawn: a title line and, once it is unfolded, what it holds below. Knows no widget."""

from __future__ import annotations

from textual.content import Content

from tutor.ui.lines import Lines, indent
from tutor.ui.parts import Part

INDENT = 2
"""Cells that the content stands in from the title"""
EDGE = 3
"""Cells beside all lines: the mark of the part that is read and a blank before them, a blank after them"""
_MARK = Content.styled("▌ ", "$primary")
_WARNING = Content.styled("▌ ", "$warning")


def fold_lines(part: Part, width: int, *, unfolded: bool, current: bool) -> tuple[Lines, int]:
    """All lines of the part, and how many of them are its title; `current` marks the one that is read. Corrections
    stand on a ground of their own."""
    lines = title_lines(part, width - EDGE, unfolded=unfolded)
    titles = len(lines)
    if unfolded:
        lines += [Content(""), *indent(part.lines(text_width(width)), " " * INDENT)]
    if part.id == "notes":
        return [_filled(_WARNING + line, width).stylize_before("on $surface") for line in lines], titles
    edge = _MARK if current else "  "
    return indent(lines, edge, edge), titles


def text_width(width: int) -> int:
    """How wide the text of a part may be in a widget of that width."""
    return width - EDGE - INDENT


def _filled(line: Content, width: int) -> Content:
    return line + " " * max(0, width - line.cell_length)


def title_lines(part: Part, width: int, *, unfolded: bool) -> Lines:
    """An arrow and the title; folded, what unfolds it stands at the right end."""
    fits = len(part.title) + len(part.hint) + 4 <= width  # else the key alone: the title comes first
    hint = "" if unfolded else part.hint if fits else part.key
    arrow = Content.styled("▾ " if unfolded else "▸ ", "bold $primary")
    lines = indent(Content.styled(part.title, "bold").wrap(width - 4 - len(hint)), arrow)
    gap = width - lines[0].cell_length - len(hint)
    lines[0] += " " * gap + Content.styled(hint, "$foreground 60%")
    return lines
