"""This node's side of queues that several nodes share: its consumers, and what the store has given them. Who gets what
is decided there."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterable

from labs.broker.config import BrokerConfig
from labs.broker.counters import Counters
from labs.broker.demands import Allow, Arrived, Join, Leave, Mark, Part, Post, Retire, Submit
from labs.broker.destinations import Access, compile_pattern, is_pattern, owner_of
from labs.broker.ledger import Ledger
from labs.broker.message import Message
from labs.broker.outbound import Outbound
from labs.broker.queues import Queues
from labs.broker.subscription import Delivery, Subscription

WINDOW = 256  # messages on their way to a consumer that does not acknowledge


class Consumer:
    """A subscription to a queue, or to all that match its pattern. `held` has come and is to be delivered; `bounced`
    counts what went back, since its socket was full."""

    __slots__ = ("bounced", "held", "number", "pattern", "queues", "subscription")

    def __init__(self, number: int, subscription: Subscription) -> None:
        self.number = number
        self.subscription = subscription
        self.held: deque[Arrived] = deque()
        self.bounced = 0
        self.queues: set[str] = set()
        pattern = is_pattern(subscription.destination)
        self.pattern: re.Pattern[str] | None = compile_pattern(subscription.destination) if pattern else None
        if not pattern:
            self.queues.add(subscription.destination)

    @property
    def owner(self) -> str:
        """The session that alone might consume what it asks for, by the name of it; empty for most."""
        return "" if self.pattern else owner_of(self.subscription.destination)

    @property
    def credit(self) -> int:
        """How many more messages it may have."""
        waiting = self.subscription.unacknowledged
        return WINDOW if waiting is None else self.subscription.prefetch - len(waiting)

    def join(self, step: int) -> Join:
        """What makes it compete."""
        return Join(step, self.number, tuple(self.queues), self.credit, self.pattern is not None, self.owner)


class SharedQueues(Queues):
    """Queues that the store keeps: there are none in this process."""

    def __init__(
        self,
        config: BrokerConfig,
        access: Access,
        outbound: Outbound,
        ledger: Ledger,
        counters: Counters,
        *,
        now: float,
    ) -> None:
        super().__init__(config, access, outbound, ledger, counters)
        self._wall = config.wall - now
        self._access = access
        self._numbers = itertools.count(1)
        self._consumers: dict[int, Consumer] = {}
        self._waiting: dict[Subscription, None] = {}  # a call broke off
        self._left: list[int] = []
        self._left_tried: list[Mark] = []
        self._left_kept: list[Mark] = []
        self.highest = 0  # sequence number seen

    @property
    def unfinished(self) -> bool:
        return bool(self._waiting)

    def add(self, subscription: Subscription) -> Consumer:
        """A new consumer; its join() is the caller's."""
        subscription.consumer = next(self._numbers)
        consumer = self._consumers[subscription.consumer] = Consumer(subscription.consumer, subscription)
        return consumer

    def match(self, consumer: Consumer, queues: Iterable[str]) -> None:
        """Have it compete for those that its pattern matches and its user may subscribe to."""
        user = consumer.subscription.session.user
        found = tuple(
            queue
            for queue in queues
            if queue not in consumer.queues
            and consumer.pattern is not None
            and consumer.pattern.fullmatch(queue)
            and self._access.allows("SUBSCRIBE", queue, user)
        )
        consumer.queues.update(found)
        if found and not self._draining:
            self._outbound.add(Join(0, consumer.number, found))

    def match_all(self, subscription: Subscription, queues: Iterable[str]) -> None:
        """The same for a subscription that may be gone."""
        if (consumer := self._consumers.get(subscription.consumer)) is not None:
            self.match(consumer, queues)

    def made(self, queue: str) -> None:
        """There is a new queue."""
        for consumer in self._consumers.values():
            if consumer.pattern is not None:
                self.match(consumer, (queue,))

    def arrived(self, arrival: Arrived, now: float) -> None:
        """A message for one of the consumers here. For one that has gone meanwhile it is passed over: its Leave gives
        it back."""
        self.highest = max(self.highest, arrival.number or 0)
        consumer = self._consumers.get(arrival.consumer)
        if consumer is None:
            return
        consumer.held.append(arrival)
        self._hand_out(consumer, now)

    def credited(self, subscription: Subscription, now: float) -> None:
        """Its socket takes more, perhaps."""
        consumer = self._consumers.get(subscription.consumer)
        if consumer is not None and consumer.bounced and subscription.session.id not in self._outbound.full:
            self._outbound.add(Allow(consumer.number, consumer.bounced))
            consumer.bounced = 0

    def _hand_out(self, consumer: Consumer, now: float) -> None:
        """Deliver what is held; what is for a socket that is full, others may have."""
        subscription = consumer.subscription
        while consumer.held:
            if self._draining or subscription.session.id in self._outbound.full:
                bounced = tuple(Mark(consumer.number, each.destination, each.number or 0) for each in consumer.held)
                self._outbound.add(Submit(bounced=bounced))
                consumer.bounced += len(bounced)
                consumer.held.clear()
            elif self._outbound.exhausted:
                self._waiting[subscription] = None
                return
            else:
                self._deliver(subscription, consumer.held.popleft(), now)

    def go_on(self, now: float) -> None:
        """What a call broke off."""
        waiting, self._waiting = self._waiting, {}
        for subscription in waiting:
            if (consumer := self._consumers.get(subscription.consumer)) is not None:
                self._hand_out(consumer, now)

    def leave(self, subscription: Subscription, left: Iterable[Delivery]) -> None:
        """It consumes no more, as say_left() tells the store; `left` had reached it and was not acknowledged."""
        self._consumers.pop(subscription.consumer, None)
        held = (subscription.unacknowledged or {}).values()
        self._left.append(subscription.consumer)
        self._left_tried += [mark(each) for each in left if each.from_queue]
        self._left_kept += [mark(each) for each in held if each.from_queue]

    def say_left(self) -> None:
        """All that left since the last time, at once, so that what they had is in order again."""
        if self._left:
            self._outbound.add(Leave(tuple(self._left), tuple(self._left_tried), tuple(self._left_kept)))
            self._left, self._left_tried, self._left_kept = [], [], []

    def settled(self, deliveries: Iterable[Delivery]) -> None:
        """They were acknowledged."""
        marks = tuple(mark(each) for each in deliveries if each.from_queue)
        if marks:
            self._outbound.add(Submit(settled=marks))

    def take_back(self, deliveries: Iterable[Delivery], now: float) -> None:
        """They were delivered and not consumed."""
        marks = tuple(mark(each) for each in deliveries)
        if marks:
            self._outbound.add(Submit(returned=marks))

    def dead_letter(self, message: Message, reason: str, now: float) -> None:
        """Set aside a topic's message that was not acknowledged."""
        headers = (("original-destination", message.destination), ("reason", reason), *message.headers)
        post = Post("queue", self._dead_letters, headers, message.body, message.id, self._wall + now)
        self._outbound.add(Submit(groups=((Part((post,)),),)))

    def drain(self) -> None:
        """Nobody here gets anything more; what was not delivered goes back with each consumer's Leave."""
        super().drain()
        for number in self._consumers:
            self._outbound.add(Retire(number))

    def rejoin(self) -> None:
        """The store has given back, or forgotten, all that was on its way here: compete anew. What a consumer has not
        acknowledged may be with another by now, so its number is struck out."""
        for consumer in self._consumers.values():
            consumer.held.clear()
            consumer.bounced = 0
            for delivery in (consumer.subscription.unacknowledged or {}).values():
                if delivery.message.sequence is not None and delivery.from_queue:
                    delivery.message.sequence = 0
            if not self._draining:
                self._outbound.add(consumer.join(0))

    def sweep(self, now: float) -> None:
        """Nothing gets too old here."""

    def _deliver(self, subscription: Subscription, arrival: Arrived, now: float) -> None:
        message = Message(
            arrival.destination, arrival.headers, arrival.body, message_id=arrival.message_id, sequence=arrival.number,
            born=min(now, arrival.time - self._wall),
        )  # fmt: skip
        self._ledger.deliver(subscription, message, arrival.tries, from_queue=True)
        if subscription.unacknowledged is None:
            self._outbound.add(Submit(settled=(Mark(subscription.consumer, arrival.destination, arrival.number or 0),)))


def mark(delivery: Delivery) -> Mark:
    """What names it in the store."""
    return Mark(delivery.subscription.consumer, delivery.message.destination, delivery.message.sequence or 0)
