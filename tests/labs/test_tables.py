"""Metrics as tables: a matrix where it fits, a list where it does not, bars against a quantity."""

from labs.tables import Table, cell, drawn, is_cell, tables
from labs.tape import Metric


def metric(name: str, value: float, unit: str = "s") -> Metric:
    return Metric(t=0, name=name, value=value, unit=unit)


def lines_of(table: Table, width: int) -> list[str]:
    title, lines = drawn(table, width)
    return [title, *(line.rstrip() for line in lines)]


MATRIX = [
    metric(cell("time to detect", "frozen", "ping"), 0.812),
    metric(cell("time to detect", "frozen", "keepalive"), 2.5, "s, blind"),
    metric(cell("time to detect", "hole", "ping"), 0.8),
]


def test_metrics_that_are_no_cells_are_passed_over() -> None:
    plain = metric("round trip", 3, "ms")
    assert not is_cell(plain)
    assert tables([plain]) == []


def test_the_newest_value_of_a_cell_counts() -> None:
    (table,) = tables([*MATRIX, metric(cell("time to detect", "frozen", "ping"), 9)])
    assert table.cells["frozen", "ping"].value == 9


def test_a_matrix_has_a_dash_where_nothing_was_measured() -> None:
    (table,) = tables(MATRIX)
    assert lines_of(table, 80) == [
        "time to detect",
        "        ping    keepalive",
        "frozen  0.81 s  2.5 s, blind",
        "hole    0.8 s   –",
    ]


def test_headings_of_a_matrix_that_is_too_wide_stand_on_several_lines() -> None:
    code, waits = (cell("clients", "ann", name) for name in ("close code", "waits"))
    (table,) = tables(
        [metric(code, 1006, ""), metric(waits, 0.17), metric(cell("clients", "bo", "close code"), 1001, "")]
    )
    assert lines_of(table, 18) == [
        "clients", "     close", "     code   waits", "ann  1006   0.17 s", "bo   1001   –",
    ]  # fmt: skip


def test_the_unit_of_a_matrix_that_is_still_too_wide_is_in_its_title() -> None:
    cells = {("no", "1st"): 100.0, ("no", "2nd"): 80.0, ("full", "1st"): 10.0}
    (table,) = tables([metric(cell("peak", *at), value, "arrivals") for at, value in cells.items()])
    assert lines_of(table, 16) == [
        "peak, arrivals", "      1st  2nd", "no    100  80", "full  10   –",
    ]  # fmt: skip


def test_a_matrix_that_is_too_wide_is_a_list() -> None:
    (table,) = tables(MATRIX)
    lines = lines_of(table, 26)
    assert lines[1:4] == ["frozen", "  ping       0.81 s", "  keepalive  2.5 s, blind"]
    assert max(map(len, drawn(table, 12)[1])) <= 12


def test_rows_that_are_quantities_are_bars_in_their_order() -> None:
    points = [(1, 2.0), (0.5, 1.2), (10, 4.0)]
    (table,) = tables([metric(cell("by interval", f"{at:g} s", "ping"), value) for at, value in points])
    title, bars = drawn(table, 60)
    assert title == "by interval"
    assert [line.split()[0] for line in bars] == ["0.5", "1", "10"]
    sizes = [line.count("━") for line in bars]
    assert [round(size / sizes[2], 1) for size in sizes] == [0.3, 0.5, 1.0]
    assert max(map(len, bars)) <= 60
