"""What may be set on the server's command line as NAME=VALUE: the fields of its limits, by name. The limits themselves
stand where they are kept to."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, get_args, get_type_hints

Value = int | float | str | bool

_WORDS = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


class SettingError(ValueError):
    """A setting that cannot be; the text says what would be right."""


def names(*groups: type[Any]) -> dict[str, tuple[type[Any], str]]:
    """Name as the command line has it (max-size) -> the dataclass and the field behind it."""
    return {each.name.replace("_", "-"): (group, each.name) for group in groups for each in fields(group)}


def read_settings(settings: Sequence[str], *groups: type[Any]) -> dict[type[Any], dict[str, Value]]:
    """The fields to set in each of `groups` (dataclasses of int, float, bool, str and Literal). Raises SettingError."""
    known = names(*groups)
    values: dict[type[Any], dict[str, Value]] = {group: {} for group in groups}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise SettingError(f"--set {setting}: no value; a limit is set as NAME=VALUE")
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
            raise SettingError(f"--set {setting}: no such limit; {hint}")
        group, field = known[name]
        values[group][field] = _read(setting, text, get_type_hints(group)[field])
    return values


def _read(setting: str, text: str, kind: Any) -> Value:
    if choices := get_args(kind):
        if text not in choices:
            raise SettingError(f"--set {setting}: one of {', '.join(map(str, choices))}")
        return text
    if kind is bool:
        if text.lower() not in _WORDS:
            raise SettingError(f"--set {setting}: on or off")
        return _WORDS[text.lower()]
    if kind is str:
        return text
    try:
        value: int | float = kind(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise SettingError(f"--set {setting}: a {'whole ' if kind is int else ''}number, 0 or more")
    return value
