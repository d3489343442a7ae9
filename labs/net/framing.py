"""Where a response ends, while its bytes only pass through (RFC 9112 §6.3). Nothing is kept of them."""

from __future__ import annotations

import re

from labs.wire.http_head import Head

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r?\n\Z")
_MAX_LINE = 4096  # bytes of a chunk's size line, and of a trailer line


class FramingError(ValueError):
    """The body is not what its head promised; the text says how."""


class Body:
    """The body of one response. feed() each piece; `done` when it is whole.

    Without a length it ends with the connection: then only end() makes it `done`, and `until_end` is true.
    """

    def __init__(self, head: Head, method: str) -> None:
        self.until_end = False
        self._left = 0  # bytes of the body, or of the chunk and its CR LF
        self._line = b""  # of a chunked body: the size line or trailer line that has begun
        self._chunked = self._trailer = False
        stated = head.get("Content-Length")
        if method == "HEAD" or head.status in (204, 304) or head.status < 200:
            pass
        elif head.tokens("Transfer-Encoding"):
            self._chunked = head.tokens("Transfer-Encoding")[-1] == "chunked"
            self.until_end = not self._chunked
        elif stated is None:
            self.until_end = True
        elif stated.isascii() and stated.isdigit() and len(stated) <= 18:
            self._left = int(stated)
        else:
            raise FramingError(f"Content-Length {stated[:40]!r} is not one number of bytes")
        self.done = not self._chunked and not self.until_end and not self._left

    def feed(self, data: bytes) -> int:
        """How many of these bytes belong to the body; raises FramingError."""
        if self.until_end:
            return len(data)
        at = 0
        while at < len(data) and not self.done:
            at = self._pass_over(data, at) if self._left else self._read_line(data, at)
        return at

    def end(self) -> bool:
        """The connection has ended; returns whether the body is whole."""
        self.done = self.done or self.until_end
        return self.done

    def _pass_over(self, data: bytes, at: int) -> int:
        passed = min(self._left, len(data) - at)
        self._left -= passed
        self.done = not self._left and not self._chunked
        return at + passed

    def _read_line(self, data: bytes, at: int) -> int:
        """One line of a chunked body, or the beginning of one."""
        newline = data.find(b"\n", at)
        end = newline + 1 or len(data)
        self._line += data[at:end]
        if len(self._line) > _MAX_LINE:
            raise FramingError("a chunk's size line without an end")
        if newline < 0:
            return end
        line, self._line = self._line, b""
        if self._trailer:
            self.done = not line.strip()
            return end
        size = _SIZE.match(line)
        if size is None:
            raise FramingError("a chunk begins with its size in hexadecimal digits")
        octets = int(size[1], 16)
        self._trailer = octets == 0
        self._left = octets + 2 if octets else 0  # with the CR LF behind it
        return end
