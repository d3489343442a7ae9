"""A tape read as what passed through a balancer: which client was on which node, from when, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass

from labs.recording import Tape
from labs.scenarios.failover_steps import NODES
from labs.scenarios.reading import Exchange, exchanges
from labs.tape import FaultInjected, Metric, Note, Part
from labs.wire.handshake import switches, wants_upgrade

KEY = "Sec-WebSocket-Key"
CODE, WAIT, BOUND = "close code", "wait", "bound of the wait"  # metrics of a client


@dataclass(frozen=True, slots=True)
class Passage:
    """One opening handshake that a client made by way of the balancer. `inner` is the same one between balancer and
    node, known by its key; None where no node was asked."""

    outer: Exchange
    inner: Exchange | None

    @property
    def client(self) -> str:
        return self.outer.request.message.sender

    @property
    def node(self) -> str:
        """The node that was asked, or nothing."""
        return self.inner.request.message.receiver if self.inner else ""

    @property
    def opened(self) -> bool:
        """Whether the answer was 101."""
        return self.outer.answered is not None and switches(self.outer.answered)

    @property
    def line(self) -> int:
        return self.outer.request.lines[0]

    @property
    def t(self) -> float:
        """When the client asked."""
        return self.outer.request.message.t

    @property
    def lines(self) -> tuple[int, ...]:
        return self.outer.lines + (self.inner.lines if self.inner else ())


def roles(tape: Tape) -> dict[str, str]:
    """Part -> role."""
    return {event.id: event.role for _, event in tape.of(Part)}


def passages(tape: Tape, *, since: int = 0, step: str | None = None) -> list[Passage]:
    """The handshakes with the balancer from that line on, or on connections that began in that step, in order."""
    role = roles(tape)
    upgrades = [each for each in exchanges(tape) if wants_upgrade(each.asked)]
    inner = {each.asked.get(KEY): each for each in upgrades if role.get(each.request.message.receiver) == "node"}
    return [
        Passage(each, inner.get(each.asked.get(KEY)))
        for each in upgrades
        if role.get(each.request.message.receiver) == "balancer"
        and each.request.lines[0] > since
        and step in (None, each.request.step)
    ]


def nodes_of(tape: Tape) -> dict[str, str]:
    """Client -> the node of its latest handshake that was answered 101."""
    return {each.client: each.node for each in passages(tape) if each.opened}


def downs(tape: Tape, role: str, *, since: int = 0) -> list[tuple[int, Part]]:
    """Where parts of that role went down."""
    return [
        (line, event) for line, event in tape.of(Part) if line > since and event.role == role and event.state == "down"
    ]


def metrics(tape: Tape, name: str, *, since: int = 0) -> list[tuple[int, Metric]]:
    """The metrics of that name from that line on."""
    return [(line, event) for line, event in tape.of(Metric) if line > since and event.name == name]


def timeline(tape: Tape, since: int) -> list[str]:
    """Who noticed what, and when, from the event on that line on: one line of text each, seconds after it."""
    start = tape.line(since).t
    told: list[tuple[float, str]] = []
    for event in tape.events[since - 1 :]:
        if isinstance(event, FaultInjected):
            told.append((event.t, f"{event.target}: {event.id}"))
        elif isinstance(event, Part) and event.id in (*NODES, "balancer", "store"):
            told.append((event.t, f"{event.id} is {event.state}"))
        elif isinstance(event, Metric) and event.name == CODE:
            told.append((event.t, f"{event.part} sees {event.value:g}"))
        elif isinstance(event, Note) and event.text.startswith("balancer: "):
            told.append((event.t, event.text))
    for each in passages(tape, since=since):
        if each.opened and each.outer.response is not None:
            told.append((each.outer.response.message.t, f"{each.client} is on {each.node}"))
    return [f"+{t - start:.3f} s  {text}" for t, text in sorted(told)]
