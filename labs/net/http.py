"""HTTP/1.1 for the server, sans I/O: bytes in, whole requests out, bounded before it buffers (RFC 9112). What a
request means is for its handler, and how bytes arrive for front.py."""

from __future__ import annotations

import http
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl

from labs.wire.handshake import build_response
from labs.wire.http_head import END_OF_HEAD, Head, blank_lines, parse_head

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r?\n")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)  # the absolute form of a target (RFC 9112 §3.2.2)
_MAX_CHUNK_LINE = 256  # bytes of a chunk's size line, and of a trailer line
_MAX_QUERY_FIELDS = 32
_FINAL_WITHOUT_BODY = frozenset({204, 304})

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bytes of a head (start line and headers) and of a body that are taken at most."""

    head: int = 16 * 1024
    body: int = 1024 * 1024


class HttpError(ValueError):
    """A request that is refused: `status` and one line that says why; the connection cannot go on."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def path_of(head: Head) -> str:
    """The path of its target."""
    return _ABSOLUTE.sub("", head.target).partition("?")[0].partition("#")[0] or "/"


@dataclass(frozen=True)
class Request:
    """One whole request. `raw_head` is its head as it came, blank line included."""

    head: Head
    raw_head: bytes
    body: bytes = b""
    path: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", path_of(self.head))

    @property
    def method(self) -> str:
        return self.head.method

    def get(self, name: str) -> str | None:
        """A header's value or None."""
        return self.head.get(name)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's fields, decoded; of a repeated one the first counts, too many or broken ones are none."""
        return form_fields(self.head.target.partition("?")[2])

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The cookies by name."""
        pairs = (part.strip().partition("=") for part in (self.get("Cookie") or "").replace(",", ";").split(";"))
        return {name: value.strip('"') for name, _, value in pairs if name}

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection stays open behind the response (RFC 9112 §9.3)."""
        return self.head.version == "HTTP/1.1" and "close" not in self.head.tokens("Connection")

    @property
    def takes_chunks(self) -> bool:
        """Whether the client understands a chunked response: HTTP/1.1 does."""
        return self.head.version == "HTTP/1.1"


def form_fields(text: str) -> dict[str, str]:
    """The fields of a query or of a urlencoded form; {} where it is broken or has too many."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS)
    except ValueError:
        return {}
    return dict(reversed(pairs))


class RequestReader:
    """Cuts the bytes of one connection into requests: feed(), then next_request() until it returns None.

    Raises HttpError for what is not HTTP or more than the limits allow; there is nothing more after that. `most`: bytes
    of the body that belongs to a head, where that may be fewer than the limit.
    """

    def __init__(self, limits: HttpLimits, most: Callable[[Head], int] | None = None) -> None:
        self._limits = limits
        self._most = most or (lambda head: limits.body)
        self._most_here = limits.body
        self._buffer = bytearray()
        self._scanned = 0  # where the search for the end of the head goes on
        self._head: tuple[Head, bytes] | None = None  # read, while its body is awaited
        self._body = bytearray()  # of a chunked request, so far
        self._step: Callable[[], Request | None] = self._read_head

    def feed(self, data: bytes) -> None:
        """More bytes of the stream."""
        self._buffer += data

    def next_request(self) -> Request | None:
        """The next whole request, or None: more bytes are needed."""
        return self._step()

    @property
    def buffered(self) -> int:
        """Bytes that wait for their request to become whole, or for their turn."""
        return len(self._buffer)

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        return not self._buffer and self._head is None

    def rest(self) -> bytes:
        """What came behind the latest request: the first bytes of what it upgraded to."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _read_head(self) -> Request | None:
        buffer = self._buffer
        if buffer and buffer[0] in b"\r\n":
            del buffer[: blank_lines(buffer)]
            self._scanned = 0
        found = END_OF_HEAD.search(buffer, max(0, self._scanned - 3))
        if (found.end() if found else len(buffer)) > self._limits.head:
            raise HttpError(431, f"no end of the headers within {self._limits.head} bytes")
        if found is None:
            self._scanned = len(buffer)
            self._refuse_garbage()
            return None
        raw = bytes(buffer[: found.end()])
        del buffer[: found.end()]
        self._scanned = 0
        self._head = _checked(parse_head(raw)), raw
        return self._begin_body(self._head[0])

    def _refuse_garbage(self) -> None:
        """A first line that is no request is refused at once, not when its sender gives up."""
        line, newline, _ = self._buffer.partition(b"\n")
        if newline:
            _checked_start(parse_head(bytes(line) + b"\n\n"))

    def _begin_body(self, head: Head) -> Request | None:
        codings, length = head.tokens("Transfer-Encoding"), head.get("Content-Length")
        self._most_here = min(self._most(head), self._limits.body)
        if codings:
            if codings != ["chunked"] or length is not None:
                raise HttpError(400, "Transfer-Encoding is chunked, alone, and without Content-Length")
            self._step = self._read_chunk
        elif length is not None:
            if not (length.isascii() and length.isdigit()) or len(length) > 15:
                raise HttpError(400, "Content-Length is one number of bytes")
            if int(length) > self._most_here:
                raise self._too_large()
            self._step = self._read_body
        else:
            return self._finish(b"")
        return self._step()

    def _read_body(self) -> Request | None:
        assert self._head is not None
        length = int(self._head[0].get("Content-Length") or 0)
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return self._finish(body)

    def _read_chunk(self) -> Request | None:
        while True:
            line = _CHUNK_SIZE.match(self._buffer)
            if line is None:
                if b"\n" in self._buffer[:_MAX_CHUNK_LINE] or len(self._buffer) >= _MAX_CHUNK_LINE:
                    raise HttpError(400, "a chunk begins with its size in hexadecimal digits")
                return None
            size = int(line[1], 16)
            if size == 0:
                del self._buffer[: line.end()]
                self._step = self._read_trailer
                return self._step()
            if len(self._body) + size > self._most_here:
                raise self._too_large()
            if len(self._buffer) < line.end() + size + 2:
                return None
            data, end = self._buffer[line.end() : line.end() + size], line.end() + size
            if self._buffer[end : end + 2] != b"\r\n":
                raise HttpError(400, "a chunk ends in CR LF")
            self._body += data
            del self._buffer[: end + 2]

    def _read_trailer(self) -> Request | None:
        while (end := self._buffer.find(b"\n", 0, _MAX_CHUNK_LINE)) >= 0:
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            if not line.strip():
                body = bytes(self._body)
                self._body.clear()
                return self._finish(body)
        if len(self._buffer) >= _MAX_CHUNK_LINE:
            raise HttpError(400, f"a trailer line of more than {_MAX_CHUNK_LINE} bytes")
        return None

    def _finish(self, body: bytes) -> Request:
        assert self._head is not None
        head, raw = self._head
        self._head, self._step = None, self._read_head
        return Request(head, raw, body)

    def _too_large(self) -> HttpError:
        return HttpError(413, f"a body of more than {self._most_here} bytes")


def _checked_start(head: Head) -> None:
    if not head.method:
        raise HttpError(400, "not an HTTP request; it begins with GET /path HTTP/1.1")
    if head.version not in ("HTTP/1.1", "HTTP/1.0"):
        raise HttpError(505, f"{head.version}; this server speaks HTTP/1.1")


def _checked(head: Head) -> Head:
    _checked_start(head)
    for each in head.fields:
        if each.problem:
            raise HttpError(400, each.problem)
    names = [name.lower() for name, _ in head.headers]
    if head.version == "HTTP/1.1" and names.count("host") != 1:
        raise HttpError(400, "an HTTP/1.1 request has one Host header (RFC 9112 §3.2)")
    if names.count("content-length") > 1:
        raise HttpError(400, "Content-Length is there more than once")
    if not head.target.startswith("/") and not _ABSOLUTE.match(head.target):
        raise HttpError(400, "the request target is a path; it begins with /")
    return head


def response(status: int, headers: Headers = (), body: bytes = b"", *, closes: bool = False) -> bytes:
    """The bytes of a whole response, with its length (and `Connection: close`, where it `closes`)."""
    named = [*headers]
    if status not in _FINAL_WITHOUT_BODY:
        named.append(("Content-Length", str(len(body))))
    if closes:
        named.append(("Connection", "close"))
    return build_response(status, reason(status), named, body)


def reason(status: int) -> str:
    """The reason phrase of a status code."""
    return http.HTTPStatus(status).phrase


TEXT = ("Content-Type", "text/plain; charset=UTF-8")


def line(status: int, text: str, headers: Headers = (), *, closes: bool = False) -> bytes:
    """A response whose body is one line of plain text."""
    return response(status, [TEXT, *headers], f"{text}\n".encode(), closes=closes)
