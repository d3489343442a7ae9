"""Metrics that belong together, as tables: a metric named `TITLE: ROW × COLUMN` is a cell. Drawing them is for whoever
shows a tape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from labs.tape import Metric

_CELL = re.compile(r"(.+?): (.+) × (.+)")
_QUANTITY = re.compile(r"[0-9]+(?:\.[0-9]+)?\b")


def cell(title: str, row: str, column: str) -> str:
    """The name of a metric that is a cell."""
    return f"{title}: {row} × {column}"


@dataclass(slots=True)
class Table:
    """Rows and columns in the order in which they came, and the newest metric of each cell."""

    title: str
    rows: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    cells: dict[tuple[str, str], Metric] = field(default_factory=dict)

    @property
    def against_a_quantity(self) -> bool:
        """Whether each row is a number of something (`0.5 s`): such a table is a diagram, whose bars can be drawn."""
        return all(_QUANTITY.match(row) for row in self.rows)

    @property
    def largest(self) -> float:
        """The largest value."""
        return max((metric.value for metric in self.cells.values()), default=0.0)


def tables(metrics: Iterable[Metric]) -> list[Table]:
    """The tables that these metrics make up; metrics that are no cells are passed over."""
    found: dict[str, Table] = {}
    for metric in metrics:
        match = _CELL.fullmatch(metric.name)
        if match is None:
            continue
        title, row, column = match.groups()
        table = found.setdefault(title, Table(title))
        if row not in table.rows:
            table.rows.append(row)
        if column not in table.columns:
            table.columns.append(column)
        table.cells[row, column] = metric
    for table in found.values():
        if table.against_a_quantity:
            table.rows.sort(key=lambda row: float(_QUANTITY.match(row)[0]))  # type: ignore[index]
    return list(found.values())


def column(metric: Metric) -> str:
    """The column that the metric is a cell of, or nothing."""
    match = _CELL.fullmatch(metric.name)
    return match[3] if match else ""


def is_cell(metric: Metric) -> bool:
    """Whether the metric belongs to a table."""
    return _CELL.fullmatch(metric.name) is not None


def shown(metric: Metric | None) -> str:
    """A cell's text: two decimals at most; a dash where nothing was measured."""
    return "–" if metric is None else f"{round(metric.value, 2):g} {metric.unit}".rstrip()


def drawn(table: Table, width: int) -> tuple[str, list[str]]:
    """Its title, of any width, and the table as lines of text, none wider than `width`: a diagram of bars where its
    rows are quantities, a matrix where that fits, be it with stacked headings, else a line a cell."""
    title = table.title
    if table.against_a_quantity:
        lines = _bars(table, width)
    else:
        fitting = ((title, matrix) for title, matrix in _matrices(table) if len(matrix[0]) <= width)
        title, lines = next(fitting, (title, _list(table)))
    return title, [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]


def _matrices(table: Table) -> Iterator[tuple[str, list[str]]]:
    """From the widest to the narrowest: as it is, with stacked headings, with the unit in the title."""
    texts = [[shown(table.cells.get((row, column))) for column in table.columns] for row in table.rows]
    yield table.title, _matrix(table, [[name] for name in table.columns], texts)
    stacked = [name.split() for name in table.columns]
    yield table.title, _matrix(table, stacked, texts)
    units = {metric.unit for metric in table.cells.values()}
    if len(units) == 1 and (unit := units.pop()):
        bare = [[text.removesuffix(f" {unit}") for text in row] for row in texts]
        yield f"{table.title}, {unit}", _matrix(table, stacked, bare)


def _matrix(table: Table, headings: list[list[str]], texts: list[list[str]]) -> list[str]:
    """`headings`: for each column its words, one above the other; `texts` the cells, row by row."""
    above = [["", *words] for words in zip_longest(*(each[::-1] for each in headings), fillvalue="")][::-1]
    rows = [*above, *([row, *text] for row, text in zip(table.rows, texts, strict=True))]
    sizes = [max(map(len, each)) for each in zip(*rows, strict=True)]
    return ["  ".join(each.ljust(size) for each, size in zip(row, sizes, strict=True)) for row in rows]


def _list(table: Table) -> list[str]:
    names = max(map(len, table.columns))
    lines: list[str] = []
    for row in table.rows:
        lines.append(row)
        present = [column for column in table.columns if (row, column) in table.cells]
        lines += [f"  {column.ljust(names)}  {shown(table.cells[row, column])}" for column in present]
    return lines


def _bars(table: Table, width: int) -> list[str]:
    """Beside each row a bar for each column, as long as its share of the largest value."""
    rows, columns = max(map(len, table.rows)), max(map(len, table.columns))
    values = max(len(shown(metric)) for metric in table.cells.values())
    room = max(8, width - rows - columns - values - 6)
    lines: list[str] = []
    for row in table.rows:
        label = row
        for column in table.columns:
            metric = table.cells.get((row, column))
            if metric is not None:
                size = round(room * metric.value / table.largest) if table.largest else 0
                lines.append(f"{label.ljust(rows)}  {column.ljust(columns)}  {'━' * size}  {shown(metric)}")
                label = ""
    return lines
