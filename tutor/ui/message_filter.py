"""The filter of the message list: `op:ping from:client len>125`, or any words of the summary.

Every term must hold; a leading `-` turns a term round. Pure text and messages, no screen.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from labs.wire.message import Message

MAX_DIGITS = 18  # of a length: no frame is longer

Predicate = Callable[[Message], bool]

HELP = (
    "op:ping from:client to:server proto:ws conn:c1 len>125 masked:yes is:problem, or any words; - in front means not"
)

_OPCODES = {"continuation": 0x0, "text": 0x1, "binary": 0x2, "close": 0x8, "ping": 0x9, "pong": 0xA}
_SWITCHES = {"yes": True, "on": True, "1": True, "no": False, "off": False, "0": False}
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "=": operator.eq, ":": operator.eq,
}  # fmt: skip
_TERM = re.compile(r"(?P<not>-?)(?P<key>[a-z]+)(?P<how>>=|<=|[:=<>])(?P<value>.+)", re.IGNORECASE)


class FilterError(ValueError):
    """A term that means nothing; the text says which and what would be right."""


def parse(text: str) -> Predicate:
    """The predicate for `text`; an empty text lets everything pass. Raises FilterError."""
    terms = [_term(word) for word in text.split()]
    return lambda message: all(term(message) for term in terms)


def length(message: Message) -> int:
    """The payload length of a frame, else the number of bytes, in octets."""
    return message.frame.length if message.frame is not None else len(message.raw)


def _term(word: str) -> Predicate:
    match = _TERM.fullmatch(word)
    if match is None:
        negated, needle = word.startswith("-") and len(word) > 1, word.removeprefix("-").lower()
        return _unless(negated, lambda message: needle in message.summary.lower())
    key, how, value = match["key"].lower(), match["how"], match["value"].lower()
    if key == "len":
        return _unless(bool(match["not"]), _length(how, value))
    if key not in _KEYS:
        raise FilterError(f"{word}: no such key {key!r}; {HELP}")
    if how not in ":=":
        raise FilterError(f"{word}: {key} takes : or =, as in {key}:{value}")
    return _unless(bool(match["not"]), _KEYS[key](value))


def _unless(negated: bool, predicate: Predicate) -> Predicate:
    return (lambda message: not predicate(message)) if negated else predicate


def _length(how: str, value: str) -> Predicate:
    if not value.isdecimal() or len(value) > MAX_DIGITS:
        raise FilterError(f"len{how}{value}: not a number of octets, as in len>125")
    compare, octets = _COMPARE[how], int(value)
    return lambda message: compare(length(message), octets)


def _opcode(value: str) -> Predicate:
    wanted = _OPCODES.get(value)
    if wanted is None:
        try:
            wanted = int(value, 0)
        except ValueError:
            raise FilterError(f"op:{value}: no such opcode; it takes {', '.join(_OPCODES)} or a number") from None
    return lambda message: message.frame is not None and message.frame.opcode == wanted


def _masked(value: str) -> Predicate:
    if value not in _SWITCHES:
        raise FilterError(f"masked:{value}: it takes yes or no")
    wanted = _SWITCHES[value]
    return lambda message: message.frame is not None and message.frame.masked is wanted


def _is(value: str) -> Predicate:
    kinds: dict[str, Predicate] = {
        "problem": lambda message: bool(message.problem),
        "control": lambda message: message.frame is not None and message.frame.opcode >= _OPCODES["close"],
        "data": lambda message: message.frame is not None and message.frame.opcode < _OPCODES["close"],
    }
    if value not in kinds:
        raise FilterError(f"is:{value}: it takes {', '.join(kinds)}")
    return kinds[value]


_KEYS: dict[str, Callable[[str], Predicate]] = {
    "op": _opcode,
    "masked": _masked,
    "is": _is,
    "from": lambda value: lambda message: message.sender.lower() == value,
    "to": lambda value: lambda message: message.receiver.lower() == value,
    "proto": lambda value: lambda message: message.proto == value,
    "conn": lambda value: lambda message: message.conn.lower() == value,
}
