"""The tape: what a lab writes, one JSON object a line, and everything else is drawn from.

The format's names are a contract: lines written by one version are read by the next (`SCHEMA`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, get_type_hints

SCHEMA = 1
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
class Bytes(Event):
    """Exactly what one read or write on a socket carried. `sender` and `receiver` (`from`, `to`) are ids of parts, `src`
    and `dst` are `ip:port`, `at` is the part whose end recorded it, `hex` the bytes."""

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
    """A claim and whether the tape bears it out. `evidence` are the line numbers (1 = first) of the tape that it was computed from."""

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
        LabStarted, Part, Step, Predict, Answer, Bytes, Note, Metric, FaultInjected, Verdict, Failure, Ended,
    )
}  # fmt: skip


def to_line(event: Event) -> str:
    """The event as one line of JSON, without the newline."""
    out: dict[str, object] = {"t": round(event.t, 6), "kind": event.kind}
    for item in fields(event):
        if item.name != "t":
            out[_RENAMED.get(item.name, item.name)] = getattr(event, item.name)
    return json.dumps(out, ensure_ascii=False, separators=(",", ":"))
