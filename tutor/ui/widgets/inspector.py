"""One message in three views that select each other: its fields, its bytes, and the X-ray of its mask."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Static

from labs.wire.printable import clean, count
from tutor.ui.lab_model import Row
from tutor.ui.widgets.bytes import HexView
from tutor.ui.widgets.columns import note
from tutor.ui.widgets.fields import FieldTree
from tutor.ui.widgets.xray import XRay

SIDE_BY_SIDE = 112  # cells from which the bytes have room beside the fields


class Inspector(Vertical):
    """Fields above bytes, or beside them where there is room; the X-ray takes the place of the fields."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.row: Row | None = None

    def compose(self) -> ComposeResult:
        """Title and views."""
        yield Static("Bytes", classes="pane-title", markup=False)
        with Container(id="views"):
            yield FieldTree(id="fields")
            yield XRay(id="xray")
            yield HexView(id="hex")

    @property
    def _fields(self) -> FieldTree:
        return self.query_one(FieldTree)

    @property
    def _hex(self) -> HexView:
        return self.query_one(HexView)

    @property
    def _xray(self) -> XRay:
        return self.query_one(XRay)

    @property
    def stops(self) -> list[Widget]:
        """What can have the focus here."""
        return [self._xray if self.is_xraying else self._fields, self._hex]

    def show(self, row: Row | None) -> None:
        """Another message; nothing happens where it is the same one."""
        if row is self.row:
            return
        self.row = row
        message = row.message if row is not None else None
        self._fields.show(message)
        self._hex.show(message)
        self._xray.show(message)
        title = "Bytes"
        if row is not None:
            title += f"  #{row.number}  {row.message.proto} {note(row)}  {count(len(row.message.raw), 'byte')}"
        self.query_one(".pane-title", Static).update(title, layout=False)

    def on_resize(self) -> None:
        """Side by side or not."""
        self.set_class(self.size.width >= SIDE_BY_SIDE, "-beside")

    # -- field and byte select each other

    @on(FieldTree.FieldSelected)
    def _field_selected(self, event: FieldTree.FieldSelected) -> None:
        event.stop()
        self._hex.mark(event.field.start, event.field.stop)

    @on(HexView.ByteSelected)
    def _byte_selected(self, event: HexView.ByteSelected) -> None:
        event.stop()
        field = self._fields.select_byte(event.offset)
        start, stop = (field.start, field.stop) if field is not None else (0, 0)
        self._hex.mark(start, stop, event.offset)

    # -- X-ray

    @property
    def is_xraying(self) -> bool:
        """Whether the X-ray is on the screen."""
        return self.has_class("-xray")

    def xray(self) -> None:
        """Open the X-ray, or uncover one more byte."""
        if not self.is_xraying:
            self.add_class("-xray")
        self._xray.action_step(1)
        self._xray.focus()

    def close_xray(self) -> None:
        """Back to the fields."""
        had_focus = self._xray.has_focus
        self.remove_class("-xray")
        if had_focus:
            self._fields.focus()

    @on(XRay.Uncovered)
    def _uncovered(self, event: XRay.Uncovered) -> None:
        event.stop()
        self._hex.mark(event.key_offset, event.key_offset + 1, event.masked_offset)

    # -- copying

    @property
    def text(self) -> str:
        """The message for the clipboard: a line that says what it is, and its bytes in hex."""
        if self.row is None:
            return ""
        message = self.row.message
        what = clean(f"{message.sender} → {message.receiver}  {message.proto}  {message.summary}")
        problem = f"\n{clean(message.problem)}" if message.problem else ""
        return f"#{self.row.number}  {message.t:.6f} s  {what}{problem}\n{message.raw.hex(' ')}\n"
