"""A field: a named span of real bytes, with what they say and what that means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """A span of the bytes of one message.

    `start` and `stop` are byte offsets into the message, half open. `bits`, where the field is smaller than
    its bytes, is the half-open range of bits inside them, counted from the most significant bit of
    `start` (so FIN is `(0, 1)`, the opcode `(4, 8)`: the numbering of RFC 6455 §5.2).
    `value` is what a reader would write (`1`, `text (0x1)`, `websocket`), `meaning` one short sentence, `problem` says
    what is wrong with the field and what would be right, or is empty.
    """

    name: str
    start: int
    stop: int
    value: str
    meaning: str = ""
    bits: tuple[int, int] | None = None
    problem: str = ""

    def to_json(self) -> dict[str, object]:
        """The field as `tape frames --json` prints it."""
        out: dict[str, object] = {"name": self.name, "start": self.start, "stop": self.stop}
        if self.bits is not None:
            out["bits"] = list(self.bits)
        out["value"] = self.value
        out["meaning"] = self.meaning
        if self.problem:
            out["problem"] = self.problem
        return out
