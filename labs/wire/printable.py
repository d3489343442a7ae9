"""Untrusted bytes and text made fit to show: one line, no control characters, cut to a width."""

from __future__ import annotations

WIDTH = 60  # characters kept of a text in a summary

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"}


def printable(text: str) -> str:
    """`text` with everything that is not printable escaped as Python would, so that it stays on its line.

    Control, format (bidirectional overrides among them), surrogate and unassigned characters are escaped.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_escape(char) for char in text)


def clean(text: str) -> str:
    """`text` that was made to be read, such as a summary or a verdict: only what is not printable is escaped, so that a
    backslash stays one."""
    if text.isprintable():
        return text
    return "".join(char if char == "\\" else _escape(char) for char in text)


def _escape(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    return char if char.isprintable() else repr(char)[1:-1]


def cut(text: str, width: int = WIDTH) -> str:
    """`text`, printable and at most `width` characters wide; an ellipsis says that something is left out."""
    shown = printable(text[: width + 1])
    return shown if len(shown) <= width and len(text) <= width else shown[: width - 1] + "…"


def quoted(data: bytes | str, width: int = WIDTH) -> str:
    """`data` in double quotes: bytes are read as UTF-8, what is not UTF-8 shows as U+FFFD."""
    text = data if isinstance(data, str) else data[: 4 * width + 4].decode("utf-8", "replace")
    return f'"{cut(text, width)}"'


def latin1(data: bytes) -> str:
    """The bytes of an HTTP head as printable text (ISO 8859-1: no byte is lost)."""
    return printable(data.decode("latin-1"))


def count(number: int, unit: str) -> str:
    """`1 byte`, `4 bytes`."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
