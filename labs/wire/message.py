"""A message: one unit of a protocol, cut out of a stream of bytes, with its fields."""

from __future__ import annotations

from dataclasses import dataclass

from labs.wire.fields import Field


@dataclass(frozen=True, slots=True)
class WsFrame:
    """One WebSocket frame as read off the wire (RFC 6455 §5.2).

    `rsv` is the three bits as a number (RSV1 = 4, RSV2 = 2, RSV3 = 1); `mask_key` is four bytes or None;
    `length` is the payload length in octets that the header states; `payload` is unmasked.
    """

    fin: bool
    rsv: int
    opcode: int
    mask_key: bytes | None
    length: int
    payload: bytes

    @property
    def masked(self) -> bool:
        return self.mask_key is not None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of `proto` (http, ws, stomp, sockjs) on a connection.

    `t` is when its last byte passed (seconds since the lab began). `raw` holds its bytes as they were on the wire
    (for stomp and sockjs: the unmasked bytes of the payload that carried it) and the fields' offsets count into
    `raw`. `offset` is where `raw` begins in its direction's stream of bytes (-1 where the layer has no bytes of its
    own there). `problem` is empty for a well-formed message; else it says what is wrong and where.
    """

    t: float
    conn: str
    sender: str
    receiver: str
    proto: str
    summary: str
    fields: tuple[Field, ...]
    raw: bytes
    offset: int
    frame: WsFrame | None = None
    problem: str = ""

    def to_json(self) -> dict[str, object]:
        """The message as `tape frames --json` prints it."""
        out: dict[str, object] = {
            "t": self.t,
            "conn": self.conn,
            "from": self.sender,
            "to": self.receiver,
            "proto": self.proto,
            "summary": self.summary,
            "fields": [field.to_json() for field in self.fields],
        }
        if self.problem:
            out["problem"] = self.problem
        if self.frame is not None:
            frame = self.frame
            out |= {
                "fin": frame.fin,
                "rsv": frame.rsv,
                "opcode": frame.opcode,
                "masked": frame.masked,
                "mask_key": frame.mask_key.hex() if frame.mask_key is not None else None,
                "length": frame.length,
                "payload": frame.payload.hex(),
            }
        return out
