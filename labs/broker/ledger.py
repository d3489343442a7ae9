"""What was delivered and awaits acknowledgement, and what an ACK or NACK is for by each version's headers and mode."""

from __future__ import annotations

from collections.abc import Iterable

from labs.broker.counters import Counters
from labs.broker.message import Message
from labs.broker.outbound import Outbound
from labs.broker.session import Session
from labs.broker.subscription import Delivery, Subscription
from labs.broker.violation import Violation, shown
from labs.wire.stomp import Frame


class Ledger:
    """Sends MESSAGEs and keeps the books. An `ack` id is given out once by a broker, so that one session's id is never
    another's. `in_flight`: bytes that were delivered from queues and are not acknowledged; of other messages a session
    may hold at most `limit` bytes."""

    def __init__(self, node: str, limit: int, outbound: Outbound, counters: Counters) -> None:
        self._node = node
        self._limit = limit
        self.in_flight = 0
        self._outbound = outbound
        self._counters = counters
        self._given = 0

    def deliver(
        self, subscription: Subscription, message: Message, tries: int = 1, *, from_queue: bool = False
    ) -> None:
        """Send `message` for the `tries`th time; where it is to be acknowledged, wait for that."""
        head = subscription.head
        if subscription.unacknowledged is not None:
            delivery = Delivery(subscription, message, message.id, tries, from_queue=from_queue)
            head += self._enter(delivery, subscription.unacknowledged)
        if tries > 1:
            head += b"redelivered:true\n"
            self._counters.redelivered += 1
        self._outbound.message(subscription, head, message)

    def find(self, session: Session, frame: Frame) -> tuple[Delivery, ...]:
        """The deliveries that an ACK or NACK is for: one, or in mode `client` all up to it. Raises Violation when it
        names none, or one that a transaction has already."""
        delivery = self._named(session, frame)
        if delivery.held:
            raise Violation(f"{frame.command}: {shown(delivery.key)} is acknowledged in an open transaction already")
        unacknowledged = delivery.subscription.unacknowledged
        if delivery.subscription.mode == "client-individual" or unacknowledged is None:
            return (delivery,)
        found = []
        for each in unacknowledged.values():
            if not each.held:
                found.append(each)
            if each is delivery:
                break
        return tuple(found)

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Strike them out."""
        for delivery in deliveries:
            subscription = delivery.subscription
            if (subscription.unacknowledged or {}).pop(delivery.key, None) is delivery:
                subscription.session.pending.pop(delivery.key, None)
                subscription.session.unacknowledged -= 1
                self._counters.unacknowledged -= 1
                if delivery.from_queue:
                    self.in_flight -= delivery.message.size
                else:
                    subscription.session.unacknowledged_bytes -= delivery.message.size

    def abandon(self, subscription: Subscription) -> list[Delivery]:
        """Strike out, and return in order, everything that its subscriber will not acknowledge any more; what a
        transaction holds stays until that is over."""
        left = [each for each in (subscription.unacknowledged or {}).values() if not each.held]
        self.settle(left)
        return left

    def _enter(self, delivery: Delivery, unacknowledged: dict[str, Delivery]) -> bytes:
        session = delivery.subscription.session
        header = b""
        if session.version == "1.2":
            self._given += 1
            delivery.key = f"{self._node}-a{self._given}"
            session.pending[delivery.key] = delivery.subscription
            header = b"ack:%s\n" % delivery.key.encode()
        unacknowledged[delivery.key] = delivery
        session.unacknowledged += 1
        self._counters.unacknowledged += 1
        if delivery.from_queue:
            self.in_flight += delivery.message.size
        else:
            session.unacknowledged_bytes += delivery.message.size
        if len(unacknowledged) > delivery.subscription.prefetch or session.unacknowledged_bytes > self._limit:
            self._outbound.overrun.append(session.id)
        return header

    def _named(self, session: Session, frame: Frame) -> Delivery:
        header = "id" if session.version == "1.2" else "message-id"
        key = frame.get(header) or ""
        for subscription in self._candidates(session, frame, key):
            if delivery := (subscription.unacknowledged or {}).get(key):
                return delivery
        raise Violation(
            f"{frame.command}: {header} {shown(key)} is no message that awaits acknowledgement in this session; "
            f"it is the {'ack' if header == 'id' else header} header of one that was received, once"
        )

    @staticmethod
    def _candidates(session: Session, frame: Frame, key: str) -> Iterable[Subscription]:
        if session.version == "1.2":
            subscription = session.pending.get(key)
        else:
            name = frame.get("subscription")
            if name is None:  # only 1.0 may leave it out
                return session.subscriptions.values()
            subscription = session.subscriptions.get(name)
        return () if subscription is None else (subscription,)
