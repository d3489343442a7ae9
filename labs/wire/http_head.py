"""The head of an HTTP/1.1 request or response (RFC 9112) with its fields. Bodies and streams are in http_stream.py,
what makes a request an upgrade is in handshake.py."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labs.wire.fields import Field
from labs.wire.printable import cut, latin1

END_OF_HEAD = re.compile(rb"\n\r?\n")
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")  # RFC 9110 §5.6.2
_REQUEST = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^ \x00-\x1f]+) (HTTP/[0-9]\.[0-9])\Z")
_STATUS = re.compile(rb"(HTTP/[0-9]\.[0-9]) ([0-9]{3})(?: (.*))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """The start line and the headers of one request or response.

    A request has `method` and `target`, a response `status` (0 in a request) and `reason`. `headers` are in the
    order of the wire, values without the space round them. `size` is the head's length in bytes, blank line
    included. A start line that is neither gives `problem`, with method empty and status 0.
    """

    method: str
    target: str
    status: int
    reason: str
    version: str
    headers: tuple[tuple[str, str], ...]
    size: int
    fields: tuple[Field, ...]
    problem: str = ""

    def get(self, name: str) -> str | None:
        """The values of the header, joined with commas as RFC 9110 §5.3 has it, or None; names match in any case."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def tokens(self, name: str) -> list[str]:
        """The members of a comma-separated header, in lower case: `Connection: keep-alive, Upgrade` has two."""
        return [token.strip().lower() for token in (self.get(name) or "").split(",") if token.strip()]


def parse_head(raw: bytes) -> Head:
    """Read a head from `raw`, up to the blank line or to the end of `raw`. Never raises: a fault is a `problem`."""
    start = blank_lines(raw)
    end = END_OF_HEAD.search(raw, start)
    size = end.end() if end else len(raw)
    fields: list[Field] = []
    headers: list[tuple[str, str]] = []
    line_end = _line_end(raw, start, size)
    parts, problem = _start_line(raw, start, line_end, fields)
    at = _next_line(raw, line_end, size)
    while at < size:
        line_end = _line_end(raw, at, size)
        if line_end > at:
            headers.append(header_line(raw, at, line_end, fields))
        at = _next_line(raw, line_end, size)
    return Head(*parts, tuple(headers), size, tuple(fields), problem)


def blank_lines(raw: bytes | bytearray) -> int:
    """The bytes of empty lines before the start line, which a receiver passes over (RFC 9112 §2.2)."""
    return len(raw) - len(raw.lstrip(b"\r\n"))


def _line_end(raw: bytes, start: int, size: int) -> int:
    """Where the line that begins at `start` ends, its CR LF (or bare LF) not counted."""
    end = raw.find(b"\n", start, size)
    if end < 0:
        return size
    return end - 1 if end > start and raw[end - 1] == 0x0D else end


def _next_line(raw: bytes, line_end: int, size: int) -> int:
    newline = raw.find(b"\n", line_end, size)
    return size if newline < 0 else newline + 1


_Parts = tuple[str, str, int, str, str]  # method, target, status, reason, version


def _start_line(raw: bytes, start: int, end: int, fields: list[Field]) -> tuple[_Parts, str]:
    line = raw[start:end]
    if match := _REQUEST.match(line):
        names = ("method", "target", "version")
        meanings = ("what is asked", "of what: path and query", "the version of HTTP")
        _add_groups(fields, match, start, names, meanings)
        method, target, version = (latin1(group) for group in match.groups())
        return (method, target, 0, "", version), ""
    if match := _STATUS.match(line):
        names = ("version", "status", "reason")
        meanings = ("the version of HTTP", "what became of the request", "for people")
        _add_groups(fields, match, start, names, meanings)
        return ("", "", int(match[2]), latin1(match[3] or b""), latin1(match[1])), ""
    problem = "neither a request line (GET /path HTTP/1.1) nor a status line (HTTP/1.1 200 OK)"
    fields.append(Field("start line", start, end, cut(latin1(line), 200), problem=problem))
    return ("", "", 0, "", ""), f"not HTTP: {problem}"


def _add_groups(
    fields: list[Field],
    match: re.Match[bytes],
    start: int,
    names: tuple[str, ...],
    meanings: tuple[str, ...],
) -> None:
    for number, (name, meaning) in enumerate(zip(names, meanings, strict=True), 1):
        if match[number]:
            begin, end = match.span(number)
            fields.append(Field(name, start + begin, start + end, latin1(match[number]), meaning))


def header_line(raw: bytes, start: int, end: int, fields: list[Field]) -> tuple[str, str]:
    """The name and value of the line at `start` up to `end`, which is appended to `fields` as one field."""
    name, colon, value = raw[start:end].partition(b":")
    problem = ""
    if not colon:
        problem = "a header line without a colon; it reads Name: value"
    elif not _TOKEN.match(name):
        problem = "not a header name: letters, digits and !#$%&'*+-.^_`|~ only, no space before the colon"
    shown, text = latin1(name), latin1(value.strip(b" \t"))
    fields.append(Field(cut(shown) or "header", start, end, text if colon else shown, problem=problem))
    return shown, text


def start_summary(head: Head) -> str:
    """`GET /echo`, `101 Switching Protocols`."""
    if head.status:
        return cut(f"{head.status} {head.reason}".rstrip())
    return cut(f"{head.method} {head.target}") if head.method else "not HTTP"
