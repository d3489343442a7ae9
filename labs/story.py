"""A tape as a story in plain text: steps, messages as they pass, predictions, verdicts. For `lab run` and `tape play`.

Drawn from the events alone, so a run and its recording tell the same. Lines fit the width; nothing in them controls a
terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import zip_longest

from labs import tape
from labs.recording import Tape, Traced
from labs.tables import drawn, tables
from labs.wire.frames import read_header
from labs.wire.http_head import parse_head
from labs.wire.message import Message

WIDTH = 80
MARGIN = "  "
SHOWN_BYTES = 24  # of a frame
SHOWN_HEADERS = 20


class Story:
    """Feed it the events of a tape in order; it gives the lines to print."""

    def __init__(self, *, width: int = WIDTH, recorded: bool = False) -> None:
        self._width = max(40, width)
        self._recorded = recorded
        self._tape = Tape()
        self._carrier: Message | None = None  # the frame whose payload is the message told next
        self._steps = 0
        self._answers: dict[str, object] = {}
        self._asked: dict[str, tape.Predict] = {}
        self._down: list[str] = []  # told when something else follows: at the end of a lab every part goes down
        self._verdicts: dict[str, tape.Verdict] = {}  # by id, the latest: a claim may be judged again

    def tell(self, event: tape.Event) -> list[str]:
        """The lines that this event adds; none for what a reader does not need."""
        messages = self._tape.add(event)
        lines: list[str] = []
        for traced, above in zip_longest(messages, messages[1:]):
            if above is not None and above.message.offset < 0:  # of the layer above: that is told, with its frame
                self._carrier = traced.message if traced.message.frame else self._carrier
            else:
                lines += self._message(traced)
        if isinstance(event, tape.Part) and event.state == "down":
            self._down.append(event.id)
            return lines
        before = [] if isinstance(event, tape.Ended) else self._gone()
        return lines + before + list(self._event(event))

    def _gone(self) -> list[str]:
        lines = [line for id in self._down for line in self._wrap(f"{id} is down", MARGIN)]
        self._down.clear()
        return lines

    def _event(self, event: tape.Event) -> Iterator[str]:  # noqa: PLR0912 - one branch a kind
        match event:
            case tape.LabStarted():
                yield from self._opening(event)
            case tape.Step():
                self._steps += 1
                yield ""
                yield from self._wrap(f"{self._steps}. {event.title}", "", "   ")
                yield from self._wrap(event.text, "   ")
            case tape.Part(state="up"):
                where = f" on {event.address}" if event.address else ""
                process = f", process {event.pid}" if event.pid else ""
                yield from self._wrap(f"{event.id} ({event.role}) is up{where}{process}", MARGIN)
            case tape.Part(state=state):
                yield from self._wrap(f"{event.id} is {state}", MARGIN)
            case tape.Predict():
                yield from self._ask(event)
            case tape.Answer():
                self._answers[event.id] = event.value
            case tape.Measured():
                yield from self._measured(event)
            case tape.Note():
                yield from self._wrap(event.text, f"{MARGIN}· ")
            case tape.Metric():
                part = f" ({event.part})" if event.part else ""
                yield from self._wrap(f"{event.name}{part}: {event.value:g} {event.unit}".rstrip(), f"{MARGIN}· ")
            case tape.FaultInjected():
                yield from self._wrap(f"fault: {event.id} of {event.target}, by the {event.by}", f"{MARGIN}! ")
            case tape.Verdict():
                yield from self._verdict(event)
            case tape.Failure():
                yield from self._wrap(event.text, f"{MARGIN}! ")
            case tape.Ended():
                yield from self._closing(event)

    def _opening(self, event: tape.LabStarted) -> Iterator[str]:
        label = "RECORDED: " if self._recorded else ""
        yield from self._wrap(f"{label}{event.title} ({', '.join(event.questions)})", "")
        knobs = ", ".join(f"{name}={_knob(value)}" for name, value in event.knobs.items())
        yield from self._wrap(f"lab {event.name}, ws-tutor {event.version}, {event.started}", MARGIN)
        yield from self._wrap(", ".join(f"{name} {value}" for name, value in event.host.items()), MARGIN)
        yield from self._wrap(f"knobs: {knobs}", MARGIN)

    def _ask(self, event: tape.Predict) -> Iterator[str]:
        self._asked[event.id] = event
        yield from self._wrap(event.ask, "   ? ")
        for number, option in enumerate(event.options, 1):
            yield from self._wrap(option, f"     {number}) ")

    def _measured(self, event: tape.Measured) -> Iterator[str]:
        asked = self._asked.get(event.id)
        unit = f" {asked.unit}" if asked and asked.unit else ""
        if event.id not in self._answers:
            yield from self._wrap(f"measured: {_value(event.value)}{unit}", "   = ")
            return
        answer = self._answers[event.id]
        mark = "as predicted" if answer == event.value else f"predicted: {_value(answer)}{unit}"
        yield from self._wrap(f"measured: {_value(event.value)}{unit}; {mark}", "   = ")

    def _verdict(self, event: tape.Verdict) -> Iterator[str]:
        self._verdicts[event.id] = event
        yield from self._wrap(event.claim, "  ✓ holds: " if event.ok else "  ✗ does not hold: ", "      ")
        yield from self._wrap(f"expected: {event.expected}", "      ")
        yield from self._wrap(f"observed: {event.observed}", "      ")

    def _closing(self, event: tape.Ended) -> Iterator[str]:
        for table in tables(metric for _, metric in self._tape.of(tape.Metric)):
            yield ""
            title, rows = drawn(table, self._width)
            yield from (self._cut(line.rstrip()) for line in (title, *rows))
        held = sum(verdict.ok for verdict in self._verdicts.values())
        yield ""
        seen = "verdicts" if event.error is None else "verdicts that were reached"
        yield from self._wrap(f"{held} of {event.verdicts} {seen} held, {event.seconds:.1f} s.", "")
        for verdict in self._verdicts.values():
            if not verdict.ok:
                yield from self._wrap(f"{verdict.id}: {verdict.observed}", "  ✗ ")
        if event.error:
            yield from self._wrap(event.error, "  ! not run to its end: ", "      ")

    def _message(self, traced: Traced) -> Iterator[str]:
        message = traced.message
        carrier, self._carrier = self._carrier, None
        yield from self._wrap(
            f"{message.t:8.3f}  {message.conn}  {message.sender} → {message.receiver}  {message.summary}",
            MARGIN,
            " " * 14,
        )
        if message.proto == "http":
            for name, value in parse_head(message.raw).headers[:SHOWN_HEADERS]:
                yield self._cut(f"{' ' * 14}{name}: {value}")
        for frame in (message, carrier):
            if frame is not None and frame.frame is not None:
                yield self._cut(f"{' ' * 14}{_hex(frame.raw)}")
        if message.proto == "stomp":
            for line in _head_lines(message.raw)[:SHOWN_HEADERS]:
                yield self._cut(f"{' ' * 14}{line}")
        if message.problem:
            yield from self._wrap(message.problem, f"{' ' * 14}! ")

    def _wrap(self, text: str, first: str, rest: str | None = None) -> list[str]:
        indent = " " * len(first) if rest is None else rest
        wrapped = textwrap.wrap(_clean(text), self._width, initial_indent=first, subsequent_indent=indent)
        return wrapped or [first.rstrip()]

    def _cut(self, text: str) -> str:
        text = _clean(text)
        return text if len(text) <= self._width else text[: self._width - 1] + "…"


def _hex(raw: bytes) -> str:
    """A frame's header, and how its payload begins."""
    header = read_header(raw)
    size = header.size if header else 0
    head, payload = raw[:size], raw[size:]
    shown = payload[: max(0, SHOWN_BYTES - size)]
    more = " …" if len(payload) > len(shown) else ""
    return f"{head.hex(' ')} | {shown.hex(' ')}{more}".rstrip(" |")


def _head_lines(raw: bytes) -> list[str]:
    """The header lines of a STOMP frame as they were written, without the command, which the summary names."""
    return raw.partition(b"\n\n")[0].decode("utf-8", "replace").splitlines()[1:]


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def _knob(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(value: object) -> str:
    return ", then ".join(map(str, value)) if isinstance(value, list) else str(value)
