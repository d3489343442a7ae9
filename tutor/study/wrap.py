"""Lays out marked text in columns of terminal cells: paragraphs, table cells. How marks look is not its business."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PLAIN: frozenset[str] = frozenset()
_GAP = " │ "


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text under the same marks (`strong`, `em`, `code`, `link`, `heading`)."""

    text: str
    marks: frozenset[str] = PLAIN


Line = list[Piece]


def cells(text: str) -> int:
    """How many terminal cells `text` takes: two for wide characters, none for combining ones (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def line_cells(line: Line) -> int:
    """How many terminal cells a line takes."""
    return sum(cells(piece.text) for piece in line)


def wrap(pieces: Iterable[Piece], width: int) -> list[Line]:
    """Lines of at most `width` cells, broken at spaces, and inside a word only where it alone is wider than a line."""
    lines: list[Line] = [[]]
    room = width
    for word in _words(pieces, width):
        if word is None:
            lines.append([])
            room = width
            continue
        needed = line_cells(word)
        if lines[-1] and needed + 1 > room:
            lines.append([])
            room = width
        if lines[-1]:
            both = lines[-1][-1].marks & word[0].marks
            lines[-1].append(Piece(" ", both))
            room -= 1
        lines[-1] += word
        room -= needed
    return lines


def _words(pieces: Iterable[Piece], width: int) -> Iterable[Line | None]:
    """The words in `pieces`, none wider than `width`; None for a line break that was asked for."""
    word: Line = []
    for piece in pieces:
        for part in re.findall(r"\n|[^\S\n]+|\S+", piece.text):
            if not part.isspace():
                word.append(Piece(part, piece.marks))
                continue
            if word:
                yield from _cut(word, width)
                word = []
            if part == "\n":
                yield None
    if word:
        yield from _cut(word, width)


def _cut(word: Line, width: int) -> Iterable[Line]:
    if line_cells(word) <= width:
        yield word
        return
    cut: Line = []
    room = width
    for piece in word:
        for char in piece.text:
            if _cells(char) > room and cut:
                yield cut
                cut, room = [], width
            cut.append(Piece(char, piece.marks))
            room -= _cells(char)
    yield cut


def table(rows: Sequence[Sequence[Line]], aligns: Sequence[str], width: int) -> list[Line]:
    """The lines of a table whose first row is its heading, in at most `width` terminal cells, wrapped to fit; rows of
    several lines are kept apart by rules.

    `aligns` holds `left`, `right` or `center` for each column.
    """
    widths = _column_widths(rows, width)
    rule = [Piece("─┼─".join("─" * column for column in widths))]
    blocks = [_block(row, widths, aligns) for row in rows]
    ruled = any(len(block) > 1 for block in blocks[1:])
    lines: list[Line] = []
    for index, block in enumerate(blocks):
        if index == 1 or (index > 1 and ruled):
            lines.append(rule)
        lines += block
    return lines


def _block(row: Sequence[Line], widths: Sequence[int], aligns: Sequence[str]) -> list[Line]:
    """The lines of one row, as many as its tallest cell has."""
    wrapped = [wrap(cell, column) for cell, column in zip(row, widths, strict=True)]
    return [
        _row([cell[at] if at < len(cell) else [] for cell in wrapped], widths, aligns)
        for at in range(max(map(len, wrapped)))
    ]


def _column_widths(rows: Sequence[Sequence[Line]], width: int) -> list[int]:
    """Each column as wide as its widest cell; where that is too much, the widest columns give way first."""
    widths = [
        max(1, *(max(map(line_cells, wrap(cell, 10_000))) for cell in column)) for column in zip(*rows, strict=True)
    ]
    room = max(width - len(_GAP) * (len(widths) - 1), len(widths))
    while sum(widths) > room:
        widest = max(widths)
        next_widest = max((column for column in widths if column < widest), default=0)
        at_top = [index for index, column in enumerate(widths) if column == widest]
        give = min(widest - next_widest, -(-(sum(widths) - room) // len(at_top)))
        for index in at_top:
            if sum(widths) > room:
                widths[index] -= min(give, sum(widths) - room)
    return widths


def _row(row: Sequence[Line], widths: Sequence[int], aligns: Sequence[str]) -> Line:
    line: Line = []
    for index, (cell, width, align) in enumerate(zip(row, widths, aligns, strict=True)):
        spare = width - line_cells(cell)
        before = {"right": spare, "center": spare // 2}.get(align, 0)
        last = index == len(widths) - 1
        line += [Piece(" " * before), *cell, Piece("" if last else " " * (spare - before) + _GAP)]
    return line
