"""The messages with their filter, and a line that says how many there are, how many of them are new, and why so few."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tutor.ui import keys, message_filter
from tutor.ui.lines import counted
from tutor.ui.message_filter import FilterError
from tutor.ui.widgets.messages import MessageList


class FilterLine(Input):
    """The line to type a filter in; it filters as one types."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.FILTER]


class Wire(Vertical):
    """List, filter and count."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self._problem = ""

    def compose(self) -> ComposeResult:
        """Title, filter (hidden until asked for), list."""
        yield Static("Wire", classes="pane-title", markup=False)
        yield FilterLine(placeholder="op:ping from:client len>125 …", compact=True)
        yield Static("", id="filter-said", markup=False)
        yield MessageList(id="messages")

    @property
    def messages(self) -> MessageList:
        """The messages."""
        return self.query_one(MessageList)

    @property
    def _line(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def is_filtering(self) -> bool:
        """Whether the filter line is on the screen."""
        return self.has_class("-filtering")

    def open_filter(self) -> None:
        """Type a filter."""
        self.add_class("-filtering")
        self._say()
        self._line.focus()

    def close_filter(self) -> None:
        """Take the filter away."""
        had_focus = self._line.has_focus
        self._line.value = ""
        self._apply("")
        self.remove_class("-filtering")
        if had_focus:
            self.messages.focus()

    def select(self, number: int) -> bool:
        """Go to the message of that number; True where the filter had to be taken away for it."""
        if self.messages.select(number):
            return False
        self.close_filter()
        if not self.messages.select(number):
            self.messages.action_everything()  # it is routine
            self.messages.select(number)
        return True

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._apply(event.value)

    def _apply(self, text: str) -> None:
        """Filter by `text`; where it means nothing the list stays as it is, and the line says why."""
        try:
            passes = message_filter.parse(text) if text.strip() else None
        except FilterError as error:
            self._problem = str(error)
        else:
            self._problem = ""
            self.messages.filter(passes)
        self._say()

    def _say(self) -> None:
        text = Content.styled(f"✗ {self._problem}", "$text-error") if self._problem else Content(message_filter.HELP)
        self.query_one("#filter-said", Static).update(text)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.messages.focus()

    @on(MessageList.Changed)
    def _count(self) -> None:
        listed = self.messages
        total = counted(listed.total - listed.hidden, "message")
        parts = ["Wire  ", f"{listed.count} of {total}  filtered, Esc shows all" if listed.is_filtered else total]
        if listed.unread:
            parts.append(f"  +{listed.unread} new, G follows")
        elif listed.follow and listed.total:
            parts.append("  following")
        if listed.hidden:
            parts.append(f"  {counted(listed.hidden, 'check')} hidden, h shows")
        self.query_one(".pane-title", Static).update("".join(parts), layout=False)
