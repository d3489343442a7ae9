"""What a frame's bits mean and what is wrong with them: its fields, which tile it bit by bit, and its summary.
A bare § is one of RFC 6455."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from labs.wire.close_codes import close_code_problem, close_meaning, close_name
from labs.wire.fields import Field
from labs.wire.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_CONTROL_PAYLOAD,
    OPCODE_NAMES,
    TEXT,
    Cut,
    Header,
    is_control,
    opcode_name,
    shortest_form,
)
from labs.wire.printable import count, cut, quoted
from labs.wire.reassembly import Share

_OPCODE_MEANINGS = {
    0x0: "goes on with the fragmented message that is open",
    0x1: "the payload is UTF-8 text",
    0x2: "the payload is binary: the application knows what it is",
    0x8: "ends the connection; the other side answers with a close frame",
    0x9: "are you there? The other side answers with a pong that carries the same payload",
    0xA: "answers a ping; unasked, it is a one-way heartbeat",
}
_HEX_SHOWN = 20  # octets of a binary payload in a field's value


@dataclass(frozen=True, slots=True)
class Context:
    """What a frame's bits are judged by: who sent it (None: unknown), the reserved bits that extensions gave a
    meaning, and whether its sender had sent a close frame before."""

    from_client: bool | None = None
    rsv_allowed: int = 0
    after_close: bool = False


def frame_fields(piece: Cut, share: Share, context: Context) -> tuple[Field, ...]:
    """The fields of a frame. Each bit of `piece.raw` is in exactly one of them."""
    header = piece.header
    fields = list(_first_byte(piece.raw[0], context.rsv_allowed, context.after_close, share.sequence_problem))
    fields.append(_mask_bit(header, context.from_client))
    end = _add_length(fields, piece)
    if header.mask_key is not None:
        fields.append(
            Field(
                "masking key", end, end + 4, header.mask_key.hex(" "),
                "octet i of the payload is masked with octet i mod 4 of this key (§5.3)",
            )
        )  # fmt: skip
    if len(piece.raw) > header.size or piece.missing:
        _add_payload(fields, piece, share)
    return tuple(fields)


@lru_cache(maxsize=1024)
def _first_byte(first: int, rsv_allowed: int, after_close: bool, sequence_problem: str) -> tuple[Field, ...]:
    fin, opcode = first >> 7, first & 0x0F
    control = is_control(opcode)
    fin_field = Field(
        "FIN", 0, 1, str(fin),
        "the last fragment of its message" if fin else "more fragments of this message follow (§5.4)",
        bits=(0, 1),
        problem="" if fin or not control else "a control frame must not be fragmented (§5.5)",
    )  # fmt: skip
    opcode_field = Field(
        "opcode", 0, 1, f"{opcode_name(opcode)} ({opcode:#x})",
        _OPCODE_MEANINGS.get(opcode, "no meaning is defined (§5.2)"),
        bits=(4, 8),
        problem=_opcode_problem(opcode, after_close, sequence_problem),
    )  # fmt: skip
    return fin_field, *(_rsv(number, first, rsv_allowed) for number in (1, 2, 3)), opcode_field


def _rsv(number: int, first: int, allowed: int) -> Field:
    value = first >> (7 - number) & 1
    legal = allowed >> (3 - number) & 1
    problem = "" if legal or not value else "set, and no negotiated extension gives it a meaning here (§5.2)"
    meaning = "0 unless an extension says otherwise"
    if number == 1 and legal and value:
        meaning = "the message is compressed: permessage-deflate (RFC 7692 §6)"
    return Field(f"RSV{number}", 0, 1, str(value), meaning, bits=(number, number + 1), problem=problem)


def _opcode_problem(opcode: int, after_close: bool, sequence_problem: str) -> str:
    if opcode not in OPCODE_NAMES:
        return f"opcode {opcode:#x} is reserved; 0, 1, 2, 8, 9, 0xA are defined (§5.2)"
    if after_close and not is_control(opcode):
        return "a data frame after the close frame of the same side (§5.5.1)"
    return f"{opcode_name(opcode)} {sequence_problem}" if sequence_problem else ""


def _mask_bit(header: Header, from_client: bool | None) -> Field:
    masked = header.mask_key is not None
    problem = ""
    if from_client is True and not masked:
        problem = "a client must mask every frame; the server closes with 1002 (§5.1)"
    elif from_client is False and masked:
        problem = "a server must not mask; the client closes with 1002 (§5.1)"
    meaning = "the payload is masked, a key follows" if masked else "the payload is not masked"
    return Field("MASK", 1, 2, str(int(masked)), meaning, bits=(0, 1), problem=problem)


def _add_length(fields: list[Field], piece: Cut) -> int:
    """Append the length's fields; returns where they end."""
    header = piece.header
    form, length = header.length_form, header.length
    problem = _length_problem(piece)
    if form == 7:
        fields.append(Field("payload length", 1, 2, str(length), count(length, "byte"), (1, 8), problem))
        return 2
    seven, end = (126, 4) if form == 16 else (127, 10)
    where = f"{seven}: the length is in the next {end - 2} bytes"
    fields.append(Field("payload length", 1, 2, str(seven), where, (1, 8)))
    meaning = f"{form} bits, most significant byte first"
    fields.append(Field("extended payload length", 2, end, str(length), meaning, problem=problem))
    return end


def _length_problem(piece: Cut) -> str:
    header = piece.header
    length, form = header.length, header.length_form
    problems = []
    if is_control(header.opcode) and length > MAX_CONTROL_PAYLOAD:
        problems.append("a control frame carries at most 125 bytes (§5.5)")
    if length >> 63:
        problems.append("the most significant bit of a 64-bit length must be 0 (§5.2)")
    if shortest_form(length) != form:
        problems.append(f"{length} must be written in the {shortest_form(length)}-bit form, the shortest (§5.2)")
    if piece.skipped:
        problems.append("longer than is kept here: the payload is passed over")
    return "; ".join(problems)


def _add_payload(fields: list[Field], piece: Cut, share: Share) -> None:
    start, stop = piece.header.size, len(piece.raw)
    have = stop - start
    if piece.missing and not piece.skipped:
        problem = f"cut off: {have} of {count(piece.header.length, 'byte')} came"
        value = payload_value(share.opcode, piece.frame.payload)
        fields.append(Field("payload", start, stop, value, "the payload", problem=problem))
    elif piece.header.opcode == CLOSE:
        _add_close(fields, piece.frame.payload, start)
    elif share.compressed:
        inflated = payload_value(share.opcode, share.content)
        meaning = f"deflated; inflates to {count(len(share.content), 'byte')}: {inflated}"
        value = payload_value(BINARY, piece.frame.payload)
        fields.append(Field("payload", start, stop, value, meaning, problem=share.payload_problem))
    else:
        value = payload_value(share.opcode, piece.frame.payload)
        meaning = f"{count(have, 'byte')}, unmasked" if piece.frame.masked else count(have, "byte")
        fields.append(Field("payload", start, stop, value, meaning, problem=share.payload_problem))


def _add_close(fields: list[Field], payload: bytes, start: int) -> None:
    if len(payload) == 1:
        problem = "a close payload is empty or begins with a code of two bytes (§5.5.1)"
        fields.append(Field("close code", start, start + 1, payload.hex(), "half a code", problem=problem))
        return
    code = int.from_bytes(payload[:2], "big")
    value = f"{code} {close_name(code)}"
    fields.append(Field("close code", start, start + 2, value, close_meaning(code), problem=close_code_problem(code)))
    if len(payload) > 2:
        problem = ""
        try:
            payload[2:].decode()
        except UnicodeDecodeError as error:
            problem = f"a reason that is not UTF-8, at byte {error.start} of it (§5.5.1)"
        end = start + len(payload)
        fields.append(Field("reason", start + 2, end, quoted(payload[2:]), "for people who debug", problem=problem))


def payload_value(opcode: int, payload: bytes) -> str:
    """A payload as a reader would write it: text in quotes, anything else in hex, both cut."""
    if opcode == TEXT or (opcode != BINARY and _is_ascii_text(payload)):
        return quoted(payload)
    shown = payload[:_HEX_SHOWN].hex(" ")
    return f"{shown} …" if len(payload) > _HEX_SHOWN else shown


def _is_ascii_text(payload: bytes) -> bool:
    head = payload[: MAX_CONTROL_PAYLOAD + 1]
    return bool(head) and head.isascii() and head.decode("ascii").isprintable()


def frame_summary(piece: Cut, share: Share) -> str:
    """The frame in a few words: `text "Hello"`, `ping 4 bytes`, `close 1000 normal closure`."""
    frame = piece.frame
    name = OPCODE_NAMES.get(frame.opcode) or f"reserved opcode {frame.opcode:#x}"
    more = "" if frame.fin or is_control(frame.opcode) else " …"
    if frame.opcode == CLOSE:
        return _close_summary(frame.payload)
    if piece.skipped:
        return f"{name} {count(frame.length, 'byte')}, passed over"
    if frame.opcode == TEXT or (frame.opcode == CONTINUATION and share.opcode == TEXT):
        deflated = ", deflated" if share.compressed else ""
        return f"{name} {quoted(share.content)}{deflated}{more}"
    if share.compressed:
        return f"{name} {count(len(share.content), 'byte')}, deflated{more}"
    return f"{name} {count(frame.length, 'byte')}{more}"


def _close_summary(payload: bytes) -> str:
    if len(payload) < 2:
        return "close without a code"
    code = int.from_bytes(payload[:2], "big")
    reason = f" {quoted(payload[2:], 30)}" if len(payload) > 2 else ""
    return cut(f"close {code} {close_name(code)}") + reason
