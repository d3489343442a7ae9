"""The list of messages: follows the newest until the cursor is moved. Which columns there are is in columns.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message as UiMessage
from textual.reactive import reactive

from tutor.ui import keys
from tutor.ui.lab_model import Row
from tutor.ui.message_filter import Predicate
from tutor.ui.widgets import columns
from tutor.ui.widgets.rows import Piece, Rows

EMPTY = "No message yet. They appear here as they pass the socket."
ROUTINE = "Nothing but health checks and heart-beats so far: h shows them."
NO_MATCH = "No message passes the filter: / changes it, Esc takes it away."


class MessageList(Rows):
    """Rows of the tape's messages. `follow` holds while the cursor stands on the newest. Without a filter nothing is
    hidden, control frames neither, but what is routine: until `everything` is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.WIRE]
    HEAD = 1
    selected: reactive[Row | None] = reactive(None, repaint=False)
    """The message under the cursor. Who watches it knows at once: its bytes are in the frame that shows the cursor"""

    class Opened(UiMessage):
        """The learner wants to see the bytes of the message under the cursor."""

    class Changed(UiMessage):
        """How many messages are listed, seen or followed is another number now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all: list[Row] = []
        self._rows: list[Row] = []
        self._passes: Predicate | None = None
        self._names = columns.MIN_NAMES
        self._routine = 0  # of all messages
        self.follow = True
        self.unread = 0
        self.delta = self.everything = False

    # -- what is listed

    @property
    def count(self) -> int:
        """How many messages pass the filter."""
        return len(self._rows)

    @property
    def total(self) -> int:
        """How many messages there are."""
        return len(self._all)

    @property
    def hidden(self) -> int:
        """How many are not listed because they are routine."""
        return 0 if self.everything else self._routine

    @property
    def current(self) -> Row | None:
        """The message under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def clear(self) -> None:
        """Begin anew; the filter stays."""
        self._all, self._routine = [], 0
        self.follow, self.unread, self.cursor = True, 0, -1
        self._names = columns.MIN_NAMES
        self._refilter()

    def extend(self, rows: Sequence[Row]) -> None:
        """Take newer messages; those that pass the filter are listed."""
        self._all.extend(rows)
        self._routine += sum(row.routine for row in rows)
        self._names = max(self._names, *(columns.names_width(row) for row in rows))
        rows = [row for row in rows if self._lists(row)]
        self._rows.extend(rows)
        if rows:
            if self.count - len(rows) < self.scroll_offset.y + self.size.height:
                self.refresh()  # else they are below what is in view
            self.measure()
            if self.follow:
                self.point(self.count - 1)
            else:
                self.unread += len(rows)
        self.post_message(self.Changed())

    def filter(self, passes: Predicate | None) -> None:
        """List only the messages that pass; None lists all. The cursor stays on its message where that is listed, and
        else goes to the next one that is."""
        self._passes = passes
        self._refilter()

    def select(self, number: int) -> bool:
        """Put the cursor on the message of that number; False where it is not listed."""
        for index, row in enumerate(self._rows):
            if row.number == number:
                self.moved(index)
                return True
        return False

    @property
    def is_filtered(self) -> bool:
        """Whether the learner's filter stands before it."""
        return self._passes is not None

    def _lists(self, row: Row) -> bool:
        return (self.everything or not row.routine) and (self._passes is None or self._passes(row.message))

    def _refilter(self) -> None:
        current = self.current
        self._rows = [row for row in self._all if self._lists(row)]
        self.measure()
        index = next((i for i, row in enumerate(self._rows) if current and row.number >= current.number), None)
        self.point(self.count - 1 if self.follow or index is None else index)
        self.refresh()
        self.post_message(self.Changed())

    # -- the cursor

    def point(self, index: int) -> None:
        """Put the cursor on a message and tell which it is."""
        super().point(index)
        if self.cursor == self.count - 1:
            self.unread = 0
        self.selected = self.current

    def moved(self, index: int) -> None:
        """Following ends where the learner leaves the newest, and begins there again."""
        self.follow = index >= self.count - 1
        self.point(index)
        self.post_message(self.Changed())

    def on_mouse_scroll_up(self) -> None:
        """Whoever looks back is not called to the newest."""
        self.follow = False
        self.post_message(self.Changed())

    def action_open(self) -> None:
        """Tell the screen."""
        if self.current is not None:
            self.post_message(self.Opened())

    def action_delta(self) -> None:
        """Times as differences, or not."""
        self.delta = not self.delta
        self.refresh()

    def action_everything(self) -> None:
        """List what is routine, too, or not."""
        self.everything = not self.everything
        self._refilter()

    # -- drawing

    def hint(self) -> str:
        """Why nothing is listed."""
        return f"  {NO_MATCH if self.is_filtered and self._all else ROUTINE if self._all else EMPTY}"

    def head(self, width: int) -> Iterable[Piece]:
        """The names of the columns."""
        return columns.head(width, self._names, delta=self.delta)

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """One message."""
        before = self._rows[index - 1].message.t if self.delta and index else None
        return columns.line(self._rows[index], width, self._names, before)
