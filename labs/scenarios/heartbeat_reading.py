"""What the verdicts of the heart-beat lab read off a tape: the row of the matrix that was measured last, and the
connections that measured it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from labs.recording import Tape
from labs.scenarios import heartbeat_steps as steps
from labs.scenarios.reading import SeenFrame, frames
from labs.tables import cell
from labs.tape import FaultInjected, Metric, Part
from labs.wire.frames import PING, PONG, TEXT
from labs.wire.http_head import parse_head


def request_path(row: str, detector: str) -> str:
    """The target of the request that opens a detector's connection, by which the tape knows it."""
    return f"/{quote(row)}/{quote(detector)}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix: whether the detector noticed, after how many seconds of the fault's, and its line."""

    noticed: bool
    seconds: float
    line: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a detector asked after the fault, and what came back: frames in order."""

    asked: list[SeenFrame]
    answered: list[SeenFrame]

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the tape that carried them."""
        return tuple(line for each in (*self.asked, *self.answered) for line in each.traced.lines)


class Row:
    """One row of the matrix, as it was measured after the latest such fault."""

    def __init__(self, tape: Tape, row: str, fault: str) -> None:
        self._tape = tape
        self._row = row
        found = [(line, event) for line, event in tape.of(FaultInjected) if event.id == fault and event.by == "lab"]
        self.line = found[-1][0] if found else len(tape.events) + 1
        self._fault = found[-1][1] if found else None
        names = [(name, row) for name in steps.DETECTORS]
        names += [(steps.KEEPALIVE, strained) for strained in (steps.IN_FLIGHT, steps.USER_TIMED)]
        seen = {(name, of): self._cell(name, of) for name, of in names}
        self.cells = {name: each for (name, of), each in seen.items() if each is not None and of == row}
        self.strained = {of: each for (_, of), each in seen.items() if each is not None and of != row}

    @property
    def began(self) -> float:
        """When the fault was there; infinite without one."""
        return self._fault.t if self._fault is not None else float("inf")

    @property
    def noticed_by(self) -> str | None:
        """Who of the three noticed, as the prediction words it; None while one of them has not been measured."""
        if not set(steps.DETECTORS) <= set(self.cells):
            return None
        return steps.who(frozenset(name for name in steps.DETECTORS if self.cells[name].noticed))

    def value(self, title: str, detector: str, row: str = "") -> tuple[int, float] | None:
        """Line and value of another measurement of this row, or of `row`, or None."""
        found = self._metric(title, detector, row or self._row)
        return (found[0], found[1].value) if found is not None else None

    def after(self, detector: str) -> Asked:
        """What passed on the detector's connection after the fault, what had no answer then included."""
        seen = frames(self._tape, conn=self._conn(detector))
        asks = [each for each in seen if each.sender == "client" and each.frame.opcode in (PING, TEXT)]
        answers = [each for each in seen if each.sender != "client" and each.frame.opcode in (PONG, TEXT)]
        early = [each for each in answers if each.traced.message.t <= self.began]
        return Asked(asks[len(early) :], answers[len(early) :])

    def state(self, part: str) -> tuple[int, str]:
        """Line and state of a part when the fault came."""
        found = [(line, event.state) for line, event in self._tape.of(Part) if event.id == part and line < self.line]
        return found[-1] if found else (self.line, "unknown")

    def _cell(self, detector: str, row: str) -> Cell | None:
        found = self._metric(steps.TITLE_DETECT, detector, row)
        if found is None:
            return None
        line, metric = found
        return Cell(metric.unit == steps.SECONDS, metric.t - self.began, line)

    def _metric(self, title: str, detector: str, row: str) -> tuple[int, Metric] | None:
        name = cell(title, row, detector)
        late = ((line, each) for line, each in self._tape.of(Metric) if line > self.line)
        return next(((line, each) for line, each in late if each.name == name), None)

    def _conn(self, detector: str) -> str:
        """The latest connection of that detector from before the fault."""
        path = request_path(self._row, detector)
        found = opened(self._tape, path, before=self.began)
        return found[-1] if found else ""


def opened(tape: Tape, path: str, *, sender: str = "client", before: float = float("inf")) -> list[str]:
    """The connections of `sender` whose request is for `path`, in order."""
    found = []
    for conn in tape.conns():
        first = next((traced.message for traced in tape.messages(conn=conn) if traced.message.proto == "http"), None)
        if first is not None and first.sender == sender and first.t < before and parse_head(first.raw).target == path:
            found.append(conn)
    return found
