"""A tape read as what STOMP sessions did: who sent, who was subscribed, who got what, what was acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from labs.recording import Tape, Traced
from labs.tape import Part
from labs.wire.frames import CLOSE
from labs.wire.stomp import SUBPROTOCOLS, Frame, StompParser, Version

NEVER = 1 << 60  # a line beyond the end of any tape


@dataclass(frozen=True, slots=True)
class Seen:
    """A STOMP frame on the tape. `line` is that of its last byte, which other frames may share; `raw` are its bytes as
    its sender wrote them."""

    traced: Traced
    frame: Frame

    @property
    def line(self) -> int:
        return self.traced.lines[-1]

    @property
    def conn(self) -> str:
        return self.traced.message.conn

    @property
    def raw(self) -> bytes:
        return self.traced.message.raw

    @property
    def body(self) -> str:
        return self.frame.body.decode(errors="replace")

    def header(self, name: str) -> str:
        """Its value, or nothing."""
        return self.frame.get(name) or ""


@dataclass(slots=True)
class Session:
    """One connection: `part` is the client, `ends` the line after which nothing can reach it any more. A `stranger` is
    the learner's own client, which may do as it likes: it consumes, but what it sends bears on no claim."""

    conn: str
    part: str
    connect: Seen
    stranger: bool
    answer: Seen | None = None
    version: Version = "1.2"
    ends: int = NEVER
    closed_with: str = ""  # the close code that the broker sent
    seen: list[Seen] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.answer.header("session") if self.answer else ""

    @property
    def failed(self) -> bool:
        """Whether an ERROR ended it."""
        return any(seen.frame.command == "ERROR" for seen in self.seen)

    @property
    def user(self) -> str:
        return self.answer.header("user-name") if self.answer else ""


@dataclass(slots=True)
class Subscription:
    """`since` is the line on which the subscriber knew that it stands, `until` that of its end."""

    session: Session
    seen: Seen
    since: int = NEVER
    until: int = NEVER
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def destination(self) -> str:
        return self.seen.header("destination")

    @property
    def mode(self) -> str:
        return self.seen.header("ack") or "auto"

    def stands(self, line: int) -> bool:
        """Whether it surely does on that line."""
        return self.since < line < min(self.until, self.session.ends)


@dataclass(slots=True)
class Delivery:
    """A MESSAGE. `settled` is the line of the ACK that covers it, or None; `refused` that of its NACK."""

    seen: Seen
    subscription: Subscription
    settled: int | None = None
    refused: int | None = None

    @property
    def line(self) -> int:
        return self.seen.line

    @property
    def body(self) -> str:
        return self.seen.body

    @property
    def part(self) -> str:
        return self.subscription.session.part

    @property
    def redelivered(self) -> bool:
        return self.seen.header("redelivered") == "true"


@dataclass(slots=True)
class Sent:
    """A SEND. `effective` is the line on which its sender knew that it was carried out, NEVER where it did not."""

    session: Session
    seen: Seen
    effective: int = NEVER

    @property
    def destination(self) -> str:
        return self.seen.header("destination")

    @property
    def body(self) -> str:
        return self.seen.body

    @property
    def transaction(self) -> str:
        return self.seen.header("transaction")


_LATEST: WeakKeyDictionary[Tape, tuple[int, Reading]] = WeakKeyDictionary()


def reading_of(tape: Tape) -> Reading:
    """The tape read as it is now; once for all verdicts that are judged together."""
    count, reading = _LATEST.get(tape, (-1, None))
    if reading is None or count != len(tape.events):
        reading = Reading(tape)
        _LATEST[tape] = len(tape.events), reading
    return reading


class Reading:
    """Everything that STOMP did on a tape, in order."""

    def __init__(self, tape: Tape) -> None:
        self.sessions: dict[str, Session] = {}
        self.subscriptions: list[Subscription] = []
        self.sent: list[Sent] = []
        self.deliveries: list[Delivery] = []
        self.ended: dict[tuple[str, str], Seen] = {}  # connection, transaction -> its COMMIT or ABORT
        self._unconfirmed: dict[str, list[Sent | Subscription]] = {}
        self._parsers: dict[str, StompParser] = {}
        self._parts = {event.id for _, event in tape.of(Part)}
        for traced in tape.messages():
            if traced.message.proto == "stomp":
                self._add(traced)
            elif traced.message.frame is not None and traced.message.frame.opcode == CLOSE:
                self._closed(traced)
        for line, event in tape.of(Part):
            if event.state == "down":
                self._lost(event.id, line)

    def to(self, prefix: str) -> Iterator[Sent]:
        """The SENDs to destinations that begin so."""
        return (sent for sent in self.sent if sent.destination.startswith(prefix))

    def next_lost(self, part: str, line: int) -> Session | None:
        """The session of this part that was the first to come to its end after that line."""
        return next((each for each in self.sessions.values() if each.part == part and line < each.ends < NEVER), None)

    def got(self, sent: Sent) -> list[Delivery]:
        """The MESSAGEs of a SEND, which are those of its destination and body: a lab sends no body twice there."""
        return [
            each
            for each in self.deliveries
            if each.body == sent.body and each.seen.header("destination") == sent.destination
        ]

    def _add(self, traced: Traced) -> None:
        message = traced.message
        parser = self._parsers.setdefault(message.conn, StompParser())
        # A frame of the layer below is whole, so that each can be read by itself.
        events = StompParser(parser.version).receive(message.raw)
        if len(events) != 1 or not isinstance(events[0], Frame):
            return
        seen = Seen(traced, events[0])
        if seen.frame.command in ("CONNECT", "STOMP"):
            stranger = message.sender not in self._parts
            self.sessions[seen.conn] = Session(seen.conn, message.sender, seen, stranger)
        session = self.sessions.get(seen.conn)
        if session is None:
            return
        session.seen.append(seen)
        if message.sender == session.part:
            self._from_client(session, seen)
        else:
            self._from_server(session, seen)
        parser.version = session.version

    def _from_client(self, session: Session, seen: Seen) -> None:
        match seen.frame.command:
            case "SUBSCRIBE":
                subscription = Subscription(session, seen)
                self.subscriptions.append(subscription)
                self._unconfirmed.setdefault(seen.conn, []).append(subscription)
            case "UNSUBSCRIBE":
                if (found := self._subscription(session, seen.header("id"))) is not None:
                    found.until = seen.line
            case "SEND" if not session.stranger:
                sent = Sent(session, seen)
                self.sent.append(sent)
                self._unconfirmed.setdefault(seen.conn, []).append(sent)
            case "ACK" | "NACK":
                self._settle(session, seen)
            case "COMMIT" | "ABORT":
                self.ended[seen.conn, seen.header("transaction")] = seen
            case "DISCONNECT":
                session.ends = min(session.ends, seen.line)

    def _from_server(self, session: Session, seen: Seen) -> None:
        match seen.frame.command:
            case "CONNECTED" | "ERROR":
                session.answer = session.answer or seen
                stated = seen.header("version") or "1.0"
                if seen.frame.command == "CONNECTED":
                    session.version = next((each for each in SUBPROTOCOLS.values() if each == stated), "1.2")
                else:
                    session.ends = min(session.ends, seen.line)
            case "RECEIPT":
                self._confirm(session, seen, seen.header("receipt-id"))
            case "MESSAGE":
                found = self._subscription(session, seen.header("subscription"))
                if found is not None:
                    delivery = Delivery(seen, found)
                    found.deliveries.append(delivery)
                    self.deliveries.append(delivery)
                    if found.destination.startswith("/app/"):
                        self._answered(session, found, seen.line)

    def _confirm(self, session: Session, seen: Seen, receipt: str) -> None:
        for each in self._unconfirmed.get(session.conn, ()):
            if each.seen.header("receipt") == receipt:
                _stands(each, seen.line)

    def _answered(self, session: Session, request: Subscription, line: int) -> None:
        """A session's frames are carried out in order: what was before an answered request has been."""
        waiting = self._unconfirmed.get(session.conn, [])
        for each in waiting[: waiting.index(request) + 1 if request in waiting else 0]:
            _stands(each, line)

    def _subscription(self, session: Session, id: str) -> Subscription | None:
        return next(
            (each for each in reversed(self.subscriptions) if each.session is session and each.seen.header("id") == id),
            None,
        )

    def _settle(self, session: Session, seen: Seen) -> None:
        by, key = ("ack", seen.header("id")) if session.version == "1.2" else ("message-id", seen.header("message-id"))
        mine = [each for each in self.deliveries if each.subscription.session is session]
        named = next((each for each in mine if key and each.seen.header(by) == key), None)
        if named is None:
            return
        to_it = named.subscription.deliveries
        to_it = to_it[: to_it.index(named) + 1]  # not by their lines: one read may carry several
        for each in to_it if named.subscription.mode == "client" else [named]:
            if each.settled is None and each.refused is None:
                if seen.frame.command == "ACK":
                    each.settled = seen.line
                else:
                    each.refused = seen.line

    def _closed(self, traced: Traced) -> None:
        session, frame = self.sessions.get(traced.message.conn), traced.message.frame
        if session is not None and frame is not None and traced.message.sender != session.part:
            session.closed_with = str(int.from_bytes(frame.payload[:2], "big")) if len(frame.payload) > 1 else "1005"
            session.ends = min(session.ends, traced.lines[-1])

    def _lost(self, part: str, line: int) -> None:
        for session in self.sessions.values():
            if session.part == part and session.connect.line < line:
                session.ends = min(session.ends, line)


def _stands(each: Sent | Subscription, line: int) -> None:
    if isinstance(each, Sent):
        each.effective = min(each.effective, line)
    else:
        each.since = min(each.since, line)


def lines(*seen: Seen | Sent | Delivery | Subscription | None) -> tuple[int, ...]:
    """The lines of the tape that carried these."""
    found: set[int] = set()
    for each in seen:
        frame = each if isinstance(each, Seen) or each is None else each.seen
        found.update(frame.traced.lines if frame is not None else ())
    return tuple(sorted(found))


def by_part(deliveries: Iterable[Delivery]) -> str:
    """`worker-1 5, worker-2 5`."""
    counts: dict[str, int] = {}
    for each in deliveries:
        counts[each.part] = counts.get(each.part, 0) + 1
    return ", ".join(f"{part} {count}" for part, count in sorted(counts.items())) or "nobody"
