"""What a lab screen knows: the state that follows from the lines of a tape read so far. No screen, no process.

The same model serves a live run and a tape that is played back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labs import tape
from labs.wire.dissect import Dissector
from labs.wire.message import Message

PING, PONG = 0x9, 0xA


@dataclass(frozen=True, slots=True)
class Row:
    """One message in the list: its number (1 = first); a pong also has its ping's number and the seconds since it."""

    number: int
    message: Message
    ping: int | None = None
    round_trip: float | None = None


@dataclass(slots=True)
class Prediction:
    """A question of the lab and what the learner answered; the value is None until then."""

    asked: tape.Predict
    value: object = None

    @property
    def open(self) -> bool:
        return self.value is None


@dataclass(slots=True)
class LabModel:
    """Everything shown, in the order in which it came."""

    started: tape.LabStarted | None = None
    ended: tape.Ended | None = None
    steps: list[tape.Step] = field(default_factory=list)
    parts: dict[str, tape.Part] = field(default_factory=dict)
    predictions: list[Prediction] = field(default_factory=list)
    verdicts: dict[str, tape.Verdict] = field(default_factory=dict)
    metrics: list[tape.Metric] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    # Steps, notes, predictions, verdicts and faults in order: the column that is read from top to bottom.
    story: list[tape.Event] = field(default_factory=list)
    links: dict[tuple[str, str], int] = field(default_factory=dict)
    _dissector: Dissector = field(default_factory=Dissector)
    _pings: dict[tuple[str, str, bytes], Row] = field(default_factory=dict)

    @property
    def waiting(self) -> Prediction | None:
        """The prediction that the lab waits for, or None."""
        return next((prediction for prediction in self.predictions if prediction.open), None)

    def add(self, event: tape.Event) -> list[Row]:
        """Take the next event; returns the messages that it completed."""
        match event:
            case tape.Bytes():
                return self._add_bytes(event)
            case tape.LabStarted():
                self.started = event
            case tape.Ended():
                self.ended = event
                return [self._row(message) for message in self._dissector.finish()]
            case tape.Part():
                self.parts[event.id] = event
            case tape.Metric():
                self.metrics.append(event)
            case tape.Answer():
                self._answer(event)
            case tape.Predict():
                self.predictions.append(Prediction(event))
                self.story.append(event)
            case tape.Verdict():
                self.verdicts[event.id] = event
                self.story.append(event)
            case tape.Step():
                self.steps.append(event)
                self.story.append(event)
            case _:
                self.story.append(event)
        return []

    def _answer(self, event: tape.Answer) -> None:
        for prediction in self.predictions:
            if prediction.asked.id == event.id:
                prediction.value = event.value

    def _add_bytes(self, event: tape.Bytes) -> list[Row]:
        link = (event.sender, event.receiver)
        self.links[link] = self.links.get(link, 0) + len(event.hex) // 2
        messages = self._dissector.feed(event.t, event.conn, event.sender, event.receiver, event.at, event.data)
        return [self._row(message) for message in messages]

    def _row(self, message: Message) -> Row:
        number = len(self.rows) + 1
        row = Row(number, message)
        frame = message.frame
        if frame is not None and frame.opcode == PING:
            self._pings[message.conn, message.sender, frame.payload] = row
        elif frame is not None and frame.opcode == PONG:
            ping = self._pings.pop((message.conn, message.receiver, frame.payload), None)
            if ping is not None:
                row = Row(number, message, ping.number, message.t - ping.message.t)
        self.rows.append(row)
        return row
