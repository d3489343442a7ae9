"""What the list of messages says of each, column by column, in the cells that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from labs.wire.frames import is_control, opcode_name
from labs.wire.printable import clean
from tutor.ui.lab_model import Row
from tutor.ui.message_filter import length
from tutor.ui.widgets.rows import Piece

MIN_NAMES, MAX_NAMES = 11, 23  # cells of "from → to"
WITH_PROTOCOL = 76  # cells from which protocol and opcode have a column each, under them the opcode has it
ROOM = 44  # cells of the message's own column under which what is no frame says it in the columns of frames, too
WITH_KEY = 96  # from so many cells on the masking key has room, under them it is told whether there is one


@dataclass(frozen=True, slots=True)
class Column:
    """`cells` wide; `text` of a row, in the component style `style` unless the row gives another."""

    name: str
    cells: int
    text: Callable[[Row], str]
    style: str = ""
    right: bool = False


def names_width(row: Row) -> int:
    """How many cells the names of the two ends would take, at most MAX_NAMES."""
    return min(MAX_NAMES, cell_len(_names(row)))


def head(width: int, names: int, *, delta: bool) -> Iterator[Piece]:
    """The names of the columns."""
    for column in _columns(width, names):
        name = "since" if delta and column.name == "time" else column.name
        yield f"{name:>{column.cells}} " if column.right else f"{name:{column.cells}} ", ""
    yield "message", ""


def line(row: Row, width: int, names: int, before: float | None = None) -> Iterator[Piece]:
    """One message; with `before` its time is the difference to that moment."""
    shown = _columns(width, names)
    if row.message.frame is None and width - sum(column.cells + 1 for column in shown) < ROOM:
        shown = shown[: next(at for at, column in enumerate(shown, 1) if column.name in ("prot", "what"))]
    for column in shown:
        text = _time(row, before) if column.name == "time" else column.text(row)
        text = text.rjust(column.cells) if column.right else text
        if cell_len(text) > column.cells:
            text = set_cell_size(text, column.cells - 1) + "…"
        style = _opcode_style(row) if column.name in ("op", "what") else column.style
        yield set_cell_size(text, column.cells) + " ", style
    problem = clean(row.message.problem)
    yield (f"✗ {note(row)}: {problem}", "error") if problem else (note(row), "quiet" if row.carrier else "")


def note(row: Row) -> str:
    """What the columns leave to say: the summary without the opcode, and of a pong its ping and the round trip."""
    message = row.message
    text = message.summary
    if message.frame is not None:
        text = text.removeprefix(opcode_name(message.frame.opcode)).lstrip()
    if row.ping is not None and row.round_trip is not None:
        text = f"{text} ↩ #{row.ping} in {row.round_trip * 1000:.2f} ms".lstrip()
    return clean(text)


def _names(row: Row) -> str:
    return clean(f"{row.message.sender} → {row.message.receiver}")


def _time(row: Row, before: float | None) -> str:
    return f"{row.message.t:.4f}" if before is None else f"+{row.message.t - before:.4f}"


def _protocol(row: Row) -> str:
    return row.message.proto.replace("sockjs", "sjs")


def _flags(row: Row) -> str:
    """FIN, or dots; behind it the number of each RSV bit that is set."""
    frame = row.message.frame
    if frame is None:
        return ""
    rsv = "".join(str(3 - bit) for bit in (2, 1, 0) if frame.rsv >> bit & 1)
    return f"F+{rsv}" if frame.fin and rsv else f"·+{rsv}" if rsv else "FIN" if frame.fin else "···"


_SHORT = {"continuation": "cont.", "binary": "bin."}


def _opcode(row: Row) -> str:
    frame = row.message.frame
    if frame is None:
        return ""
    name = opcode_name(frame.opcode)
    return _SHORT.get(name, name.replace("reserved ", "res."))


def _opcode_style(row: Row) -> str:
    frame = row.message.frame
    if frame is None:
        return "accent"
    return "warning" if is_control(frame.opcode) else "quiet" if row.carrier else ""


def _key(row: Row) -> str:
    frame = row.message.frame
    return "" if frame is None else frame.mask_key.hex() if frame.mask_key is not None else "none"


def _masked(row: Row) -> str:
    frame = row.message.frame
    return "" if frame is None else "yes" if frame.masked else "no"


def _columns(width: int, names: int) -> tuple[Column, ...]:
    tight = width < WITH_PROTOCOL
    both = (Column("prot", 5, _protocol, "accent"), Column("op", 5, _opcode))
    either = (Column("what", 5, lambda row: _opcode(row) or _protocol(row)),)
    masked, key = Column("mask", 4, _masked, "quiet"), Column("mask", 8, _key, "quiet")
    return (
        Column("#", 4 if tight else 5, lambda row: str(row.number), "quiet", right=True),
        Column("time", 7 if tight else 8, lambda row: "", "quiet", right=True),
        Column("from → to", names, _names),
        *(either if tight else both),
        Column("FIN", 3, _flags, "quiet") if tight else Column("FIN+R", 5, _flags, "quiet"),
        key if width >= WITH_KEY else masked,
        Column("len", 4 if tight else 5, lambda row: str(length(row.message)), right=True),
    )
