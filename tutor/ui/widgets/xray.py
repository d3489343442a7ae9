"""X-ray of a masked frame: key byte, masked byte, plain byte, uncovered one at a time."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from labs.wire.message import Message

AROUND = 6  # rows above the one that is being uncovered
UNMASKED = "This message is no masked frame: there is nothing to unmask. Select one from a client."


class XRay(Widget, can_focus=True):
    """The XOR of RFC 6455 §5.3, octet by octet, on the bytes that were on the wire."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space,j,down", "move(1)", "Next byte", show=False),
        Binding("left,h,k,up", "move(-1)", "Byte before", show=False),
        Binding("end,G", "all", "All bytes", show=False),
        Binding("home,g", "none", "From the start", show=False),
    ]

    uncovered = reactive(0)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._key = b""
        self._masked = b""
        self._plain = b""

    def show(self, message: Message | None) -> None:
        """Begin anew with the frame of `message`."""
        frame = message.frame if message is not None else None
        if frame is None or message is None or frame.mask_key is None or not frame.payload:
            self._key = self._masked = self._plain = b""
        else:
            self._key, self._plain = frame.mask_key, frame.payload
            self._masked = message.raw[len(message.raw) - len(frame.payload) :]
        self.set_reactive(XRay.uncovered, min(1, len(self._plain)))
        self.refresh(layout=True)

    def render(self) -> Content:
        if not self._key:
            return Content.styled(UNMASKED, "dim")
        last = self.uncovered - 1
        first = max(0, last - AROUND)
        rows = [Content.styled("   i   key[i mod 4]  ⊕  masked  =  plain", "dim")]
        rows += [self._row(index, index == last) for index in range(first, self.uncovered)]
        text = self._plain[: self.uncovered].decode("utf-8", "replace")
        rows.append(Content(""))
        rows.append(Content.assemble(("plain so far  ", "dim"), (text[-60:].replace("\n", "␤"), "bold")))
        left = len(self._plain) - self.uncovered
        rows.append(Content.styled(f"{left} bytes still masked; → next, End all" if left else "all unmasked", "dim"))
        return Content("\n").join(rows)

    def _row(self, index: int, newest: bool) -> Content:
        key, masked, plain = self._key[index % 4], self._masked[index], self._plain[index]
        letter = chr(plain) if 0x20 <= plain < 0x7F else "·"
        text = f"{index:4}   {key:02x} (key[{index % 4}])   ⊕   {masked:02x}    =   {plain:02x}  {letter}"
        return Content.styled(text, "bold reverse" if newest else "")

    def action_move(self, by: int) -> None:
        if self._plain:
            self.uncovered = max(1, min(len(self._plain), self.uncovered + by))

    def action_all(self) -> None:
        self.uncovered = len(self._plain)

    def action_none(self) -> None:
        self.uncovered = min(1, len(self._plain))

    def watch_uncovered(self) -> None:
        self.refresh(layout=True)
