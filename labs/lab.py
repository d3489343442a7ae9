"""What a lab is, before it runs: its name, knobs, faults and the verdicts it can reach. Data only."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

MAX_TEXT = 4096  # characters of a knob's text

KnobValue = str | float | bool


class KnobError(ValueError):
    """A value that a knob does not take; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Knob:
    """Something the learner may set before (or, where `live`, during) a run.

    `kind` is `text`, `number` (between `low` and `high`, in `unit`), `choice` (one of `choices`) or `flag` (on, off).
    `default` is written as the learner would write it. A text fits `pattern` as a whole; `takes` says so in words.
    """

    name: str
    kind: Literal["text", "number", "choice", "flag"]
    default: str
    about: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    live: bool = False
    pattern: str = ""
    takes: str = ""

    def parse(self, raw: str) -> KnobValue:
        """The value that `raw` stands for; raises KnobError with what would be right."""
        if self.kind == "choice":
            if raw not in self.choices:
                raise KnobError(f"{self.name}={raw!r}: not a choice; it takes {', '.join(self.choices)}")
            return raw
        if self.kind == "flag":
            if raw.lower() not in _FLAGS:
                raise KnobError(f"{self.name}={raw!r}: not a switch; it takes on or off")
            return _FLAGS[raw.lower()]
        if self.kind == "number":
            try:
                value = float(raw)
            except ValueError:
                value = math.nan
            if not self.low <= value <= self.high:
                raise KnobError(
                    f"{self.name}={raw!r}: out of range; it takes a number from {self.low:g} to {self.high:g}"
                )
            return value
        return self._parse_text(raw)

    def _parse_text(self, raw: str) -> str:
        if len(raw) > MAX_TEXT:
            raise KnobError(f"{self.name}: {len(raw)} characters; it takes at most {MAX_TEXT}")
        if not raw.isprintable():
            raise KnobError(f"{self.name}={raw[:60]!r}: has a character that cannot be shown; it takes plain text")
        if self.pattern and not re.fullmatch(self.pattern, raw):
            raise KnobError(f"{self.name}={raw[:60]!r}: does not fit; it takes {self.takes}")
        return raw


_FLAGS = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can be broken on purpose while the lab runs; `targets` are ids of parts."""

    id: str
    about: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab as the catalogue lists it. `verdicts` maps ids to claims; `module` is imported to run it."""

    name: str
    title: str
    summary: str
    questions: tuple[str, ...]
    module: str
    verdicts: dict[str, str]
    knobs: tuple[Knob, ...] = ()
    faults: tuple[Fault, ...] = field(default=())

    def knob(self, name: str) -> Knob:
        """The knob of that name; raises KnobError with the names there are."""
        for knob in self.knobs:
            if knob.name == name:
                return knob
        names = ", ".join(knob.name for knob in self.knobs) or "none"
        raise KnobError(f"{name}: lab {self.name} has no such knob; it has {names}")
