"""What may be set on the server's command line as NAME=VALUE: the fields of its limits, by name. The limits themselves
stand where they are kept to."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, cast, get_args, get_type_hints

from labs.broker.config import Action, Rule

Value = int | float | str | bool

_WORDS = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


class SettingError(ValueError):
    """A setting that cannot be; the text says what would be right."""


def names(*groups: type[Any]) -> dict[str, tuple[type[Any], str]]:
    """Name as the command line has it (max-size) -> the dataclass and the field behind it."""
    return {each.name.replace("_", "-"): (group, each.name) for group in groups for each in fields(group)}


def described(*groups: type[Any]) -> Iterator[str]:
    """A line for each setting: its name and default, what it is, and the close code that ends who passes it."""
    for name, (group, field) in names(*groups).items():
        known = next(each for each in fields(group) if each.name == field)
        code = known.metadata["code"]
        default = f"{known.default:g}" if isinstance(known.default, float) else known.default
        yield f"{name}={default}".ljust(34) + known.metadata["meaning"] + (f"; {code}" if code else "")


def read_settings(settings: Sequence[str], *groups: type[Any]) -> dict[type[Any], dict[str, Value]]:
    """The fields to set in each of `groups` (dataclasses of int, float, bool, str and Literal). Raises SettingError."""
    known = names(*groups)
    values: dict[type[Any], dict[str, Value]] = {group: {} for group in groups}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise SettingError(f"--set {setting}: no value; it is set as NAME=VALUE")
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
            raise SettingError(f"--set {setting}: no such setting; {hint}")
        group, field = known[name]
        values[group][field] = _read(setting, text, get_type_hints(group)[field])
    return values


def read_rule(text: str) -> Rule:
    """`allow|deny SUBSCRIBE|SEND|any PATTERN [USER,USER…]`; raises SettingError."""
    parts = text.split()
    verdict, action, pattern = parts[:3] if len(parts) in (3, 4) else ("", "", "")
    if verdict not in ("allow", "deny") or action not in get_args(Action) or not pattern.startswith("/"):
        raise SettingError(f"--rule {text!r}: it reads allow|deny SUBSCRIBE|SEND|any PATTERN [USER,USER]")
    users = frozenset(parts[3].split(",")) if len(parts) == 4 else None
    return Rule(cast(Action, action), pattern, verdict == "allow", users)


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
