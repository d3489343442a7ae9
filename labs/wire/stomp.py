"""STOMP 1.0, 1.1 and 1.2 frames: encode them, cut a stream into them. Bounded before it buffers, since this is what
faces strangers; sessions and destinations are not its matter. https://stomp.github.io"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Version = Literal["1.0", "1.1", "1.2"]
SUBPROTOCOLS: dict[str, Version] = {"v12.stomp": "1.2", "v11.stomp": "1.1", "v10.stomp": "1.0"}  # the best first

CLIENT_COMMANDS = frozenset(
    {"CONNECT", "STOMP", "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT", "DISCONNECT"}
)
SERVER_COMMANDS = frozenset({"CONNECTED", "MESSAGE", "RECEIPT", "ERROR"})
_COMMANDS = CLIENT_COMMANDS | SERVER_COMMANDS
_WITH_BODY = frozenset({"SEND", "MESSAGE", "ERROR"})  # STOMP 1.2, Body: all others must not have one
_NEVER_ESCAPED = frozenset({"CONNECT", "CONNECTED"})  # STOMP 1.2, Value Encoding: for STOMP 1.0's sake

Headers = tuple[tuple[str, str], ...]

_EOL, _NUL = b"\n\r", 0x00
_END_OF_HEAD = {"1.0": re.compile(rb"\n\n"), "1.1": re.compile(rb"\n\n"), "1.2": re.compile(rb"\n\r?\n")}
_EOLS = {"1.0": re.compile(rb"\n+"), "1.1": re.compile(rb"\n+"), "1.2": re.compile(rb"(?:\n++|\r\n)++")}
_RECEIPT = re.compile(rb"\nreceipt:([^\r\n\0]*)")
_COMMAND = re.compile(rb"[A-Z]{1,12}(?![^\r\n])")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
# What each version may escape in a header: what follows the backslash -> what it stands for.
_UNESCAPED: dict[Version, dict[str, str]] = {
    "1.0": {},
    "1.1": {"\\": "\\", "n": "\n", "c": ":"},
    "1.2": {"\\": "\\", "n": "\n", "c": ":", "r": "\r"},
}
_ESCAPED = {
    version: str.maketrans({plain: f"\\{letter}" for letter, plain in table.items()})
    for version, table in _UNESCAPED.items()
}
_MAX_LENGTH_DIGITS = 18
# Where nothing is escaped (1.0, CONNECTED) these would end the header or the frame; they are written as 1.2 would.
_PLAIN = str.maketrans({"\n": "\\n", "\r": "\\r", "\0": ""})
_PLAIN_NAME = _PLAIN | {ord(":"): "\\c"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a parser takes at most: bytes of command and headers, number of headers, characters of a line, bytes of a
    body."""

    header_bytes: int = 64 * 1024
    headers: int = 256
    line: int = 16 * 1024
    body: int = 16 * 1024 * 1024


DEFAULT_LIMITS = Limits()


class StompError(ValueError):
    """Bytes that are not STOMP of that version, or more than the limits allow; the parser stops there.

    `at` is the offset in the stream; the text says what was found and what would be right. `too_big`: a limit was
    passed. `receipt` is what the broken frame asked for, where that can be read.
    """

    def __init__(self, at: int, text: str, *, too_big: bool = False) -> None:
        super().__init__(f"byte {at}: {text}")
        self.at = at
        self.text = text
        self.too_big = too_big
        self.receipt: str | None = None


class Frame(NamedTuple):
    """One frame. `headers` in the order of the wire, unescaped, repeated ones included. (A tuple, since it is made
    in a third of the time of a frozen dataclass.)"""

    command: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def get(self, name: str) -> str | None:
        """The header's value or None; of repeated headers the first one counts (STOMP 1.2, Repeated Header Entries)."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


@dataclass(frozen=True, slots=True)
class HeartBeat:
    """`count` ends of line between frames: heart-beats, or the optional ones after a frame, which look the same."""

    count: int = 1


Event = Frame | HeartBeat | StompError
_Head = tuple[str, Headers, int, int | None]  # command, headers, bytes with the blank line, content-length where stated


class StompParser:
    """Bytes in, frames out, whatever the chunking.

    feed() bytes, then take events with next_event() until it returns None: one at a time, so that the version that a
    CONNECT settles (set `version`, and `limits`) holds for the frames behind it. After a StompError there is nothing
    more. Before the version is known 1.2 is right: it takes every CONNECT.
    """

    __slots__ = ("_base", "_buffer", "_failed", "_head", "_pos", "_scan", "_start", "limits", "version")

    def __init__(self, version: Version = "1.2", limits: Limits = DEFAULT_LIMITS) -> None:
        self.version: Version = version
        self.limits = limits
        self._buffer = bytearray()
        self._base = 0  # offset of the buffer's first byte in the stream
        self._start = 0  # of the latest event in the buffer
        self._pos = 0  # behind the latest event
        self._scan = 0  # where the search for the end of the head or body goes on
        self._head: _Head | None = None  # read, while its body is awaited
        self._failed = False

    def feed(self, data: bytes) -> None:
        """More bytes of the stream; after a StompError they are dropped."""
        if self._failed:
            return
        if self._pos:
            del self._buffer[: self._pos]
            self._base += self._pos
            self._scan -= self._pos
            self._start = self._pos = 0
        self._buffer += data

    def receive(self, data: bytes) -> list[Event]:
        """feed() and every event that it completes."""
        self.feed(data)
        events = []
        while (event := self.next_event()) is not None:
            events.append(event)
        return events

    def next_event(self) -> Event | None:
        """The next frame, run of heart-beats or error; None when more bytes are needed."""
        buffer = self._buffer
        if self._failed or self._pos >= len(buffer):
            return None
        self._start = self._pos
        try:
            if self._head is None:
                if buffer[self._pos] in _EOL:
                    return self._heart_beats()
                self._head = self._read_head()
                if self._head is None:
                    return None
            return self._read_body(self._head)
        except StompError as error:
            self._failed = True
            error.receipt = self._asked_receipt()
            return error

    @property
    def raw(self) -> bytes:
        """The bytes of the latest event; of an error, everything from the frame's first byte on. Valid until feed()."""
        return bytes(self._buffer[self._start :] if self._failed else self._buffer[self._start : self._pos])

    @property
    def buffered(self) -> int:
        """How many bytes wait: of a frame that is not complete, and behind the latest event."""
        return len(self._buffer) - self._pos

    @property
    def pending(self) -> bytes:
        """The bytes of a frame that is not complete."""
        return bytes(self._buffer[self._pos :])

    def _heart_beats(self) -> Event | None:
        run = _EOLS[self.version].match(self._buffer, self._pos)
        if run is None:
            if len(self._buffer) == self._pos + 1 and self.version == "1.2":
                return None  # a CR whose LF has not come
            raise self._error(self._pos, "a CR without its LF; a line ends in LF, from STOMP 1.2 on also in CR LF")
        count = self._buffer.count(b"\n", self._pos, run.end())
        self._pos = self._scan = run.end()
        return HeartBeat(count)

    def _read_head(self) -> _Head | None:
        buffer, start = self._buffer, self._pos
        scan = max(start, self._scan - 2)
        found = _END_OF_HEAD[self.version].search(buffer, scan)
        end = found.start() if found else len(buffer)
        nul = buffer.find(_NUL, scan, end)
        if nul >= 0:
            raise self._error(nul, f"a NUL before the blank line that ends the headers{_hint(buffer, start, nul)}")
        if end - start > self.limits.header_bytes + (0 if found else 2):  # 2: what may begin the blank line
            raise self._too_big(start, f"more than {self.limits.header_bytes} bytes of headers")
        if found is None:
            self._scan = len(buffer)
            return None
        self._scan = found.end()
        try:
            text = buffer[start:end].decode()
        except UnicodeDecodeError as error:
            raise self._error(start + error.start, "headers that are not UTF-8") from None
        return self._parse_head(text, found.end() - start)

    def _parse_head(self, text: str, size: int) -> _Head:
        version, at = self.version, self._pos
        lines = text.split("\n")
        if version == "1.2" and "\r" in text:
            lines = [line.removesuffix("\r") for line in lines]
            if broken := next((line for line in lines if "\r" in line), None):
                raise self._error(at, f"a CR inside header {broken.partition(':')[0][:20]!r}; STOMP 1.2 writes it \\r")
        if len(lines) - 1 > self.limits.headers:
            raise self._too_big(at, f"{len(lines) - 1} headers; at most {self.limits.headers} are taken")
        if len(text) > self.limits.line < max(map(len, lines)):
            raise self._too_big(at, f"a line of more than {self.limits.line} characters")
        command = lines[0]
        if command not in _COMMANDS:
            raise self._error(at, f"unknown command {command[:20]!r}; a frame begins with CONNECT, SEND, MESSAGE, …")
        headers = self._parse_headers(lines[1:], {} if command in _NEVER_ESCAPED else _UNESCAPED[version])
        length = self._body_length(headers) if "content-length" in text else None
        return command, headers, size, length

    def _parse_headers(self, lines: list[str], escapes: dict[str, str]) -> tuple[tuple[str, str], ...]:
        headers = []
        trim = self.version == "1.0"
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise self._error(self._pos, f"header {line[:20]!r} has no colon; it reads name:value")
            if trim:
                name, value = name.strip(), value.strip()
            elif "\\" in line and escapes:
                name, value = self._unescape(name, escapes, name), self._unescape(value, escapes, name)
            if not name:
                raise self._error(self._pos, f"header {line[:20]!r} has no name; it reads name:value")
            headers.append((name, value))
        return tuple(headers)

    def _unescape(self, text: str, escapes: dict[str, str], header: str) -> str:
        def plain(match: re.Match[str]) -> str:
            if match[1] not in escapes:
                known = " ".join(f"\\{letter}" for letter in escapes)
                found = f"undefined escape {match[0]!r} in header {header[:20]!r}"
                raise self._error(self._pos, f"{found}; STOMP {self.version} has {known}")
            return escapes[match[1]]

        return _ESCAPE.sub(plain, text)

    def _body_length(self, headers: tuple[tuple[str, str], ...]) -> int | None:
        for name, value in headers:
            if name == "content-length":
                if not (value.isascii() and value.isdigit()) or len(value) > _MAX_LENGTH_DIGITS:
                    raise self._error(self._pos, f"content-length {value[:20]!r}; it is a number of bytes")
                if int(value) > self.limits.body:
                    raise self._too_big(self._pos, f"a body of {value} bytes; at most {self.limits.body} are taken")
                return int(value)
        return None

    def _read_body(self, head: _Head) -> Frame | None:
        command, headers, size, length = head
        buffer, start = self._buffer, self._pos + size
        if length is None:
            end = buffer.find(_NUL, self._scan)
            if (end if end >= 0 else len(buffer)) - start > self.limits.body:
                raise self._too_big(start, f"a body of more than {self.limits.body} bytes")
            if end < 0:
                self._scan = len(buffer)
                return None
        else:
            end = start + length
            if end >= len(buffer):
                return None
            if buffer[end] != _NUL:
                found = f"the byte behind a body of content-length {length} is {buffer[end]:#04x}"
                raise self._error(end, f"{found}; a frame ends in NUL")
        if end > start and command not in _WITH_BODY and self.version != "1.0":
            raise self._error(start, "a body; only SEND, MESSAGE and ERROR may have one")
        self._head = None
        self._pos = self._scan = end + 1
        return Frame(command, headers, bytes(buffer[start:end]))

    def _asked_receipt(self) -> str | None:
        end = min(len(self._buffer), self._start + self.limits.header_bytes)
        blank = _END_OF_HEAD[self.version].search(self._buffer, self._start, end)
        found = _RECEIPT.search(self._buffer, self._start, blank.start() if blank else end)
        try:
            return self._unescape(found[1].decode(), _UNESCAPED[self.version], "receipt") if found else None
        except (UnicodeDecodeError, StompError):
            return None

    def _error(self, place: int, text: str) -> StompError:
        return StompError(self._base + place, f"{self._frame()}{text}")

    def _too_big(self, place: int, text: str) -> StompError:
        return StompError(self._base + place, f"{self._frame()}{text}", too_big=True)

    def _frame(self) -> str:
        """`SEND: `, for the text of an error in such a frame; nothing where it is none."""
        match = _COMMAND.match(self._buffer, self._start)
        command = match[0].decode() if match else ""
        return f"{command}: " if command in _COMMANDS else ""


def _hint(buffer: bytearray, start: int, end: int) -> str:
    return "; CR LF line ends came with STOMP 1.2" if buffer.find(b"\r\n\r\n", start, end) >= 0 else ""


def header_line(name: str, value: str, version: Version, *, escaped: bool = True) -> str:
    """`name:value`, as a peer of that version takes it, without the line end. It is one header whatever it holds.

    `escaped=False` for CONNECTED. Where nothing is escaped, as in 1.0, a line feed or a colon in the name is shown as
    1.2 would write it, since it would begin another header.
    """
    if version == "1.0" or not escaped:
        return f"{name.translate(_PLAIN_NAME)}:{value.translate(_PLAIN)}"
    table = _ESCAPED[version]
    return f"{name.translate(table)}:{value.translate(table)}"


def plain_lines(headers: Iterable[tuple[str, str]]) -> str | None:
    """Each header's line, as any version takes it; None where one of them holds what a version has to escape."""
    lines = [f"\n{name}:{value}" for name, value in headers]
    text = "".join(lines)
    separated = text.count("\n") == text.count(":") == len(lines) and "\n:" not in text  # by these alone, named all
    return text[1:] if separated and not ("\\" in text or "\r" in text or "\0" in text) else None


def encode(frame: Frame, version: Version = "1.2") -> bytes:
    """The frame's bytes, with a content-length where it has a body and none is given.

    Raises ValueError for a header that the version cannot say (a line feed in a 1.0 header would begin another one).
    """
    lines = plain_lines(frame.headers)
    if lines is None:
        lines = _escaped_lines(frame, version)
    head = f"{frame.command}\n{lines}" if lines else frame.command
    if frame.body and "\ncontent-length:" not in head:
        head = f"{head}\ncontent-length:{len(frame.body)}"
    return b"%b\n\n%b\0" % (head.encode(), frame.body)


def _escaped_lines(frame: Frame, version: Version) -> str:
    """The headers, where one of them holds what may need an escape."""
    escaped = version != "1.0" and frame.command not in _NEVER_ESCAPED
    table = _ESCAPED[version] if escaped else None
    lines = []
    for name, value in frame.headers:
        if not name:
            raise ValueError(f"{frame.command} header without a name, of value {value[:40]!r}")
        if table is not None:
            line = f"{name.translate(table)}:{value.translate(table)}"
        else:
            line = f"{name}:{value}"
            if ":" in name:
                raise ValueError(f"{frame.command} header {name!r}: a colon in its name cannot be escaped here")
        if "\n" in line or "\0" in line or ("\r" in line and version == "1.2"):
            raise ValueError(f"{frame.command} header {name!r}: STOMP {version} cannot say it: {line[:40]!r}")
        lines.append(line)
    return "\n".join(lines)
