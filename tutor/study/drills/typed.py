"""Byte drills whose answer can be typed or pasted instead of picked. It is read for what it means, never guessed at:
hex in any spelling, a number, a header's value. The mistake behind a wrong one is named where it is a known one."""

from __future__ import annotations

import re
from collections.abc import Callable

from tutor.study.drills.drill import Answer, ByteDrill, Kind

MAX_TYPED = 500
"""Characters that are looked at"""
UNKNOWN = "none of the usual mistakes gives this"
_HEX_MARKS = re.compile(r"0x|\\x|[\s:,;_-]", re.IGNORECASE)
_NUMBER = re.compile(r"(0x[0-9a-f]+|[0-9]{1,3}(?:[,'_ ][0-9]{3})+|[0-9]+)\b", re.IGNORECASE)


class TypedError(ValueError):
    """What was typed can't be an answer of this kind; the text says what would be."""


def judge(drill: ByteDrill, typed: str) -> Answer:
    """What was typed as an answer to `drill`; right where it has no mistake. Raises TypedError."""
    text = _READERS[drill.kind](typed[:MAX_TYPED].strip(), drill)
    known = (*drill.options, *drill.mistakes)
    return next((answer for answer in known if answer.text == text), Answer(text, UNKNOWN))


def hint(kind: Kind) -> str:
    """What can be typed; empty where one has to pick."""
    return _HINTS.get(kind, "")


def _length(typed: str, drill: ByteDrill) -> str:
    return f"{_number(typed, 'a number of bytes, such as 300')} bytes"


def _close(typed: str, drill: ByteDrill) -> str:
    code = _number(typed, "a close code, such as 1000")
    named = [answer.text for answer in (*drill.options, *drill.mistakes) if answer.text.startswith(f"{code} ")]
    right = drill.options[drill.right_place].text
    return right if right in named else next(iter(named), str(code))


def _number(typed: str, what: str) -> int:
    found = _NUMBER.match(typed)
    if not found:
        raise TypedError(f"‘{typed[:40]}’ is not {what}")
    digits = re.sub(r"[,'_ ]", "", found[1])
    return int(digits, 16) if digits.lower().startswith("0x") else int(digits)


def _unmask(typed: str, drill: ByteDrill) -> str:
    digits = _HEX_MARKS.sub("", typed)
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        data = typed.strip("\"'").encode()
    if not data:
        raise TypedError("nothing was typed; it takes bytes in hex such as 48 65, or their text")
    return data.hex(" ")


def _accept(typed: str, drill: ByteDrill) -> str:
    value = typed.rpartition(":")[2].strip()
    if not value or " " in value:
        raise TypedError(f"‘{typed[:40]}’ is not the value of a header")
    return value


_READERS: dict[Kind, Callable[[str, ByteDrill], str]] = {
    "length": _length,
    "unmask": _unmask,
    "close": _close,
    "accept": _accept,
}
_HINTS: dict[Kind, str] = {
    "length": "or type the number",
    "unmask": "or type or paste the payload, in hex or as text",
    "close": "or type the code",
    "accept": "or paste the value",
}
