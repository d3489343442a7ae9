"""The bytes of one message in hex and as text, with a cursor on one of them and the span of a field marked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message as UiMessage

from labs.wire.message import Message
from tutor.ui import keys
from tutor.ui.widgets.rows import Piece, Rows

OFFSET_CELLS = 6
EMPTY = "Select a message to see its bytes."


class HexView(Rows):
    """Rows of eight or sixteen bytes."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.HEX]

    class ByteSelected(UiMessage):
        """The learner put the cursor on the byte at `offset`."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._raw = b""
        self._per_row = 16
        self.at = -1
        """The byte under the cursor; -1 on none"""
        self.span = (0, 0)
        """The bytes that are marked, half open"""

    @property
    def count(self) -> int:
        """Rows of bytes."""
        return -(-len(self._raw) // self._per_row)

    def show(self, message: Message | None) -> None:
        """The bytes of another message."""
        self._raw = message.raw if message is not None else b""
        self.at, self.span = -1, (0, 0)
        self.measure()
        self.scroll_to(y=0, animate=False, immediate=True, force=True)
        self.refresh()

    def mark(self, start: int, stop: int, cursor: int | None = None) -> None:
        """Mark the bytes from `start` to `stop` (half open) and put the cursor on the first, or on another."""
        self.span = (start, stop)
        self._put(start if cursor is None else cursor)

    def _put(self, offset: int) -> None:
        if self._raw:
            self.at = max(0, min(offset, len(self._raw) - 1))
            self.reveal(self.at // self._per_row)
        self.refresh()

    # -- keys and mouse

    def action_byte(self, by: int) -> None:
        """Bytes to the right or to the left."""
        self._select(self.at + by)

    def action_move(self, by: int) -> None:
        """Rows down or up."""
        self._select(self.at + by * self._per_row)

    def action_page(self, by: int) -> None:
        """Pages down or up."""
        self._select(self.at + by * self._per_row * max(1, self.size.height - 1))

    def action_edge(self, edge: str) -> None:
        """To the first byte, or the last."""
        self._select(0 if edge == "top" else len(self._raw) - 1)

    def on_click(self, event: events.Click) -> None:
        """A click on a byte, in hex or as text, chooses it."""
        event.prevent_default()
        row, place = self.line_at(event), event.get_content_offset(self)
        if row is None or place is None:
            return
        letters = OFFSET_CELLS + self._per_row * 3 + 1
        column = (place.x - OFFSET_CELLS) // 3 if place.x < letters - 1 else place.x - letters
        if 0 <= column < self._per_row and row * self._per_row + column < len(self._raw):
            self._select(row * self._per_row + column)

    def on_resize(self, event: events.Resize) -> None:
        """As many bytes a row as fit."""
        event.prevent_default()
        self._per_row = 16 if event.size.width >= OFFSET_CELLS + 16 * 4 + 1 else 8
        self.measure()
        if self.at >= 0:
            self.reveal(self.at // self._per_row)

    def _select(self, offset: int) -> None:
        if self._raw:
            self._put(offset)
            self.post_message(self.ByteSelected(self.at))

    # -- drawing

    def hint(self) -> str:
        """Why there are no bytes."""
        return EMPTY

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Offset, hex, text."""
        start = index * self._per_row
        row = self._raw[start : start + self._per_row]
        yield f"{start:04x}  ", "quiet"
        for offset, octet in enumerate(row, start):
            style = self._style_at(offset)
            inside = style == "mark" and self._style_at(offset + 1) and offset + 1 < start + len(row)
            yield f"{octet:02x}", style
            yield " ", "mark" if inside else ""
        yield "   " * (self._per_row - len(row)) + " ", ""
        for offset, octet in enumerate(row, start):
            yield chr(octet) if 0x20 <= octet < 0x7F else "·", self._style_at(offset) or "quiet"

    def _style_at(self, offset: int) -> str:
        if offset == self.at:
            return "point"
        return "mark" if self.span[0] <= offset < self.span[1] else ""
