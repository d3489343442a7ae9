"""The fields of one message as a tree: the bits under their byte, the parts of a payload under the payload."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message as UiMessage

from labs.wire.fields import Field
from labs.wire.message import Message
from labs.wire.printable import clean
from tutor.ui import keys
from tutor.ui.widgets.rows import Piece, Rows

EMPTY = "Select a message to see its fields."


@dataclass(frozen=True, slots=True)
class Node:
    """A field and how deep it stands; `parent` says whether the nodes after it may be folded under it."""

    field: Field
    depth: int
    parent: bool


class FieldTree(Rows):
    """Moving to a field tells which bytes it spans; `select_byte` goes the other way."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.FIELDS]

    class FieldSelected(UiMessage):
        """The cursor came to stand on `field`."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tree: tuple[Node, ...] = ()
        self._shown: list[Node] = []
        self._folded: set[Field] = set()

    @property
    def count(self) -> int:
        """Fields that are not folded away."""
        return len(self._shown)

    @property
    def current(self) -> Field | None:
        """The field under the cursor."""
        return self._shown[self.cursor].field if 0 <= self.cursor < len(self._shown) else None

    def show(self, message: Message | None) -> None:
        """The fields of another message."""
        self._tree = nest(message) if message is not None else ()
        self._folded.clear()
        self._relist()
        self.scroll_to(y=0, animate=False, immediate=True, force=True)
        self.point(-1)
        self.refresh()

    def _relist(self) -> None:
        self._shown = []
        hidden_below = 1 << 30
        for node in self._tree:
            if node.depth > hidden_below:
                continue
            hidden_below = node.depth if node.field in self._folded else 1 << 30
            self._shown.append(node)
        self.measure()

    def select_byte(self, offset: int) -> Field | None:
        """Put the cursor on the smallest listed field that covers the byte at `offset`; None where there is none."""
        covering = [
            (node.field.stop - node.field.start, node.depth, index)
            for index, node in enumerate(self._shown)
            if node.field.start <= offset < node.field.stop
        ]
        self.point(min(covering)[2] if covering else -1)
        return self.current

    def moved(self, index: int) -> None:
        """The learner chose a field."""
        self.point(index)
        if self.current is not None:
            self.post_message(self.FieldSelected(self.current))

    def action_fold(self) -> None:
        """Fold what stands under the field, or unfold it."""
        if self.current is not None and self._shown[self.cursor].parent:
            self._folded ^= {self.current}
            self._relist()
            self.refresh()

    def hint(self) -> str:
        """Why there is no field."""
        return EMPTY if not self._tree else ""

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Name, value and meaning; what is wrong comes first and in words."""
        node = self._shown[index]
        field = node.field
        sign = ("▸ " if field in self._folded else "▾ ") if node.parent else "  "
        yield "  " * node.depth + sign, "quiet"
        yield f"{clean(field.name)}  ", "bold"
        if field.problem:
            yield f"✗ {clean(field.problem)}  ", "error"
        yield clean(field.value), "accent"
        if field.meaning:
            yield f"  {clean(field.meaning)}", "quiet"


def nest(message: Message) -> tuple[Node, ...]:
    """The fields in order, each under the field before it that contains it, bits under a node for their byte."""
    fields = _with_bytes(message)
    depths: list[int] = []
    open_fields: list[Field] = []
    for field in fields:
        while open_fields and not _contains(open_fields[-1], field):
            open_fields.pop()
        depths.append(len(open_fields))
        open_fields.append(field)
    following = [*depths[1:], 0]
    return tuple(
        Node(field, depth, after > depth) for field, depth, after in zip(fields, depths, following, strict=False)
    )


def _with_bytes(message: Message) -> list[Field]:
    fields: list[Field] = []
    for field in message.fields:
        if field.bits is not None and (not fields or fields[-1].bits is None or fields[-1].start != field.start):
            octet = message.raw[field.start] if field.start < len(message.raw) else 0
            stop = field.start + 1
            fields.append(
                Field(f"byte {field.start}", field.start, stop, f"{octet:02x}", f"{octet >> 4:04b} {octet & 15:04b}")
            )
        fields.append(field)
    return fields


def _contains(outer: Field, inner: Field) -> bool:
    if outer.bits is not None:
        return False
    if inner.bits is not None and outer.start == inner.start and outer.name.startswith("byte "):
        return True
    return (
        outer.start <= inner.start and inner.stop <= outer.stop and outer.stop - outer.start > inner.stop - inner.start
    )
