"""X-ray of a masked frame: key byte, masked byte, plain byte, uncovered one at a time."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message as UiMessage
from textual.widget import Widget

from labs.wire.frames import read_header
from labs.wire.message import Message
from labs.wire.printable import printable
from tutor.ui import keys

UNMASKED = "This message is not a masked frame: there is nothing to unmask. Choose one whose mask is not “no”."
WITH_BITS = 80  # cells from which the bits have room beside the bytes
HEAD = "   i    key[i mod 4]     masked      plain"


class XRay(Widget, can_focus=True):
    """The XOR of RFC 6455 §5.3, octet by octet, on the bytes that were on the wire."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.XRAY]

    class Uncovered(UiMessage):
        """Octet number `index` of the payload was uncovered last; both offsets count into the message's bytes."""

        def __init__(self, index: int, key_offset: int, masked_offset: int) -> None:
            super().__init__()
            self.index, self.key_offset, self.masked_offset = index, key_offset, masked_offset

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._key = self._masked = self._plain = b""
        self._header = 0
        self.uncovered = 0

    @property
    def possible(self) -> bool:
        """Whether there is something to uncover."""
        return bool(self._plain)

    def show(self, message: Message | None) -> None:
        """Begin anew with the frame of `message`."""
        self._key = self._masked = self._plain = b""
        self.uncovered = 0
        frame = message.frame if message is not None else None
        if message is not None and frame is not None and frame.mask_key is not None and frame.payload:
            header = read_header(message.raw)
            self._header = header.size if header is not None else 0
            self._key, self._plain = frame.mask_key, frame.payload
            self._masked = message.raw[self._header : self._header + len(frame.payload)]
        self.refresh()

    def action_step(self, by: int) -> None:
        """Uncover more, or cover it again."""
        self._reach(self.uncovered + by)

    def action_all(self) -> None:
        """Uncover everything."""
        self._reach(len(self._plain))

    def action_none(self) -> None:
        """Begin again."""
        self._reach(1)

    def on_click(self) -> None:
        """A click uncovers the next byte."""
        self.action_step(1)

    def _reach(self, count: int) -> None:
        if not self.possible:
            return
        self.uncovered = max(1, min(len(self._plain), count))
        index = self.uncovered - 1
        self.post_message(self.Uncovered(index, self._header - 4 + index % 4, self._header + index))
        self.refresh()

    def render(self) -> Content:
        """The rows that fit, the newest last, and the text so far."""
        if not self.possible:
            return Content.styled(UNMASKED, "$foreground 70%")
        first = max(0, self.uncovered - max(1, self.size.height - 4))
        rows = [Content.styled(HEAD, "$foreground 70%")]
        rows += [self._row(index) for index in range(first, self.uncovered)]
        text = printable(self._plain[: self.uncovered].decode("utf-8", "replace"))
        left = len(self._plain) - self.uncovered
        rest = f"{left} still masked: x or → uncovers the next, G all" if left else "All is uncovered. Esc closes."
        rows += [Content(""), Content.assemble("plain so far  ", (text[-60:], "bold")), Content.styled(rest, "italic")]
        return Content("\n").join(rows)

    def _row(self, index: int) -> Content:
        key, masked, plain = self._key[index % 4], self._masked[index], self._plain[index]
        letter = chr(plain) if 0x20 <= plain < 0x7F else "·"
        text = f"{index:4}    {key:02x}  key[{index % 4}]   ⊕    {masked:02x}    =    {plain:02x}  {letter} "
        bits = f"  {key:08b} ⊕ {masked:08b} = {plain:08b}" if self.size.width >= WITH_BITS else ""
        newest = index == self.uncovered - 1
        return Content.assemble(
            ("▶" if newest else " "), (text, "bold reverse" if newest else ""), (bits, "$foreground 70%")
        )
