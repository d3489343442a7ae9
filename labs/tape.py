"""The tape: what a lab writes, one JSON object a line, and everything else is drawn from.

The format's names are a contract: lines written by one version are read by the next (`SCHEMA`).
A whole tape in memory, with the messages on it, is in recording.py.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import BinaryIO, ClassVar, NoReturn

from labs.tape_fields import FieldRule, rules_of

SCHEMA = 1
FREE_PLAY = "free-play"  # the id of steps in which the learner plays faults, as long as they like
# The `error` of a run that somebody ended before its end: nothing went wrong.
STOPPED, LEFT, INTERRUPTED = (
    "stopped by the learner", "its commands ended before the lab did; --auto runs it without any", "interrupted"
)  # fmt: skip
MAX_LINE = 32 * 1024 * 1024  # characters; a longer line is refused, not buffered

# Attribute names where the tape's own name is a Python keyword.
_RENAMED = {"sender": "from", "receiver": "to"}


class TapeError(ValueError):
    """A line that is not of the tape's format; the text says where, what is wrong and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line. `t` is in seconds since the lab began, monotonic."""

    kind: ClassVar[str]
    t: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStarted(Event):
    """The first line. `started` is the wall clock (ISO 8601, UTC) at t = 0, `host` a few words on the machine."""

    kind = "lab"
    name: str
    title: str
    questions: list[str]
    knobs: dict[str, object]
    version: str
    started: str
    host: dict[str, str]
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Event):
    """A process or peer and its state. role: client, server, node, balancer, store, proxy, attacker, observer;
    state: up, down, frozen, draining."""

    kind = "part"
    id: str
    role: str
    state: str
    pid: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Event):
    kind = "step"
    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Predict(Event):
    """A question before the result; the lab waits for an `answer` command. form: choice, number, order, bytes."""

    kind = "predict"
    id: str
    ask: str
    form: str
    options: list[str]
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Event):
    """What the learner predicted, as the lab took it; absent in a run with --auto."""

    kind = "answer"
    id: str
    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Event):
    """What came of a prediction: `value` has the form of an answer to it and was read off this tape."""

    kind = "measured"
    id: str
    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes(Event):
    """Exactly what one read or write on a socket carried.

    `sender` and `receiver` (`from`, `to`) are ids of parts, `src` and `dst` are `ip:port`, `at` is the part whose end
    recorded it, `hex` the bytes.
    """

    kind = "bytes"
    conn: str
    sender: str
    receiver: str
    src: str
    dst: str
    at: str
    hex: str

    @property
    def data(self) -> bytes:
        return bytes.fromhex(self.hex)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    kind = "note"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Event):
    kind = "metric"
    name: str
    value: float
    unit: str
    part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    """Something was broken on purpose; `by` is `lab` or `learner`."""

    kind = "fault"
    id: str
    target: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Event):
    """A claim and whether the tape bears it out. `evidence` are the line numbers (1 = first) that it was computed
    from."""

    kind = "verdict"
    id: str
    claim: str
    ok: bool
    expected: str
    observed: str
    evidence: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Event):
    """A command that was refused: unknown, or with a bad value. Nothing was changed."""

    kind = "error"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The last line. `ok`: the set-up worked and every verdict held; `error` says what failed, or is null."""

    kind = "end"
    ok: bool
    verdicts: int
    seconds: float
    error: str | None = None


KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        LabStarted, Part, Step, Predict, Answer, Measured, Bytes, Note, Metric, FaultInjected, Verdict, Failure, Ended,
    )
}  # fmt: skip


def to_line(event: Event) -> str:
    """The event as one line of JSON, without the newline."""
    out: dict[str, object] = {"t": round(event.t, 6), "kind": event.kind}
    for item in fields(event):
        if item.name != "t":
            out[_RENAMED.get(item.name, item.name)] = getattr(event, item.name)
    return json.dumps(out, ensure_ascii=False, separators=(",", ":"))


def from_line(line: str, place: str = "tape") -> Event:
    """The event that one line holds; raises TapeError, whose text begins with `place`.

    Fields that this version does not know are passed over: a later version may have added them.
    """
    try:
        raw = json.loads(line, parse_constant=_refuse_constant)
        if "\\ud" in line.lower():  # half a surrogate pair is a character that no terminal and no file takes
            json.dumps(raw, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = f"column {error.colno}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise TapeError(f"{place}: not JSON ({reason}); a line of a tape is one JSON object") from error
    if not isinstance(raw, dict):
        raise TapeError(f"{place}: {_shown(raw)} is not an object; a line of a tape is one JSON object")
    kind = raw.get("kind")
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise TapeError(f"{place}: kind {_shown(kind)} is unknown; there are {', '.join(KINDS)}")
    values: dict[str, object] = {}
    for rule in _rules(cls.kind):
        if rule.name not in raw:
            if rule.required:
                raise TapeError(f"{place}: {kind} has no {rule.name}; it takes {rule.takes}")
            continue
        value = raw[rule.name]
        if not rule.fits(value):
            raise TapeError(f"{place}: {kind}.{rule.name} is {_shown(value)}; it takes {rule.takes}")
        values[rule.attribute] = value
    event = cls(**values)  # type: ignore[arg-type]
    if isinstance(event, LabStarted) and event.schema > SCHEMA:
        raise TapeError(f"{place}: schema {event.schema} is of a later version; this one reads up to {SCHEMA}")
    return event


@cache
def _rules(kind: str) -> tuple[FieldRule, ...]:
    return rules_of(KINDS[kind], _RENAMED)


def read_events(stream: BinaryIO, name: str) -> Iterator[tuple[int, Event]]:
    """The events of a tape with their line numbers (1 = first), one by one; raises TapeError (`name:line: ...`)."""
    for number in itertools.count(1):
        line = stream.readline(MAX_LINE + 1)
        if not line and number > 1:
            return
        place = f"{name}:{number}"
        if len(line) > MAX_LINE:
            raise TapeError(f"{place}: longer than {MAX_LINE} bytes; no line of a tape is")
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise TapeError(f"{place}: byte {error.start + 1} is not UTF-8; a tape is UTF-8") from error
        if number == 1 and not text.strip():
            raise TapeError(f"{place}: empty; a tape begins with a line of kind lab")
        event = from_line(text, place)
        if number == 1 and not isinstance(event, LabStarted):
            raise TapeError(f"{place}: kind {event.kind}; a tape begins with a line of kind lab")
        yield number, event


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _shown(value: object) -> str:
    return json.dumps(value)[:80]
