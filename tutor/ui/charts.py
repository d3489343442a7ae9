"""Charts as lines of text: bars, a line over days, a heat map of days. Each goes with the figures themselves in words,
and no state is told by colour alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from textual.content import Content

from tutor.ui.lines import Lines

HEAT = ((0, "·"), (1, "▂"), (5, "▄"), (15, "▆"), (30, "█"))
"""From how many answers a day on it has which mark"""
_AXIS = 5  # cells of "100%┤"
_DAYS = ("Mon", "", "Wed", "", "Fri", "", "Sun")


def bar(share: float, width: int) -> Content:
    """A bar of `share` (0 to 1) of so many cells, to half of one: heavy as far as it goes, light to the end."""
    halves = round(min(1.0, max(0.0, share)) * width * 2)
    drawn = "━" * (halves // 2) + "╸" * (halves % 2)
    return Content.assemble(drawn, ("─" * (width - len(drawn)), "dim"))


def line_chart(points: Sequence[tuple[date, float]], width: int, height: int) -> Lines:
    """Shares (0 to 1) over days, with both axes."""
    from plotille import Canvas  # type: ignore[import-untyped]

    room = max(10, width - _AXIS)
    days = [(day - points[0][0]).days for day, _ in points]
    canvas = Canvas(room, height, xmin=0, ymin=0, xmax=max(1, days[-1]), ymax=1.0001)
    shares = [share for _, share in points]
    for (x, y), (to_x, to_y) in pairwise(zip(days, shares, strict=True)):
        canvas.line(x, y, to_x, to_y)
    marks = {0: "100%┤", (height - 1) // 2: " 50%┤", height - 1: "  0%┤"}
    drawn = canvas.plot().replace("\N{BRAILLE PATTERN BLANK}", " ").split("\n")
    lines = [
        Content.assemble((marks.get(row, "    │"), "$foreground 70%"), (line, "$primary"))
        for row, line in enumerate(drawn)
    ]
    first, last = _short(points[0][0]), _short(points[-1][0])
    return [*lines, Content.styled(" " * _AXIS + first + last.rjust(room - len(first)), "$foreground 70%")]


def heat_map(answers: Mapping[date, int], last: date, weeks: int) -> Lines:
    """A column a week, a row a day of the week, the last week with `last` in it; what the marks mean stands below."""
    monday = last - timedelta(days=last.weekday() + 7 * (weeks - 1))
    lines = []
    for row, name in enumerate(_DAYS):
        days = [monday + timedelta(days=row + 7 * week) for week in range(weeks)]
        marks = " ".join(mark_of(answers.get(day, 0)) if day <= last else " " for day in days)
        lines.append(Content.assemble((name.ljust(_AXIS), "$foreground 70%"), (marks, "$primary")))
    since = f"{_short(monday)} to {_short(last)}, answers a day:"
    legend = "  ".join(f"{mark} {count}" for (_, mark), count in zip(HEAT, _ranges(), strict=True))
    return [*lines, *(Content.styled(" " * _AXIS + text, "$foreground 70%") for text in (since, legend))]


def _ranges() -> list[str]:
    """none, 1–4, 5–14, 15–29, 30 or more."""
    starts = [start for start, _ in HEAT[1:]]
    return ["none", *(f"{start}–{following - 1}" for start, following in pairwise(starts)), f"{starts[-1]} or more"]


def mark_of(answers: int) -> str:
    """The mark of a day with so many answers."""
    return [mark for start, mark in HEAT if answers >= start][-1]


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"
