"""The list of messages: draws only the lines in view, follows the newest until the cursor is moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message as UiMessage
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from labs.wire.frames import is_control, opcode_name
from labs.wire.message import Message
from labs.wire.printable import printable
from tutor.ui.lab_model import Row
from tutor.ui.message_filter import Predicate, length

EMPTY = "No message yet. They appear here as they pass the socket."
NO_MATCH = "No message passes the filter. Empty it to see them all."


class MessageList(ScrollView, can_focus=True):
    """Rows of the tape's messages. `follow` holds while the cursor stands on the newest."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "messages--header", "messages--cursor", "messages--control", "messages--problem", "messages--quiet",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Next", show=False),
        Binding("k,up", "move(-1)", "Previous", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "jump(0)", "First", show=False),
        Binding("G,end", "jump(-1)", "Newest, and follow", show=False),
        Binding("d", "toggle_delta", "Time or delta", show=False),
    ]

    follow = reactive(True)
    unread = reactive(0)
    delta = reactive(False)

    class Selected(UiMessage):
        """The cursor came to stand on `row`."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class FollowChanged(UiMessage):
        """The list began or ceased to follow, or more has come that is not seen: `unread` messages."""

        def __init__(self, follow: bool, unread: int) -> None:
            super().__init__()
            self.follow, self.unread = follow, unread

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all: list[Row] = []
        self._rows: list[Row] = self._all
        self._passes: Predicate | None = None
        self._cursor = -1

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if 0 <= self._cursor < len(self._rows) else None

    @property
    def shown(self) -> int:
        """How many messages pass the filter."""
        return len(self._rows)

    def clear(self) -> None:
        self._all = []
        self._cursor = -1
        self.follow, self.unread = True, 0
        self._refilter()

    def extend(self, rows: Sequence[Row]) -> None:
        """Take newer rows; those that pass the filter are listed."""
        self._all.extend(rows)
        if self._passes is not None:
            rows = [row for row in rows if self._passes(row.message)]
            self._rows.extend(rows)
        if not rows:
            return
        self._resize()
        if self.follow:
            self._go(len(self._rows) - 1)
        else:
            self.unread += len(rows)
        self.refresh()

    def filter(self, passes: Predicate | None) -> None:
        """List only the messages that pass; None lists all. The cursor stays on its message where that is listed."""
        self._passes = passes
        self._refilter()

    def select(self, number: int) -> None:
        """Put the cursor on the message of that number, if it is listed."""
        for index, row in enumerate(self._rows):
            if row.number == number:
                self.follow = False
                self._go(index)
                return

    def _refilter(self) -> None:
        current = self.current
        passes = self._passes
        self._rows = self._all if passes is None else [row for row in self._all if passes(row.message)]
        self._cursor = -1
        self._resize()
        if self._rows:
            index = next((i for i, row in enumerate(self._rows) if current and row.number >= current.number), None)
            self._go(len(self._rows) - 1 if self.follow or index is None else index)
        self.refresh()

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)

    def on_resize(self, event: events.Resize) -> None:
        self._resize()
        self._reveal()

    def _go(self, index: int) -> None:
        if not self._rows:
            return
        self._cursor = max(0, min(index, len(self._rows) - 1))
        if self._cursor == len(self._rows) - 1:
            self.unread = 0
        self._reveal()
        self.refresh()
        self.post_message(self.Selected(self._rows[self._cursor]))

    def _reveal(self) -> None:
        # One line is the header's, which stays at the top: the row under it must not hide there.
        height = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, immediate=True)

    def watch_follow(self) -> None:
        self.post_message(self.FollowChanged(self.follow, self.unread))

    def watch_unread(self) -> None:
        self.post_message(self.FollowChanged(self.follow, self.unread))

    def watch_delta(self) -> None:
        self.refresh()

    def action_move(self, by: int) -> None:
        self._moved(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._moved(self._cursor + by * max(1, self.size.height - 2))

    def action_jump(self, index: int) -> None:
        self._moved(index if index >= 0 else len(self._rows) + index)

    def action_toggle_delta(self) -> None:
        self.delta = not self.delta

    def _moved(self, index: int) -> None:
        self.follow = index >= len(self._rows) - 1
        self._go(index)

    def on_click(self, event: events.Click) -> None:
        line = event.get_content_offset(self)
        if line is not None and line.y > 0:
            self._moved(self.scroll_offset.y + line.y - 1)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._strip(header(width), self.get_component_rich_style("messages--header"))
        index = self.scroll_offset.y + y - 1
        if index >= len(self._rows):
            hint = "" if self._rows or y != 2 else NO_MATCH if self._all else EMPTY
            return self._strip("  " + hint, self.get_component_rich_style("messages--quiet"))
        row = self._rows[index]
        before = self._rows[index - 1].message.t if self.delta and index else None
        return self._strip(line(row, width, before), self._style(row.message, index == self._cursor))

    def _style(self, message: Message, under_cursor: bool) -> Style:
        if under_cursor:
            return self.get_component_rich_style("messages--cursor")
        if message.problem:
            return self.get_component_rich_style("messages--problem")
        if message.frame is not None and is_control(message.frame.opcode):
            return self.get_component_rich_style("messages--control")
        return self.rich_style

    def _strip(self, text: str, style: Style) -> Strip:
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)

    def refresh_lines_below(self, y: int) -> None:
        """Repaint from line `y` of the widget downwards."""
        self.refresh(Region(0, y, self.size.width, self.size.height - y))


Column = tuple[str, int, Callable[[Row], str]]


def _flags(row: Row) -> str:
    frame = row.message.frame
    if frame is None:
        return ""
    rsv = "".join(str(3 - bit) for bit in (2, 1, 0) if frame.rsv >> bit & 1)
    return ("FIN" if frame.fin else "···") + (f"+R{rsv}" if rsv else "")


def _opcode(row: Row) -> str:
    frame = row.message.frame
    return opcode_name(frame.opcode).replace("continuation", "cont.") if frame is not None else ""


def _mask(row: Row) -> str:
    frame = row.message.frame
    if frame is None:
        return ""
    return frame.mask_key.hex() if frame.mask_key is not None else "none"


def note(row: Row) -> str:
    """What a reader wants to know of the message: its summary, a pong's ping and round trip, what is wrong."""
    text = row.message.summary
    if row.ping is not None and row.round_trip is not None:
        text += f" ↩ #{row.ping} in {row.round_trip * 1000:.2f} ms"
    if row.message.problem:
        text = f"✗ {text}: {row.message.problem}"
    return printable(text)


# Columns from left to right; a narrow list leaves out those that its width does not reach.
NARROW: tuple[Column, ...] = (
    ("#", 5, lambda row: str(row.number)),
    ("from → to", 17, lambda row: f"{row.message.sender} → {row.message.receiver}"),
    ("proto", 5, lambda row: row.message.proto),
)
WIDE: tuple[Column, ...] = (
    *NARROW,
    ("opcode", 7, _opcode),
    ("FIN/RSV", 7, _flags),
    ("mask", 8, _mask),
    ("length", 6, lambda row: str(length(row.message))),
)
WIDE_FROM = 96


def header(width: int) -> str:
    """The head of the columns for a list of that many cells."""
    time = f"{'time':>8}"
    names = [f"{name:{size}}" for name, size, _ in _columns(width)]
    return " ".join([names[0], time, *names[1:], "message"])[:width]


def line(row: Row, width: int, before: float | None = None) -> str:
    """One row in `width` cells; with `before` the time is the difference to that of the row above it."""
    seconds = row.message.t if before is None else row.message.t - before
    time = f"{'+' if before is not None else ''}{seconds:.4f}"[:8]
    cells = [f"{printable(text(row))[:size]:{size}}" for _, size, text in _columns(width)]
    return " ".join([cells[0], f"{time:>8}", *cells[1:], note(row)])[:width]


def _columns(width: int) -> tuple[Column, ...]:
    return WIDE if width >= WIDE_FROM else NARROW
