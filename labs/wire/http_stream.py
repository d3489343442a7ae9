"""HTTP/1.1 on a connection (RFC 9112): cut a stream into requests, responses and chunks. Heads are read by
http_head.py; when a connection stops being HTTP is for dissect.py to say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from labs.wire.fields import Field
from labs.wire.http_head import END_OF_HEAD, Head, blank_lines, header_line, parse_head, start_summary
from labs.wire.printable import count, cut, quoted

MAX_HEAD = 64 * 1024  # bytes of start line and headers; more is not HTTP as anyone here speaks it
MAX_BODY = 16 * 1024 * 1024  # bytes of a body, or of one chunk, that are kept; a longer one is passed over
MAX_CHUNK_LINE = 4096  # bytes of a chunk's size line with its extensions, and of one trailer line


_CUT_OFF = "the stream ended inside it"
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n\Z")


class Kind(Enum):
    """What a piece of an HTTP stream is."""

    REQUEST = "request"
    RESPONSE = "response"
    CHUNK = "chunk"  # one chunk of a body, size line and data; the last one has size 0
    TRAILER = "trailer"  # one line after the last chunk; the empty one ends the body
    BODY = "body"  # what follows a response whose body ends with the connection
    OPAQUE = "opaque"  # not HTTP


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a stream: `raw` from `offset` on; `body` where it carries one."""

    kind: Kind
    offset: int
    raw: bytes
    fields: tuple[Field, ...]
    summary: str
    head: Head | None = None
    body: bytes = b""
    problem: str = ""


class HttpReader:
    """Cuts one direction of a connection into pieces, whatever the chunking; feed it, then take with next_piece().

    `bodiless` is asked about a response's head whether it has no body whatever its headers say (it answers HEAD or
    CONNECT, RFC 9112 §6.3). A body of stated length is part of its head's piece; chunks, and a body up to the end
    of the connection, are pieces of their own.
    """

    def __init__(self, bodiless: Callable[[Head], bool] = lambda head: False) -> None:
        self._bodiless = bodiless
        self._buffer = bytearray()
        self._offset = 0
        self._scanned = 0
        self._skip = 0
        self._head: Head | None = None  # read, while its body is awaited
        self._length = 0  # of the awaited body
        self._state: Callable[[], Piece | None] = self._read_head

    def feed(self, data: bytes) -> None:
        """More bytes of the stream."""
        passed = min(self._skip, len(data))
        self._skip -= passed
        self._offset += passed
        self._buffer += data[passed:]

    def next_piece(self) -> Piece | None:
        """The next piece that is whole, or None: more bytes are needed."""
        return self._state() if self._buffer else None

    def rest(self) -> tuple[int, bytes]:
        """Hand over: the offset and the bytes that no piece has taken. The reader is empty afterwards."""
        rest, offset = bytes(self._buffer), self._offset
        self._buffer.clear()
        return offset, rest

    def finish(self) -> Piece | None:
        """What is left when the stream ends: the rest of a body without a length, or a piece cut short."""
        if not self._buffer:
            return None
        raw = bytes(self._buffer)
        if self._state == self._read_until_end:
            return self._take(Kind.BODY, len(raw), (_body_field(raw, 0),), f"body {count(len(raw), 'byte')}", body=raw)
        if self._state == self._read_opaque:
            return self._take_opaque(len(raw), "not HTTP")
        if self._state in (self._read_head, self._read_body):
            return self._finish_head(parse_head(raw))
        fields = (Field("cut off", 0, len(raw), quoted(raw), problem=_CUT_OFF),)
        return self._take(Kind.CHUNK, len(raw), fields, "chunk, cut off", problem=_CUT_OFF)

    def _finish_head(self, head: Head) -> Piece:
        size = len(self._buffer)
        body = bytes(self._buffer[head.size :])
        fields = (*head.fields, _body_field(body, head.size)) if body else head.fields
        kind = Kind.REQUEST if head.method else Kind.RESPONSE if head.status else Kind.OPAQUE
        summary = _opaque_summary(self._buffer) if kind is Kind.OPAQUE else start_summary(head)
        problem = f"{head.problem}; {_CUT_OFF}" if head.problem else _CUT_OFF
        return self._take(kind, size, fields, f"{summary}, cut off", head=head, body=body, problem=problem)

    # One method a state: returns a piece, or None when more bytes are needed.

    def _read_head(self) -> Piece | None:
        buffer = self._buffer
        start = blank_lines(buffer)
        found = END_OF_HEAD.search(buffer, max(start, self._scanned - 3))
        end = found.end() if found else len(buffer)
        if end > MAX_HEAD:
            self._state = self._read_opaque
            return self._take_opaque(MAX_HEAD, f"no end of the headers within {MAX_HEAD} bytes")
        if found is None:
            self._scanned = len(buffer)
            return None
        self._scanned = 0
        raw = bytes(buffer[:end])
        head = parse_head(raw)
        if head.problem:
            return self._take(Kind.OPAQUE, end, head.fields, _opaque_summary(raw), head=head, problem=head.problem)
        return self._begin_body(head)

    def _begin_body(self, head: Head) -> Piece | None:
        length, problem = self._body_length(head)
        if length is not None and length <= MAX_BODY and not problem:
            self._head, self._length, self._state = head, length, self._read_body
            return self._read_body()
        if length is not None:
            problem = problem or f"a body of {length} bytes is longer than is kept here: passed over"
        return self._take_head(head, skip=length or 0, problem=problem)

    def _body_length(self, head: Head) -> tuple[int | None, str]:
        """How long the body is (RFC 9112 §6.3), and what is wrong with that. None: chunked, or up to the end."""
        if head.status and (head.status < 200 or head.status in (204, 304) or self._bodiless(head)):
            return 0, ""
        if head.tokens("Transfer-Encoding")[-1:] == ["chunked"]:
            self._state = self._read_chunk
            return None, ""
        stated = head.get("Content-Length")
        if stated is None:
            if not head.status:
                return 0, ""
            self._state = self._read_until_end
            return None, ""
        values = {value.strip() for value in stated.split(",")}
        value = values.pop()
        if values or not (value.isascii() and value.isdigit()) or len(value) > 18:
            return 0, f"Content-Length: {cut(stated)!r} is not one number of bytes (RFC 9112 §6.3)"
        return int(value), ""

    def _read_body(self) -> Piece | None:
        head = self._head
        assert head is not None
        if len(self._buffer) < head.size + self._length:
            return None
        self._head, self._state = None, self._read_head
        return self._take_head(head, body_length=self._length)

    def _read_chunk(self) -> Piece | None:
        buffer = self._buffer
        newline = buffer.find(b"\n", 0, MAX_CHUNK_LINE)
        if newline < 0:
            return self._lost_line("a chunk's size line without an end")
        size_line = _CHUNK_SIZE.match(bytes(buffer[: newline + 1]))
        if size_line is None:
            return self._lost("not a chunk's size line: hexadecimal digits, then CR LF (RFC 9112 §7.1)", newline + 1)
        size, start = int(size_line[1], 16), newline + 1
        size_field = Field("chunk size", 0, len(size_line[1]), size_line[1].decode(), count(size, "byte"))
        if size == 0:
            self._state = self._read_trailer
            return self._take(Kind.CHUNK, start, (size_field,), "last chunk")
        if size > MAX_BODY:
            piece = self._take(Kind.CHUNK, start, (size_field,), f"chunk {count(size, 'byte')}, passed over",
                               problem=f"a chunk of {size} bytes is longer than is kept here: passed over")  # fmt: skip
            self._pass_over(size + 2)
            return piece
        if len(buffer) < start + size + 2:
            return None
        body = bytes(buffer[start : start + size])
        if buffer[start + size : start + size + 2] != b"\r\n":
            return self._lost(f"no CR LF after the {size} bytes of a chunk (RFC 9112 §7.1)", start + size + 2)
        fields = (size_field, _body_field(body, start))
        return self._take(
            Kind.CHUNK, start + size + 2, fields, f"chunk {count(size, 'byte')} {quoted(body, 40)}", body=body
        )

    def _read_trailer(self) -> Piece | None:
        newline = self._buffer.find(b"\n", 0, MAX_CHUNK_LINE)
        if newline < 0:
            return self._lost_line("a trailer line without an end")
        line = bytes(self._buffer[: newline + 1]).rstrip(b"\r\n")
        if not line:
            self._state = self._read_head
            return self._take(Kind.TRAILER, newline + 1, (), "end of chunks")
        fields: list[Field] = []
        name, _ = header_line(line, 0, len(line), fields)
        return self._take(Kind.TRAILER, newline + 1, tuple(fields), f"trailer {cut(name)}")

    def _read_until_end(self) -> Piece | None:
        if len(self._buffer) < MAX_BODY:
            return None
        body = bytes(self._buffer[:MAX_BODY])
        return self._take(Kind.BODY, MAX_BODY, (_body_field(body, 0),), f"body {count(MAX_BODY, 'byte')} …", body=body)

    def _read_opaque(self) -> Piece | None:
        return self._take_opaque(MAX_HEAD, "not HTTP") if len(self._buffer) >= MAX_HEAD else None

    def _lost_line(self, problem: str) -> Piece | None:
        return self._lost(problem, MAX_CHUNK_LINE) if len(self._buffer) >= MAX_CHUNK_LINE else None

    def _lost(self, problem: str, size: int) -> Piece:
        """The place in the stream is lost: `size` bytes show why, the rest is opaque."""
        self._state = self._read_opaque
        return self._take_opaque(size, problem)

    def _take_opaque(self, size: int, problem: str) -> Piece:
        raw = bytes(self._buffer[:size])
        field = Field("bytes", 0, size, quoted(raw), problem=problem)
        return self._take(Kind.OPAQUE, size, (field,), _opaque_summary(raw), problem=problem)

    def _take_head(self, head: Head, *, body_length: int = 0, skip: int = 0, problem: str = "") -> Piece:
        body = bytes(self._buffer[head.size : head.size + body_length])
        fields = (*head.fields, _body_field(body, head.size)) if body else head.fields
        summary = start_summary(head) + (f" {count(len(body), 'byte')}" if body else "")
        problem = problem or "; ".join(f"{field.name}: {field.problem}" for field in fields if field.problem)
        kind = Kind.RESPONSE if head.status else Kind.REQUEST
        piece = self._take(kind, head.size + body_length, fields, summary, head=head, body=body, problem=problem)
        self._pass_over(skip)
        return piece

    def _take(
        self,
        kind: Kind,
        size: int,
        fields: tuple[Field, ...],
        summary: str,
        *,
        head: Head | None = None,
        body: bytes = b"",
        problem: str = "",
    ) -> Piece:
        """Cut `size` bytes off the buffer."""
        piece = Piece(kind, self._offset, bytes(self._buffer[:size]), fields, summary, head, body, problem)
        self._pass_over(size)
        return piece

    def _pass_over(self, size: int) -> None:
        passed = min(size, len(self._buffer))
        del self._buffer[:passed]
        self._offset += passed
        self._skip += size - passed


def _body_field(body: bytes, start: int) -> Field:
    return Field("body", start, start + len(body), quoted(body), count(len(body), "byte"))


def _opaque_summary(raw: bytes | bytearray) -> str:
    return f"not HTTP: {count(len(raw), 'byte')} {quoted(bytes(raw), 40)}"
