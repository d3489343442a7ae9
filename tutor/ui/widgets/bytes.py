"""The bytes of one message as hex and text, and its fields; each selects its counterpart in the other."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message as UiMessage
from textual.reactive import reactive
from textual.widget import Widget

from labs.wire.fields import Field
from labs.wire.message import Message

MAX_SHOWN = 4096  # bytes of a message that are drawn; more is said, not drawn
OFFSET_CELLS = 6
EMPTY = "Select a message to see its bytes."


class HexView(Widget, can_focus=True):
    """Rows of hex and text. The cursor is on one byte; the span of the selected field is marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"hex--offset", "hex--span", "hex--cursor", "hex--header"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Byte before", show=False),
        Binding("right,l", "move(1)", "Byte after", show=False),
        Binding("up,k", "move_row(-1)", "Row above", show=False),
        Binding("down,j", "move_row(1)", "Row below", show=False),
    ]

    cursor = reactive(0)
    span = reactive((0, 0), layout=False)

    class ByteSelected(UiMessage):
        """The cursor came to stand on the byte at `offset`."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._raw = b""

    def show(self, message: Message | None) -> None:
        self._raw = message.raw if message is not None else b""
        self.set_reactive(HexView.cursor, 0)
        self.set_reactive(HexView.span, (0, 0))
        self.refresh(layout=True)

    def mark(self, field: Field) -> None:
        """Mark the bytes of `field` and put the cursor on its first."""
        self.set_reactive(HexView.cursor, field.start)
        self.span = (field.start, field.stop)
        self.refresh()

    @property
    def _per_row(self) -> int:
        # offset, then three cells a byte in hex and one in text, with a gap between the two
        return 16 if self.size.width >= OFFSET_CELLS + 16 * 4 + 1 else 8

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, -(-min(len(self._raw), MAX_SHOWN) // self._per_row) + (len(self._raw) > MAX_SHOWN))

    def render(self) -> Content:
        if not self._raw:
            return Content.styled(EMPTY, "dim")
        shown = self._raw[:MAX_SHOWN]
        rows = [self._row(start) for start in range(0, len(shown), self._per_row)]
        if len(self._raw) > MAX_SHOWN:
            rows.append(Content.styled(f"… {len(self._raw) - MAX_SHOWN} more bytes", "dim"))
        return Content("\n").join(rows)

    def _row(self, start: int) -> Content:
        parts: list[Content | str | tuple[str, str]] = [(f"{start:04x}  ", "dim")]
        letters: list[Content | str | tuple[str, str]] = [" "]
        for offset in range(start, start + self._per_row):
            if offset >= min(len(self._raw), MAX_SHOWN):
                parts.append("   ")
                continue
            octet = self._raw[offset]
            style = self._byte_style(offset)
            gap = style if self.span[0] <= offset < self.span[1] - 1 and (offset + 1) % self._per_row else ""
            parts += [(f"{octet:02x}", style), (" ", gap)]
            letters.append((chr(octet) if 0x20 <= octet < 0x7F else "·", style))
        return Content.assemble(*parts, *letters)

    def _byte_style(self, offset: int) -> str:
        if offset == self.cursor:
            return "bold reverse"
        if self.span[0] <= offset < self.span[1]:
            return "$text-primary on $primary-muted underline"
        return ""

    def _offset_at(self, x: int, y: int) -> int | None:
        per_row = self._per_row
        column = (x - OFFSET_CELLS) // 3 if x < OFFSET_CELLS + per_row * 3 else x - OFFSET_CELLS - per_row * 3 - 1
        offset = y * per_row + column
        return offset if 0 <= column < per_row and offset < min(len(self._raw), MAX_SHOWN) else None

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        offset = self._offset_at(place.x, place.y) if place is not None else None
        if offset is not None:
            self._select(offset)

    def action_move(self, by: int) -> None:
        self._select(self.cursor + by)

    def action_move_row(self, by: int) -> None:
        self._select(self.cursor + by * self._per_row)

    def _select(self, offset: int) -> None:
        if 0 <= offset < min(len(self._raw), MAX_SHOWN):
            self.cursor = offset
            self.post_message(self.ByteSelected(offset))


def field_at(fields: tuple[Field, ...], offset: int) -> int | None:
    """The index of the smallest field that covers the byte at `offset`, or None."""
    covering = [
        (field.stop - field.start, index) for index, field in enumerate(fields) if field.start <= offset < field.stop
    ]
    return min(covering)[1] if covering else None
