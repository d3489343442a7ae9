"""The messages and, below them, the bytes of the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tutor.ui.lab_model import Row
from tutor.ui.widgets.inspector import Inspector
from tutor.ui.widgets.messages import MessageList
from tutor.ui.widgets.wire import Wire


class Traffic(Vertical):
    """Wire and Inspector, joined. While the list follows messages that come, the bytes keep still until `settle`."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._live = False

    def compose(self) -> ComposeResult:
        """Two panes."""
        yield Wire(id="wire")
        yield Inspector(id="bytes")

    @property
    def wire(self) -> Wire:
        """The messages and their filter."""
        return self.query_one(Wire)

    @property
    def inspector(self) -> Inspector:
        """Fields, bytes, X-ray."""
        return self.query_one(Inspector)

    @property
    def stops(self) -> list[Widget]:
        """What can have the focus."""
        return [self.wire.messages, *self.inspector.stops]

    def begin(self) -> None:
        """Another run: no message yet."""
        self._live = True
        self.wire.messages.clear()
        self.settle()

    def end(self) -> None:
        """No more messages come."""
        self._live = False
        self.settle()

    def extend(self, rows: Sequence[Row]) -> None:
        """Newer messages."""
        self.wire.messages.extend(rows)

    def settle(self) -> None:
        """Show the bytes of the message under the cursor."""
        self.inspector.show(self.wire.messages.current)

    def on_mount(self) -> None:
        """The bytes go with the cursor."""
        self.watch(self.wire.messages, "selected", self._selected, init=False)

    def _selected(self, row: Row | None) -> None:
        if not (self._live and self.wire.messages.follow):
            self.inspector.show(row)

    @on(MessageList.Opened)
    def _opened(self, event: MessageList.Opened) -> None:
        event.stop()
        self.settle()
        self.inspector.stops[0].focus()

    def xray(self) -> None:
        """Uncover a byte of the message under the cursor."""
        self.settle()
        self.inspector.xray()

    @property
    def text(self) -> str:
        """The message under the cursor, for the clipboard; empty where there is none."""
        self.settle()
        return self.inspector.text

    def step_back(self) -> Widget | None:
        """One step back from where the focus is: what has it next, or None where there is no further back."""
        if self.inspector.has_focus_within:
            if self.inspector.is_xraying:
                self.inspector.close_xray()
                return self.inspector.stops[0]
            return self.wire.messages
        if self.wire.has_focus_within and self.wire.is_filtering:
            self.wire.close_filter()
            return self.wire.messages
        return None
