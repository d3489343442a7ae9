"""What each field of a tape's line takes: its JSON type, checked before an event is made. The events are in tape.py."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field of an event: its attribute, its name on the tape, what it takes in words, and the check."""

    attribute: str
    name: str
    takes: str
    fits: Callable[[Any], bool]
    required: bool


def _number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _object_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_RULES: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("a string", _text),
    str | None: ("a string or null", _or_null(_text)),
    int: ("an integer", _integer),
    int | None: ("an integer or null", _or_null(_integer)),
    float: ("a finite number", _number),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    list[str]: ("a list of strings", _list_of(_text)),
    list[int]: ("a list of integers", _list_of(_integer)),
    dict[str, str]: ("an object of strings", _object_of(_text)),
    dict[str, object]: ("an object", lambda value: isinstance(value, dict)),
    object: ("any JSON value", lambda value: True),
}


def is_hex(text: str) -> bool:
    """Whether `text` is bytes in hexadecimal, without spaces."""
    try:
        return len(bytes.fromhex(text)) * 2 == len(text)
    except ValueError:
        return False


def rules_of(cls: type, names: Mapping[str, str]) -> tuple[FieldRule, ...]:
    """The rules of an event class. `names` are those on the tape, of attributes that are called otherwise here."""
    hints = get_type_hints(cls)
    rules = []
    for item in dataclasses.fields(cls):
        takes, fits = _RULES[hints[item.name]]
        if item.name == "hex":
            takes, fits = "an even number of hexadecimal digits", lambda value: isinstance(value, str) and is_hex(value)
        required = item.default is dataclasses.MISSING
        rules.append(FieldRule(item.name, names.get(item.name, item.name), takes, fits, required))
    return tuple(rules)
