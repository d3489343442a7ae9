"""Lines of styled text, the common coin of all that is drawn here, and how to hang them under one another."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

Lines = list[Content]

MIN_WIDTH = 12
"""Nothing is set narrower than this, in cells."""


def indent(lines: Iterable[Content], first: Content | str, rest: Content | str | None = None) -> Lines:
    """`lines` with `first` before the first one and `rest` (blanks of the same width) before the others."""
    first = Content(first) if isinstance(first, str) else first
    rest = " " * first.cell_length if rest is None else rest
    return [(rest if number else first) + line for number, line in enumerate(lines)]


def hang(text: Content, first: Content | str, width: int) -> Lines:
    """`text` wrapped to `width` cells beside `first`."""
    first = Content(first) if isinstance(first, str) else first
    return indent(text.wrap(max(width - first.cell_length, MIN_WIDTH)), first)


def counted(number: int, noun: str) -> str:
    """The number with its noun in the right number: 1 fault, 2 faults."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
