"""What a lab screen knows: the state that follows from the lines of a tape read so far. No screen, no process.

The same model serves a live run and a tape that is played back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

from labs import tape
from labs.placement import Placement
from labs.recording import Tape, Traced
from labs.tables import is_cell
from labs.timeline import Timeline
from labs.wire.message import Message
from labs.wire.pairing import Pairing
from tutor.ui.part_states import Latest


@dataclass(frozen=True, slots=True)
class Row:
    """One message in the list: its number (1 = first); a pong also has its ping's number and the seconds since it. A
    `carrier` is a frame whose payload is the message of a layer above, which has the next row. `routine`: a balancer's
    health check, or a heart-beat that passes it, of which there are more than of anything else."""

    number: int
    message: Message
    ping: int | None = None
    round_trip: float | None = None
    carrier: bool = False
    routine: bool = False


@dataclass(slots=True)
class Prediction:
    """A question of the lab, what the learner answered and what was measured; each is None until then."""

    asked: tape.Predict
    value: object = None
    measured: object = None

    @property
    def held(self) -> bool | None:
        """Whether it came as predicted; None while one of the two is missing."""
        return None if self.value is None or self.measured is None else self.value == self.measured


@dataclass(slots=True)
class LabModel:
    """Everything shown, in the order in which it came."""

    record: Tape = field(default_factory=Tape)
    started: tape.LabStarted | None = None
    ended: tape.Ended | None = None
    predictions: dict[str, Prediction] = field(default_factory=dict)
    verdicts: dict[str, tape.Verdict] = field(default_factory=dict)
    metrics: dict[tuple[str, str], tape.Metric] = field(default_factory=dict)
    """The newest value by name and part"""
    rows: list[Row] = field(default_factory=list)
    story: list[tape.Event] = field(default_factory=list)
    """Steps, predictions, notes, cells of tables, verdicts, faults and refusals: what is read from top to bottom"""
    links: dict[tuple[str, str], int] = field(default_factory=dict)
    """Bytes from part to part, each counted at one end"""
    beside: dict[str, None] = field(default_factory=dict)
    """The parts that have exchanged bytes in this step past the balancer and the nodes behind it, in order"""
    steps: int = 0
    timeline: Timeline = field(default_factory=Timeline)
    """Who noticed what since the latest fault"""
    placement: Placement = field(default_factory=Placement)
    """Which client is on which node"""
    news: int = 0
    """Grows with everything that is told in words: story, answers, measurements, the end"""
    refusals: int = 0
    """Commands that the lab did not take"""
    plays: bool = False
    """Whether the steps are done and free play has begun: faults are the learner's until the end"""
    fault: tape.FaultInjected | None = None
    """What the learner has broken, until the lab is ready for the next"""
    _latest: Latest = field(default_factory=Latest)
    _gate: tape.Step | tape.Predict | None = None
    _pairing: Pairing = field(default_factory=Pairing)
    _ends: dict[tuple[str, str], str] = field(default_factory=dict)
    _row_of: dict[int, int] = field(default_factory=dict)
    _checks: set[str] = field(default_factory=set)  # the connections of health checks

    @property
    def parts(self) -> dict[str, tape.Part]:
        """By id, each with its state as it is shown"""
        return self._latest.parts

    # -- what the lab waits for

    @property
    def waiting(self) -> Prediction | None:
        """The prediction that the lab waits for, or None."""
        return self.predictions[self._gate.id] if isinstance(self._gate, tape.Predict) else None

    @property
    def paused(self) -> bool:
        """Whether the lab waits for `next`: it does after each step without a prediction, but for the first."""
        return isinstance(self._gate, tape.Step)

    @property
    def free(self) -> bool:
        """Whether the lab waits for a fault to play, or for `next`, which ends it."""
        return isinstance(self._gate, tape.Step) and self._gate.id == tape.FREE_PLAY

    def go_on(self) -> None:
        """`next` has been sent."""
        self._gate = None

    # -- what comes

    def add(self, event: tape.Event) -> list[Row]:
        """Take the next event; returns the messages that it completed."""
        rows = self._rows(self.record.add(event))
        self.timeline.add(event)
        self.placement.add(event)
        match event:
            case tape.Bytes():
                self._count(event)
            case tape.LabStarted():
                self.started = event
            case tape.Part():
                self._latest.add(event)
                self.news += not self.steps or self.fault is not None  # told while the lab starts, or is broken
            case tape.Metric():
                self.metrics[event.name, event.part or ""] = event
                if is_cell(event):
                    self._tell(event)
            case tape.Answer() | tape.Measured():
                self._settle(event)
            case tape.Ended():
                self.ended, self._gate, self.fault = event, None, None
                self.news += 1
                rows += self._rows(self.record.finish())
            case _:
                self._tell(event)
        return rows

    def _count(self, event: tape.Bytes) -> None:
        if self._ends.setdefault((event.conn, event.sender), event.at) == event.at:
            link = (event.sender, event.receiver)
            self.links[link] = self.links.get(link, 0) + len(event.hex) // 2
            if not self._at_balancer(*link) and not self.placement.involved.intersection(link):
                self.beside |= dict.fromkeys(link)

    def _settle(self, event: tape.Answer | tape.Measured) -> None:
        self.news += 1
        prediction = self.predictions.get(event.id)
        if prediction is None:
            return
        if isinstance(event, tape.Answer):
            prediction.value, self._gate = event.value, None
        else:
            prediction.measured = event.value

    def _tell(self, event: tape.Event) -> None:
        self.news += 1
        if isinstance(event, tape.FaultInjected):
            self._latest.broken(event)
        if isinstance(event, tape.Step) and event.id == tape.FREE_PLAY and self.plays:
            self._gate, self.fault = event, None  # the fault is over, and the text has been told
            return
        if isinstance(event, tape.FaultInjected) and self.fault and _same(event, self.fault):
            return  # what the learner has asked for, the lab does
        self.story.append(event)
        match event:
            case tape.Failure():
                self.refusals += 1
            case tape.Step():
                self.steps += 1
                self.beside = {}
                self._gate = event if self.steps > 1 else None
                self.plays = event.id == tape.FREE_PLAY
            case tape.Predict():
                self.predictions[event.id] = Prediction(event)
                self._gate = event
            case tape.Verdict():
                self.verdicts[event.id] = event
                self._gate = self._gate if self.free else None  # what came of a fault is judged while one plays on
            case tape.FaultInjected():
                self._gate = None
                self.fault = event if event.by == "learner" else self.fault

    def _rows(self, messages: list[Traced]) -> list[Row]:
        return [
            self._row(traced, above if above is not None and _lies_on(above, traced) else None)
            for traced, above in zip_longest(messages, messages[1:])
        ]

    def _row(self, traced: Traced, above: Traced | None) -> Row:
        number, message = len(self.rows) + 1, traced.message
        ping, round_trip = self._pairing.add(number, message) or (None, None)
        routine = self._is_routine(message if above is None else above.message)
        row = Row(number, message, ping, round_trip, above is not None, routine)
        self.rows.append(row)
        self.placement.take(traced.message)
        for line in traced.lines:
            known = self._row_of.get(line)
            if known is None or self.rows[known - 1].carrier:  # what is evidence is the message, not its envelope
                self._row_of[line] = number
        return row

    def _is_routine(self, message: Message) -> bool:
        if not self._at_balancer(message.sender, message.receiver):
            return False
        if message.proto == "http" and message.summary.startswith("GET /health"):
            self._checks.add(message.conn)
        return message.conn in self._checks or message.summary.startswith("heart-beat")

    def _at_balancer(self, *ids: str) -> bool:
        return any(id in self.parts and self.parts[id].role == "balancer" for id in ids)

    def rows_of(self, lines: list[int]) -> list[int]:
        """The numbers of the messages that these lines of the tape carried (several lines may carry one)."""
        return list(dict.fromkeys(self._row_of[line] for line in lines if line in self._row_of))


def _same(one: tape.FaultInjected, other: tape.FaultInjected) -> bool:
    return (one.id, one.target) == (other.id, other.target)


def _lies_on(above: Traced, below: Traced) -> bool:
    """Whether a message has no bytes of its own, and those of the frame before it."""
    return above.message.offset < 0 and below.message.frame is not None and above.message.conn == below.message.conn
