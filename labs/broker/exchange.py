"""Publishing: from a destination's name to the topic, queue, handler or user behind it. A SEND is resolved first, which
may fail, and published then, which does not, so that a transaction is carried out whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from labs.broker.config import POLICY, BrokerConfig
from labs.broker.counters import Counters
from labs.broker.destinations import KNOWN, Access, Kind, check, kind_of, split_user, translated
from labs.broker.handlers import Handler, Reply, Request, user_destination
from labs.broker.ledger import Ledger
from labs.broker.message import Message, passed_on
from labs.broker.outbound import Outbound
from labs.broker.queues import Queues
from labs.broker.session import Session
from labs.broker.shared_queues import SharedQueues
from labs.broker.topics import Topics
from labs.broker.users import Users
from labs.broker.violation import Violation, shown
from labs.rules.idempotency import SeenKeys
from labs.wire.stomp import Frame, Headers

INTERNAL_ERROR = 1011
_LOGGER = logging.getLogger(__name__)


def _spring_kind(destination: str) -> Kind:
    """For Spring's simple broker /queue is only a prefix."""
    kind = kind_of(destination)
    return Kind.TOPIC if kind is Kind.QUEUE else kind


class Parcel(NamedTuple):
    """What is to be published, its destination known to be good. `sender`: the session, for a user's own queue."""

    destination: str
    headers: Headers
    body: bytes
    sender: str = ""


class Exchange:
    """Everything that a message can go to."""

    def __init__(self, config: BrokerConfig, outbound: Outbound, counters: Counters, now: float) -> None:
        self._config = config
        self._outbound = outbound
        self._counters = counters
        self._started = now
        self._count = 0
        self.access = Access(config.rules)
        self.ledger = Ledger(config.node, config.limits.unacknowledged_bytes, outbound, counters)
        self.topics = Topics(config, self.access, outbound, self.ledger)
        parts = (config, self.access, outbound, self.ledger, counters)
        self.queues: Queues = SharedQueues(*parts, now=now) if config.relayed else Queues(*parts)
        self.users = Users(self.ledger)
        limits = config.limits
        self._sent = SeenKeys(limits.idempotency_keys, limits.idempotency_stored, limits.idempotency_seconds)
        self.spring = config.semantics == "spring"
        self.kind: Callable[[str], Kind] = _spring_kind if self.spring else kind_of
        # Who sends somewhere does so again: what was found good needs no second look.
        self._check_destination = lru_cache(maxsize=1024)(self._check_new_destination)

    def check_send(self, session: Session, frame: Frame) -> None:
        """Raises Violation when the session may not SEND there, now or in a transaction."""
        destination = frame.get("destination") or ""
        self._check_destination(destination, session.user)
        if self.spring:
            return
        if len(frame.get("idempotency-key") or "") > self._config.limits.idempotency_key:
            raise Violation(
                f"SEND: an idempotency-key has at most {self._config.limits.idempotency_key} letters", POLICY
            )
        if (owned := translated(destination)) and owned[1] != session.id and self.users.is_here(owned[1]):
            text = f"SEND: destination {shown(destination)} is another session's; it is /user/NAME/queue/…"
            raise Violation(text, POLICY)

    def _check_new_destination(self, destination: str, user: str | None) -> None:
        check("SEND", destination, self._config.limits)
        self.access.demand("SEND", destination, user)
        kind = self.kind(destination)
        if self.spring:
            return
        if kind is Kind.NONE:
            raise Violation(f"SEND: destination {shown(destination)} leads nowhere; {KNOWN}")
        if kind is Kind.APP and destination not in self._config.handlers:
            known = ", ".join(sorted(self._config.handlers)) or "none"
            raise Violation(f"SEND: destination {shown(destination)} has no handler; there are {known}")
        if kind is Kind.USER:
            split_user(destination, "SEND")

    def resolve(self, session: Session, frame: Frame, now: float) -> list[Parcel]:
        """What a SEND that passed check_send() comes to: itself, or what its handler replies."""
        destination = frame.get("destination") or ""
        headers = passed_on(frame.headers)
        kind = self.kind(destination)
        if kind is Kind.APP:
            handler = self._config.handlers.get(destination)
            replies = self.call(handler, session, Parcel(destination, headers, frame.body), now) if handler else []
            return [Parcel(reply.destination, reply.headers, reply.body) for reply in replies]
        if kind is Kind.NONE:
            return []
        if (owned := translated(destination)) and owned[1] == session.id:
            destination = user_destination(session.id, owned[0])
        return [Parcel(destination, headers, frame.body, session.id)]

    def call(self, handler: Handler, session: Session, parcel: Parcel, now: float) -> list[Reply]:
        """A handler's replies. Raises Violation when it fails: its fault is in the log, not in the client's hands."""
        wall = self._config.wall + now - self._started
        request = Request(parcel.destination, parcel.headers, parcel.body, session.id, session.user, wall)
        try:
            return list(handler(request))
        except Exception:
            _LOGGER.exception("the handler of %s failed", parcel.destination)
            raise Violation(f"the handler of {shown(parcel.destination)} failed", INTERNAL_ERROR) from None

    def check_room(self, parcels: list[Parcel]) -> None:
        """Raises Violation when there is no room for all of them."""
        sizes: dict[str, list[int]] = {}
        for parcel in parcels:
            kind = self.kind(parcel.destination)
            if kind is Kind.TOPIC:
                self.topics.reserve(parcel.destination)
            elif kind is Kind.QUEUE:
                sizes.setdefault(parcel.destination, []).append(len(parcel.body))
        if sizes:
            self.queues.check_room(sizes)

    def publish(self, parcel: Parcel, now: float) -> None:
        """Give it to whoever should have it."""
        destination, kind = parcel.destination, self.kind(parcel.destination)
        channel, sequence = "", None
        if kind is Kind.USER:
            name, channel = split_user(destination, "SEND")
            destination = f"/user{channel}"
        elif kind is Kind.TOPIC:
            sequence = self.topics.next_sequence(destination)
        elif kind is Kind.QUEUE:
            sequence = self.queues.next_sequence(destination)
        message = self._message(destination, parcel, now, sequence)
        if kind is Kind.TOPIC:
            self.topics.publish(message, now)
        elif kind is Kind.QUEUE:
            self.queues.publish(message, now)
        elif kind is Kind.USER:
            self.users.publish(message, channel, self.reached(name, parcel.sender))

    def is_repeat(self, session: Session, frame: Frame, now: float) -> bool:
        """Whether this SEND has taken effect: its user sent one with the same idempotency-key before, perhaps in
        another session, and did not hear of its receipt."""
        key = frame.get("idempotency-key")
        return bool(key) and not self.spring and self._sent.seen(session.user or "", key or "", now)

    def publish_once(self, session: Session, frame: Frame, parcels: list[Parcel], now: float) -> None:
        """Publish what a SEND comes to, and remember that it has taken effect."""
        key = frame.get("idempotency-key")
        if key and not self.spring:
            self._sent.remember(session.user or "", key, now)
        self._publish_here(parcels, now)

    def _publish_here(self, parcels: list[Parcel], now: float) -> None:
        for parcel in parcels:
            self.publish(parcel, now)
        self.count_in(len(parcels))

    def count_in(self, messages: int) -> None:
        """So many took effect."""
        self._counters.messages_in += messages

    @property
    def keeps_messages(self) -> bool:
        """Whether anything is kept that gets too old."""
        return not self._config.relayed and (bool(self._counters.queued) or self.topics.keeps_messages)

    def sweep(self, now: float) -> None:
        """Let go what was kept too long."""
        self.queues.sweep(now)
        self.topics.sweep(now)

    def answer(self, reply: Reply, destination: str, now: float) -> Message:
        """A message for one subscription alone: a handler's reply to its SUBSCRIBE."""
        return self._message(destination, Parcel(destination, reply.headers, reply.body), now, None)

    def next_id(self) -> str:
        """A message id that no other broker gives out."""
        self._count += 1
        return f"{self._config.node}-{self._count}"

    def _message(self, destination: str, parcel: Parcel, now: float, sequence: int | None) -> Message:
        return Message(
            destination, parcel.headers, parcel.body, message_id=self.next_id(), sequence=sequence, born=now
        )  # fmt: skip

    def reached(self, name: str, sender: str) -> list[Session]:
        """The sessions here that a user's message is for. Spring: who addresses himself means this session."""
        sessions = self.users.reached(name)
        if self.spring and any(session.id == sender for session in sessions):
            return [session for session in sessions if session.id == sender]
        return sessions
