"""A tape read as what passed through a balancer: which client was on which node, from when, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass

from labs.recording import Tape
from labs.scenarios.reading import Exchange, exchanges
from labs.tables import cell
from labs.tape import Metric, Part
from labs.timeline import AGAIN, Timeline
from labs.wire.handshake import switches, wants_upgrade

KEY = "Sec-WebSocket-Key"
CLIENTS = "clients that come back"  # the table of these columns
WAIT, BOUND = "waits", "bound"


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


def metrics(tape: Tape, name: str, *, since: int = 0) -> list[tuple[int, Metric]]:
    """The metrics of that name, or of that column of the clients' table, from that line on."""
    return [
        (line, event)
        for line, event in tape.of(Metric)
        if line > since and event.name in (name, cell(CLIENTS, event.part or "", name))
    ]


def timeline(tape: Tape) -> list[str]:
    """Who noticed the latest fault, and when: one line of text each, in seconds after it."""
    noticed = Timeline()
    for event in tape.events:
        noticed.add(event)
    start = noticed.entries[0].t if noticed.entries else 0.0
    told = [(each.t, f"{each.part} {each.text}") for each in noticed.entries if each.text != AGAIN]
    for each in passages(tape):
        if each.opened and each.outer.response is not None and each.t > start:
            told.append((each.outer.response.message.t, f"{each.client} is on {each.node}"))
    return [f"+{t - start:.3f} s  {text}" for t, text in sorted(told)]
