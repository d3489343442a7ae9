"""The commands that a running lab takes, one JSON object a line: read and checked here, obeyed by the stage."""

from __future__ import annotations

import json
from dataclasses import dataclass

from labs.tape import Predict
from labs.tape_fields import is_hex

MAX_COMMAND = 64 * 1024  # characters of one line
MAX_ANSWER = 1024  # bytes of a prediction in hexadecimal


class CommandError(ValueError):
    """A command that is refused; the text says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class GiveAnswer:
    """The learner's prediction."""

    id: str
    value: object


@dataclass(frozen=True, slots=True)
class Next:
    """Go on with the step."""


@dataclass(frozen=True, slots=True)
class Inject:
    """Break something on purpose."""

    id: str
    target: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn a knob while the lab runs."""

    knob: str
    value: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the lab now."""


Command = GiveAnswer | Next | Inject | Turn | Stop

_FIELDS: dict[str, tuple[str, ...]] = {
    "answer": ("id", "value"), "next": (), "fault": ("id", "target"), "set": ("knob", "value"), "stop": (),
}  # fmt: skip


def parse_command(line: str) -> Command:
    """The command of one line; raises CommandError."""
    if len(line) > MAX_COMMAND:
        raise CommandError(f"a command of {len(line)} characters; the longest has {MAX_COMMAND}")
    try:
        raw = json.loads(line)
        json.dumps(raw, ensure_ascii=False).encode()  # half a surrogate pair could never be written to the tape
    except (ValueError, RecursionError) as error:
        raise CommandError('not JSON; a command is one object a line, such as {"do": "next"}') from error
    do = raw.get("do") if isinstance(raw, dict) else None
    if not isinstance(do, str) or do not in _FIELDS:
        raise CommandError(f"no such command: {_shown(do)}; there are {', '.join(_FIELDS)}")
    for name in _FIELDS[do]:
        if name not in raw:
            raise CommandError(f"{do} has no {name}; it takes {' and '.join(_FIELDS[do])}")
        if name != "value" and not isinstance(raw[name], str):
            raise CommandError(f"{do}.{name} is {_shown(raw[name])}; it takes a string")
    return _command(do, raw)


def _command(do: str, raw: dict[str, object]) -> Command:
    if do == "answer":
        return GiveAnswer(str(raw["id"]), raw["value"])
    if do == "fault":
        return Inject(str(raw["id"]), str(raw["target"]))
    if do == "set":
        value = raw["value"]
        if isinstance(value, bool):
            value = "on" if value else "off"
        if not isinstance(value, str | int | float):
            raise CommandError(f"set.value is {_shown(value)}; it takes a string or a number")
        return Turn(str(raw["knob"]), str(value))
    return Next() if do == "next" else Stop()


def check_answer(asked: Predict, value: object) -> object:
    """The value as the tape writes it; raises CommandError where it is not of the form that was asked for."""
    wrong = f"{asked.id} is answered by"
    if asked.form == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
            raise CommandError(f"{wrong} a number, not {_shown(value)}")
        return value
    if asked.form == "choice":
        if value not in asked.options:
            raise CommandError(f"{wrong} one of {', '.join(asked.options)}, not {_shown(value)}")
        return value
    if asked.form == "order":
        if not isinstance(value, list) or sorted(map(str, value)) != sorted(asked.options):
            raise CommandError(f"{wrong} a list of all of {', '.join(asked.options)}, not {_shown(value)}")
        return value
    text = "".join(value.split()).lower() if isinstance(value, str) else ""
    if not text or not is_hex(text) or len(text) > 2 * MAX_ANSWER:
        raise CommandError(f"{wrong} bytes in hexadecimal, such as 0a ff, not {_shown(value)}")
    return text


def _shown(value: object) -> str:
    return json.dumps(value)[:60]
