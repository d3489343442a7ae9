"""WebSocket frames (RFC 6455 §5.2): encode one, cut a stream of bytes into them. What the bits mean to a reader, and
what is wrong with them, is in frame_fields.py; fragments and compression are in reassembly.py."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from labs.wire.message import WsFrame

CONTINUATION, TEXT, BINARY = 0x0, 0x1, 0x2
CLOSE, PING, PONG = 0x8, 0x9, 0xA

OPCODE_NAMES = {
    CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong",
}  # fmt: skip

RSV1, RSV2, RSV3 = 4, 2, 1  # values in WsFrame.rsv

MAX_CONTROL_PAYLOAD = 125  # RFC 6455 §5.5
MAX_PAYLOAD = 16 * 1024 * 1024  # bytes of one frame that a decoder keeps; a longer payload is passed over

LengthForm = Literal[7, 16, 64]

_LENGTH_FORMS: dict[int, LengthForm] = {126: 16, 127: 64}


def opcode_name(opcode: int) -> str:
    """`text`, `ping`...; `reserved 0x3` where RFC 6455 §11.8 names none."""
    return OPCODE_NAMES.get(opcode) or f"reserved {opcode:#x}"


def is_control(opcode: int) -> bool:
    """Whether the opcode's most significant bit marks a control frame (RFC 6455 §5.5)."""
    return opcode >= 8


# Above this size four strided table look-ups beat one big integer, which falls out of the processor's cache.
_BIG = 16 * 1024
_XOR_TABLES: list[bytes] = []


def mask(data: bytes, key: bytes) -> bytes:
    """Mask or unmask: octet i of the result is octet i of `data` XOR octet i mod 4 of `key` (RFC 6455 §5.3).

    Raises ValueError when the key is not four bytes long.
    """
    if len(key) != 4:
        raise ValueError(f"a masking key has 4 bytes, not {len(key)}")
    size = len(data)
    if size > _BIG:
        return _mask_big(data, key)
    stream = key * (size // 4) + key[: size % 4]
    number = int.from_bytes(data, sys.byteorder) ^ int.from_bytes(stream, sys.byteorder)
    return number.to_bytes(size, sys.byteorder)


def _mask_big(data: bytes, key: bytes) -> bytes:
    if not _XOR_TABLES:
        _XOR_TABLES.extend(bytes(octet ^ value for value in range(256)) for octet in range(256))
    out = bytearray(len(data))
    for place, octet in enumerate(key):
        out[place::4] = data[place::4].translate(_XOR_TABLES[octet])
    return bytes(out)


def shortest_form(length: int) -> LengthForm:
    """The only length form that RFC 6455 §5.2 allows for a payload of `length` bytes."""
    return 7 if length <= 125 else 16 if length <= 0xFFFF else 64


def encode_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask_key: bytes | None = None,
    length_form: LengthForm | None = None,
    stated_length: int | None = None,
) -> bytes:
    """The frame's bytes. Nothing is forbidden that the bits can say: labs and drills build illegal frames on purpose.

    `length_form` forces 7, 16 or 64 bits of length; `stated_length` writes another length than the payload's.
    Raises ValueError for what the bits cannot say.
    """
    length = len(payload) if stated_length is None else stated_length
    form = length_form or shortest_form(length)
    if not 0 <= opcode <= 15 or not 0 <= rsv <= 7:
        raise ValueError(f"opcode {opcode} needs 4 bits and rsv {rsv} needs 3")
    if not 0 <= length < (126 if form == 7 else 1 << form):
        raise ValueError(f"a length of {length} does not fit the {form}-bit form")
    mask_bit = 0x80 if mask_key is not None else 0
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    if form == 7:
        head = bytes((first, mask_bit | length))
    elif form == 16:
        head = bytes((first, mask_bit | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, mask_bit | 127)) + length.to_bytes(8, "big")
    return head + payload if mask_key is None else head + mask_key + mask(payload, mask_key)


def encode_close(code: int, reason: str = "", *, mask_key: bytes | None = None) -> bytes:
    """A close frame with a code and a reason (RFC 6455 §5.5.1), unchecked like encode_frame."""
    return encode_frame(CLOSE, code.to_bytes(2, "big") + reason.encode(), mask_key=mask_key)


@dataclass(frozen=True, slots=True)
class Header:
    """A frame's header as its bits say. `size` is its own length in bytes, `length` the payload's."""

    fin: bool
    rsv: int
    opcode: int
    length_form: LengthForm
    length: int
    mask_key: bytes | None
    size: int


def header_size(second: int) -> int:
    """The size in bytes of a header whose second byte is `second`."""
    length = second & 0x7F
    return 2 + (2 if length == 126 else 8 if length == 127 else 0) + (4 if second & 0x80 else 0)


def read_header(data: bytes | bytearray, start: int = 0) -> Header | None:
    """The header at `start`, or None while bytes of it are missing. Never raises: all values are possible."""
    if len(data) < start + 2:
        return None
    first, second = data[start], data[start + 1]
    size = header_size(second)
    if len(data) < start + size:
        return None
    length = second & 0x7F
    form = _LENGTH_FORMS.get(length, 7)
    extended = start + 2 + (form // 8 if form != 7 else 0)
    if form != 7:
        length = int.from_bytes(data[start + 2 : extended], "big")
    key = bytes(data[extended : extended + 4]) if second & 0x80 else None
    return Header(first >= 0x80, first >> 4 & 7, first & 0x0F, form, length, key, size)


@dataclass(frozen=True, slots=True)
class Cut:
    """One frame cut out of a stream. `raw` are its bytes from `offset` of the stream on; `frame.payload` is unmasked.

    `skipped`: the payload was longer than the decoder keeps; `raw` is the header alone. `missing`: how many bytes
    of the payload had not come when the stream ended.
    """

    offset: int
    raw: bytes
    header: Header
    frame: WsFrame
    skipped: bool = False
    missing: int = 0


class FrameDecoder:
    """Bytes in, whole frames out, whatever the chunking. Holds at most one header and `max_payload` bytes."""

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self._max_payload = max_payload
        self._buffer = bytearray()
        self._offset = 0  # of the buffer's first byte in the stream
        self._need = 2  # bytes of buffer without which nothing new can be said
        self._skip = 0  # bytes of a too long payload still to pass over

    def feed(self, data: bytes) -> list[Cut]:
        """The frames that `data` completes."""
        data = self._pass_over(data)
        buffer = self._buffer
        buffer += data
        cuts: list[Cut] = []
        start = 0
        while len(buffer) - start >= self._need:
            header = read_header(buffer, start)
            if header is None:
                self._need = header_size(buffer[start + 1])
                continue
            if header.length > self._max_payload:
                cuts.append(self._cut(header, start, header.size, skipped=True))
                rest = len(buffer) - start - header.size
                self._skip = max(0, header.length - rest)
                start += header.size + min(rest, header.length)
            elif len(buffer) - start < header.size + header.length:
                self._need = header.size + header.length
                break
            else:
                cuts.append(self._cut(header, start, header.size + header.length))
                start += header.size + header.length
            self._need = 2
        del buffer[:start]
        self._offset += start
        return cuts

    def finish(self) -> tuple[int, bytes, Cut | None]:
        """What is left when the stream ends: offset, bytes and, where its header is whole, the frame cut short."""
        raw, offset = bytes(self._buffer), self._offset
        header = read_header(raw)
        if header is None:
            self._buffer.clear()
            return offset, raw, None
        cut = self._cut(header, 0, len(raw))
        self._buffer.clear()
        return offset, raw, cut

    def _pass_over(self, data: bytes) -> bytes:
        passed = min(self._skip, len(data))
        self._skip -= passed
        self._offset += passed
        return data[passed:] if passed else data

    def _cut(self, header: Header, start: int, size: int, *, skipped: bool = False) -> Cut:
        raw = bytes(self._buffer[start : start + size])
        payload = raw[header.size :]
        missing = 0 if skipped else header.length - len(payload)
        if header.mask_key is not None:
            payload = mask(payload, header.mask_key)
        frame = WsFrame(header.fin, header.rsv, header.opcode, header.mask_key, header.length, payload)
        return Cut(self._offset + start, raw, header, frame, skipped, missing)


def xray(frame: WsFrame) -> tuple[tuple[int, int, int], ...]:
    """How each payload octet was masked: (key byte, masked byte, plain byte). Empty for an unmasked frame."""
    if frame.mask_key is None:
        return ()
    key = frame.mask_key
    return tuple((key[i % 4], plain ^ key[i % 4], plain) for i, plain in enumerate(frame.payload))
