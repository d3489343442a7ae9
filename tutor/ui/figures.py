"""The figures of progress as the screen shows them: a value, a chart, and a line for each thing that was counted.

What is counted is tutor.study.progress' business; here are the words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from labs import catalog
from labs.wire.printable import cut, printable
from tutor.study.model import Bank, Fact, Question
from tutor.study.progress import HEAT_DAYS, Coverage, Figures, Prediction
from tutor.ui.charts import bar, heat_map, line_chart, mark_of
from tutor.ui.lines import Lines, counted
from tutor.ui.plan_lines import day_name

BAR = 20
CHART_HEIGHT = 7
NAME = 26  # cells of what stands before a bar


@dataclass(frozen=True, slots=True)
class Counted:
    """A line of what a figure counts; `target` is the question that it opens, `lab:` and a lab, or `mock:` and an
    interview."""

    text: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its short value, what it says in a sentence, its chart at a width, and what it counts."""

    id: str
    title: str
    value: str
    about: str
    chart: Callable[[int], Lines]
    counted: tuple[Counted, ...]
    share: float | None = None
    """0 to 1, where the value is one"""


def figures_of(figures: Figures, bank: Bank) -> tuple[Figure, ...]:
    """All figures, in the order in which they are shown."""
    entries: list[Question | Fact] = [*bank.questions, *bank.facts]
    asks = {entry.id: f"{entry.ref} {entry.ask}".strip() for entry in entries}
    return (
        _recall(figures),
        _coverage(figures.coverage, asks),
        _calibration(figures, asks),
        _days(figures),
        _weakest(figures),
        _bytes(figures),
        _labs(figures),
        _predictions(figures.predictions),
        _mocks(figures),
    )


def _recall(figures: Figures) -> Figure:
    day = figures.forecast[-1][0]
    drawn = len(figures.forecast) > 1 and any(section.answered for section in figures.coverage)
    when = f"on {day_name(day)}" if figures.interview == day else f"on {day_name(day)}; no interview lies ahead"
    lines = tuple(Counted(f"{each:%a} {each.day:>2} {each:%b}  {recall:4.0%}") for each, recall in figures.forecast)
    return Figure(
        "recall",
        "On the day",
        f"{figures.recall:.0%} recall",
        f"How much of the whole bank you are expected to know {when}, if nothing more is done (FSRS). "
        "What was never answered counts as not known.",
        (lambda width: line_chart(figures.forecast, min(width, 70), CHART_HEIGHT)) if drawn else _nothing_drawn,
        lines,
        figures.recall,
    )


def _coverage(sections: Sequence[Coverage], asks: dict[str, str]) -> Figure:
    answered = sum(len(section.answered) for section in sections)
    total = answered + sum(len(section.unseen) for section in sections)
    lines: list[Counted] = []
    for section in sections:
        lines.append(_summed(section.section, len(section.answered), _size(section)))
        lines += [Counted(f"  ● {asks.get(key, key)}", key) for key in section.answered]
        lines += [Counted(f"  ○ {asks.get(key, key)}", key) for key in section.unseen]
    about = "Questions and facts of the bank that were answered at least once, from memory: ● was, ○ was not."
    value, share = f"{answered} of {total}", _share(answered, total)
    return Figure("coverage", "Answered", value, about, _nothing_drawn, tuple(lines), share)


def _share(have: int, of: int) -> float | None:
    return have / of if of else None


def _size(section: Coverage) -> int:
    return len(section.answered) + len(section.unseen)


def _calibration(figures: Figures, asks: dict[str, str]) -> Figure:
    sure = figures.calibration[-1]
    lines = []
    for each in figures.calibration:
        lines.append(_summed(each.name, each.right, each.of))
        lines += [Counted(f"  ✗ {asks.get(key, key)}", key) for key in each.missed]
    value = f"{sure.right} of {sure.of} when {sure.name}" if sure.of else "no confidence given yet"
    about = "How often you were right, by how sure you were before you saw the answer. Certain and wrong is what hurts."
    share = _share(sure.right, sure.of)
    return Figure("calibration", "Certainty", value, about, _nothing_drawn, tuple(lines), share)


def _days(figures: Figures) -> Figure:
    heat = dict(figures.heat)
    lines = tuple(
        Counted(f"{mark_of(count)} {day:%a} {day.day:>2} {day:%b}  {counted(count, 'answer')}")
        for day, count in reversed(figures.heat)
    )
    about = f"Answers of all kinds, day by day, over the last {HEAT_DAYS} days."
    chart = lambda width: heat_map(heat, figures.at.date(), min(HEAT_DAYS // 7, (width - 5) // 2))  # noqa: E731
    return Figure("days", "Days", f"{counted(len(heat), 'day')} with answers", about, chart, lines)


def _weakest(figures: Figures) -> Figure:
    lines: list[Counted] = []
    for each in figures.weakest:
        lines.append(Counted(f"{each.recall:4.0%}  {each.ask}", each.card))
        misses = [f"      missed {counted(each.misses, 'time')}"] if each.misses else []
        lines += [Counted(text) for text in [*misses, *(f"      not said: {point}" for point in each.points)]]
    value = f"{figures.weakest[0].recall:.0%} and up" if figures.weakest else "nothing answered yet"
    about = "What was answered and is expected to be known the least on the day, with what was not said last time."
    return Figure("weakest", "Weakest", value, about, _nothing_drawn, tuple(lines))


def _bytes(figures: Figures) -> Figure:
    right, of = sum(kind.right for kind in figures.bytes), sum(kind.of for kind in figures.bytes)
    lines: list[Counted] = []
    for kind in figures.bytes:
        lines.append(_summed(kind.kind, kind.right, kind.of))
        lines += [Counted(f"  ✗ {name}: {counted(times, 'time')}") for name, times in kind.mistakes]
    about = "Byte drills by kind, and the mistakes that were made."
    value = f"{right} of {of} right" if of else "none yet"
    return Figure("bytes", "Bytes", value, about, _nothing_drawn, tuple(lines), _share(right, of))


def _labs(figures: Figures) -> Figure:
    lines: list[Counted] = []
    for each in figures.labs:
        lab = catalog.find(each.lab)
        title = lab.title if lab else each.lab
        times = f"run {counted(len(each.runs), 'time')}" if each.runs else "not run yet"
        lines.append(Counted(f"{'●' if each.runs else '○'} {title}: {times}", f"lab:{each.lab}"))
        for run in each.runs:
            mark = "✓" if run.held == run.of else "✗"
            lines.append(Counted(f"    {mark} {moment(run.at, figures.at)}: {run.held} of {run.of} held"))
    have, runs = sum(bool(lab.runs) for lab in figures.labs), sum(len(lab.runs) for lab in figures.labs)
    value = f"{have} of {len(figures.labs)}, {counted(runs, 'run')}"
    about = "The labs that came to a verdict, run here or with “ws-tutor lab run”: ● was run, ○ was not."
    share = _share(have, len(figures.labs))
    return Figure("labs", "Labs", value, about, _nothing_drawn, tuple(lines), share)


def _predictions(predictions: Sequence[Prediction]) -> Figure:
    same = sum(each.same for each in predictions)
    lines: list[Counted] = []
    for each in predictions:
        mark = "✓" if each.same else "✗"
        lines.append(Counted(f"{mark} {each.lab}: {each.ask or each.id}", f"lab:{each.lab}"))
        predicted, measured = (_said(value, each.unit) for value in (each.predicted, each.measured))
        lines.append(Counted(f"    predicted {predicted}, measured {measured}"))
    value = f"{same} of {len(predictions)} as measured" if predictions else "none yet"
    about = "What you predicted in the labs, and what was then measured."
    share = _share(same, len(predictions))
    return Figure("predictions", "Predictions", value, about, _nothing_drawn, tuple(lines), share)


def _mocks(figures: Figures) -> Figure:
    lines = tuple(
        replace(
            _summed(f"{moment(each.at, figures.at)}, {each.minutes} min", each.right, each.of), target=f"mock:{each.id}"
        )
        for each in figures.mocks
    )
    value = counted(len(figures.mocks), "interview") if figures.mocks else "none yet"
    about = "Mock interviews and the answers that were right, the latest first."
    return Figure("mocks", "Mock interviews", value, about, _nothing_drawn, lines)


def moment(at: datetime, now: datetime) -> str:
    """A moment in the time of here."""
    here = at.astimezone(now.tzinfo)
    return f"{here:%a} {here.day} {here:%b} {here:%H:%M}"


def _said(value: object, unit: str) -> str:
    return printable(f"{value} {unit}".strip())


def _summed(name: str, have: int, of: int) -> Counted:
    """The line above what it sums up: name, figures, bar; what is cut off in a narrow terminal is the bar."""
    drawn = bar(have / of if of else 0, BAR).plain
    return Counted(f"{cut(name, NAME).ljust(NAME)} {have:>3} of {of:<5}{drawn}")


def _nothing_drawn(width: int) -> Lines:
    return []
