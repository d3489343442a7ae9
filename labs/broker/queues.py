"""Queues: each message to one consumer, first come first served; kept while nobody listens, given again when it was not
acknowledged, dead-lettered when that does not help."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from labs.broker.config import TRY_LATER, BrokerConfig
from labs.broker.counters import Counters
from labs.broker.destinations import Access
from labs.broker.ledger import Ledger
from labs.broker.message import Message
from labs.broker.outbound import Outbound
from labs.broker.registry import Registry
from labs.broker.session import State
from labs.broker.subscription import Delivery, Subscription
from labs.broker.violation import Violation, shown


class Queue:
    """What waits, ordered by sequence number always, and who is next. A consumer is in `ready`, or has left it for
    `Subscription.starved` when it was its turn and it had no credit: finding the next one costs no search."""

    __slots__ = ("_exact", "bytes", "destination", "messages", "ready", "sequence")

    def __init__(self, destination: str, sequence: int) -> None:
        self.destination = destination
        self.sequence = sequence
        self.messages: deque[Message] = deque()
        self.bytes = 0
        self.ready: deque[Subscription] = deque()
        self._exact = 0

    @property
    def idle(self) -> bool:
        """Nothing waits and nobody is subscribed by name."""
        return not self.messages and not self._exact

    def attach(self, subscription: Subscription) -> None:
        """It competes for messages from now on."""
        if self not in subscription.places:
            subscription.places[self] = None
            self._exact += subscription.destination == self.destination
            self.ready.append(subscription)

    def detach(self, subscription: Subscription) -> None:
        """It competes no more."""
        if self not in subscription.places:
            return
        del subscription.places[self]
        self._exact -= subscription.destination == self.destination
        if self in subscription.starved:
            del subscription.starved[self]
        else:
            self.ready.remove(subscription)

    def append(self, message: Message) -> None:
        """Behind all others."""
        self.messages.append(message)
        self.bytes += message.size

    def pop(self) -> Message:
        """The first."""
        message = self.messages.popleft()
        self.bytes -= message.size
        return message

    def put_back(self, returned: Iterable[Message]) -> None:
        """To where they came from: the front, in order among what was put back before."""
        merged = sorted(returned, key=_sequence)
        self.bytes += sum(message.size for message in merged)
        last = merged[-1].sequence or 0
        while self.messages and (self.messages[0].sequence or 0) < last:
            merged.append(self.messages.popleft())
        merged.sort(key=_sequence)
        self.messages.extendleft(reversed(merged))


def _sequence(message: Message) -> int:
    return message.sequence or 0


class Queues:
    """All queues of a broker."""

    def __init__(
        self, config: BrokerConfig, access: Access, outbound: Outbound, ledger: Ledger, counters: Counters
    ) -> None:
        self._limits = config.limits
        self._dead_letters = config.dead_letters
        self._outbound = outbound
        self._ledger = ledger
        self._counters = counters
        self._registry = Registry(Queue, config.limits.destinations, access)
        self._stored = 0
        self._unfinished: dict[Queue, None] = {}  # dispatch() broke off
        self._draining = False

    @property
    def unfinished(self) -> bool:
        """Whether there is something for go_on() to do."""
        return bool(self._unfinished)

    def next_sequence(self, destination: str) -> int:
        """The number for the next message there."""
        queue = self._registry.get(destination)
        queue.sequence += 1
        return queue.sequence

    def check_room(self, sizes: dict[str, list[int]]) -> None:
        """Raises Violation when messages of these sizes, by destination, would not all fit."""
        if self._stored + self._ledger.in_flight + sum(map(sum, sizes.values())) > self._limits.stored_bytes:
            raise Violation("SEND: the queues are full; consume, then try again", TRY_LATER)
        for destination, each in sizes.items():
            queue = self._registry.get(destination)
            if len(queue.messages) + len(each) > self._limits.queue_messages:
                raise Violation(f"SEND: {shown(destination)} is full; consume, then try again", TRY_LATER)

    def publish(self, message: Message, now: float) -> None:
        """To one consumer, now or later."""
        queue = self._registry.get(message.destination)
        queue.sequence = max(queue.sequence, message.sequence or 0)
        if not queue.messages and (consumer := self._next_consumer(queue)) is not None:
            message.tries = 1
            self._ledger.deliver(consumer, message, from_queue=True)
            return
        self._store(queue, message)
        self.dispatch(queue, now)

    def subscribe(self, subscription: Subscription, now: float) -> None:
        """A consumer; what waits goes to it."""
        self._registry.subscribe(subscription)
        for queue in self._of(subscription):
            self.dispatch(queue, now)

    def unsubscribe(self, subscription: Subscription) -> None:
        """It consumes no more; what it has not acknowledged is the caller's to take_back()."""
        self._registry.unsubscribe(subscription)

    def dispatch(self, queue: Queue, now: float) -> None:
        """Give what waits to consumers with credit, in turn."""
        while queue.messages:
            if now - queue.messages[0].born > self._limits.queue_seconds:
                self._expire(queue, now)
                continue
            if self._outbound.exhausted:
                self._unfinished[queue] = None
                return
            consumer = self._next_consumer(queue)
            if consumer is None:
                return
            message = self._unstore(queue)
            message.tries += 1
            self._ledger.deliver(consumer, message, message.tries, from_queue=True)

    def go_on(self, now: float) -> None:
        """What dispatch() broke off."""
        unfinished, self._unfinished = self._unfinished, {}
        for queue in unfinished:
            self.dispatch(queue, now)

    def credited(self, subscription: Subscription, now: float) -> None:
        """It may have more again: it acknowledged, or its socket takes more."""
        if not subscription.starved or not self._has_credit(subscription):
            return
        starved, subscription.starved = subscription.starved, {}
        for place in starved:
            if isinstance(place, Queue):
                place.ready.append(subscription)
                self.dispatch(place, now)

    def take_back(self, deliveries: Iterable[Delivery], now: float) -> None:
        """Messages that were delivered and not consumed: to the front, in order; dead-lettered after enough tries."""
        returned: dict[str, list[Message]] = {}
        for delivery in deliveries:
            message = delivery.message
            if message.tries >= self._limits.tries and message.destination != self._dead_letters:
                self.dead_letter(message, "not acknowledged", now)
            else:
                returned.setdefault(message.destination, []).append(message)
        for destination, messages in returned.items():
            queue = self._registry.get(destination, always=True)
            queue.put_back(messages)
            self._count(len(messages), sum(message.size for message in messages))
            self.dispatch(queue, now)

    def dead_letter(self, message: Message, reason: str, now: float) -> None:
        """Set aside what could not be delivered, with where it came from and why. When there are too many the oldest
        goes: it is the one place where a queue's message ends unread."""
        queue = self._registry.get(self._dead_letters, always=True)
        if len(queue.messages) >= self._limits.queue_messages:
            self._unstore(queue)
        queue.sequence += 1
        headers = (("original-destination", message.destination), ("reason", reason), *message.headers)
        dead = Message(
            self._dead_letters, headers, message.body, message_id=message.id, sequence=queue.sequence, born=now
        )
        self._counters.dead_lettered += 1
        self._store(queue, dead)
        self.dispatch(queue, now)

    def drain(self) -> None:
        """Nobody gets anything more."""
        self._draining = True

    def sweep(self, now: float) -> None:
        """Dead-letter what waited too long."""
        for queue in list(self._registry):
            while queue.messages and now - queue.messages[0].born > self._limits.queue_seconds:
                self._expire(queue, now)

    def _expire(self, queue: Queue, now: float) -> None:
        message = self._unstore(queue)
        self._counters.expired += 1
        if queue.destination != self._dead_letters:
            self.dead_letter(message, "expired", now)

    def _next_consumer(self, queue: Queue) -> Subscription | None:
        ready = queue.ready
        while ready:
            consumer = ready.popleft()
            if self._has_credit(consumer):
                ready.append(consumer)
                return consumer
            consumer.starved[queue] = None
        return None

    def _has_credit(self, subscription: Subscription) -> bool:
        session, unacknowledged = subscription.session, subscription.unacknowledged
        return (
            (unacknowledged is None or len(unacknowledged) < subscription.prefetch)
            and session.id not in self._outbound.full
            and session.state is State.CONNECTED
            and not self._draining
        )

    @staticmethod
    def _of(subscription: Subscription) -> list[Queue]:
        return [place for place in subscription.places if isinstance(place, Queue)]

    def _store(self, queue: Queue, message: Message) -> None:
        queue.append(message)
        self._count(1, message.size)

    def _unstore(self, queue: Queue) -> Message:
        message = queue.pop()
        self._count(-1, -message.size)
        return message

    def _count(self, messages: int, size: int) -> None:
        self._counters.queued += messages
        self._stored += size
