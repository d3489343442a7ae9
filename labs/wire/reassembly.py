"""From frames to messages: fragments (RFC 6455 §5.4), UTF-8 (§8.1) and permessage-deflate (RFC 7692), all bounded."""

from __future__ import annotations

import codecs
import zlib
from dataclasses import dataclass

from labs.wire.frames import CONTINUATION, RSV1, TEXT, is_control
from labs.wire.message import WsFrame

MAX_MESSAGE = 16 * 1024 * 1024  # bytes of one reassembled, inflated message; a longer one is not kept

_TAIL = b"\x00\x00\xff\xff"  # what a sender takes off each compressed message, RFC 7692 §7.2.1
_MAX_RESTARTS = 16  # DEFLATE streams in one message; only an attacker ends one so often
_Utf8Decoder = codecs.getincrementaldecoder("utf-8")


class InflateError(ValueError):
    """A payload that does not inflate, or to more than MAX_MESSAGE; the text says which."""


class Inflater:
    """One direction's decompressor. The window is kept between messages where `keep_context` (context takeover)."""

    def __init__(self, keep_context: bool = True) -> None:
        self._keep_context = keep_context
        self._zlib = zlib.decompressobj(wbits=-15)
        self._produced = 0
        self._lost = False

    def feed(self, data: bytes, final: bool) -> bytes:
        """The plain bytes of one frame's payload; `final` ends the message. Raises InflateError."""
        try:
            if self._lost:
                raise InflateError("the compression context is lost since an earlier message")
            return self._inflate(data + _TAIL if final else data)
        except (zlib.error, InflateError) as error:
            self._lost = True
            raise InflateError(str(error)) from error
        finally:
            if final:
                self._end_message()

    def lose(self) -> None:
        """Some compressed bytes were not seen: what refers to them cannot be inflated any more."""
        self._lost = True

    def _inflate(self, data: bytes) -> bytes:
        plain = bytearray()
        for _ in range(_MAX_RESTARTS):
            room = MAX_MESSAGE - self._produced
            piece = self._zlib.decompress(data, room + 1)
            if len(piece) > room:
                raise InflateError(f"inflates to more than {MAX_MESSAGE} bytes; not inflated further")
            plain += piece
            self._produced += len(piece)
            if not self._zlib.eof:
                return bytes(plain)
            # A block with BFINAL set ends the DEFLATE stream, not the message (RFC 7692 §7.2.3.4).
            data = self._zlib.unused_data
            self._zlib = zlib.decompressobj(wbits=-15, zdict=bytes(plain[-32768:]))
        raise InflateError(f"more than {_MAX_RESTARTS} DEFLATE streams in one message")

    def _end_message(self) -> None:
        self._produced = 0
        if not self._keep_context:
            self._zlib = zlib.decompressobj(wbits=-15)
            self._lost = False


@dataclass(frozen=True, slots=True)
class Share:
    """What one frame adds to its message.

    `content`: its plain bytes (inflated); `opcode`: the message's; `message`: the whole message where this
    frame ends it and all of it was kept. `sequence_problem` is about the frame's place, `payload_problem` about
    its bytes.
    """

    content: bytes
    opcode: int
    message: bytes | None = None
    compressed: bool = False
    sequence_problem: str = ""
    payload_problem: str = ""


class Assembler:
    """Puts one direction's data frames together. `inflater` is there where permessage-deflate was negotiated."""

    def __init__(self, inflater: Inflater | None = None) -> None:
        self._inflater = inflater
        self._opcode: int | None = None  # of the message that is open
        self._compressed = False
        self._parts: list[bytes] = []
        self._size = 0
        self._whole = True  # every byte of the open message was kept so far
        self._utf8: codecs.IncrementalDecoder | None = None

    def rsv_allowed(self, frame: WsFrame) -> int:
        """The reserved bits that this frame may set: RSV1 on the first frame of a data message (RFC 7692 §6)."""
        first = not is_control(frame.opcode) and frame.opcode != CONTINUATION
        return RSV1 if self._inflater is not None and first else 0

    def add(self, frame: WsFrame, kept: bool = True) -> Share:
        """The next frame; `kept` says whether its payload is all there."""
        if is_control(frame.opcode):
            return Share(frame.payload, frame.opcode)
        sequence_problem = self._open(frame)
        opcode = frame.opcode if self._opcode is None else self._opcode
        if self._opcode is None:  # a continuation of nothing
            return Share(frame.payload, opcode, sequence_problem=sequence_problem)
        content, payload_problem = self._plain(frame, kept)
        if not payload_problem and kept:
            payload_problem = self._check_text(content, frame.fin)
        self._keep(content)
        message, compressed = None, self._compressed
        if frame.fin:
            message = self._close()
        return Share(content, opcode, message, compressed, sequence_problem, payload_problem)

    def _open(self, frame: WsFrame) -> str:
        """Open a message where the frame begins one; says what is wrong with the frame's place."""
        if frame.opcode == CONTINUATION:
            return "" if self._opcode is not None else "continues nothing: no fragmented message is open (§5.4)"
        was_open = self._opcode is not None
        self._opcode, self._parts, self._size, self._whole = frame.opcode, [], 0, True
        self._compressed = self._inflater is not None and bool(frame.rsv & RSV1)
        self._utf8 = _Utf8Decoder() if frame.opcode == TEXT else None
        return "begins a message while another is open: a continuation was due (§5.4)" if was_open else ""

    def _plain(self, frame: WsFrame, kept: bool) -> tuple[bytes, str]:
        if not kept:
            self._whole = False
            if self._compressed and self._inflater is not None:
                self._inflater.lose()
        if not self._compressed or self._inflater is None:
            return frame.payload, ""
        try:
            return self._inflater.feed(frame.payload, frame.fin), ""
        except InflateError as error:
            self._whole, self._utf8 = False, None
            return b"", f"does not inflate: {error} (RFC 7692)" if kept else ""

    def _check_text(self, content: bytes, final: bool) -> str:
        if self._utf8 is None:
            return ""
        pending = len(self._utf8.getstate()[0])
        try:
            self._utf8.decode(content, final)
        except UnicodeDecodeError as error:
            self._utf8 = None
            octet, place = error.object[error.start], self._size - pending + error.start
            end = " (cut off at the end of the message)" if error.end >= len(error.object) and final else ""
            return f"text that is not UTF-8: octet {octet:#04x} at {place} of the message{end}; close 1007 (§8.1)"
        return ""

    def _keep(self, content: bytes) -> None:
        self._size += len(content)
        if self._size > MAX_MESSAGE:
            self._whole = False
        if self._whole:
            self._parts.append(content)
        else:
            self._parts.clear()

    def _close(self) -> bytes | None:
        parts, self._parts, self._opcode = self._parts, [], None
        if not self._whole:
            return None
        return parts[0] if len(parts) == 1 else b"".join(parts)
