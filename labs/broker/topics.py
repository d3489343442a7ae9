"""Topics: everybody who is subscribed gets it, nobody later does, but for those who say what they saw last."""

from __future__ import annotations

from collections.abc import Iterator

from labs.broker.config import BrokerConfig
from labs.broker.destinations import Access
from labs.broker.effects import Head
from labs.broker.ledger import Ledger
from labs.broker.message import Message
from labs.broker.outbound import Outbound
from labs.broker.registry import Registry
from labs.broker.subscription import Subscription
from labs.rules.replay import Gap, ReplayBuffer
from labs.wire.stomp import Version


class Topic:
    """Its subscribers, so arranged that a message costs no work for each of them: those in mode `auto` are grouped by
    what their frames begin with, and the groups are laid out anew only after somebody came or went."""

    __slots__ = ("_exact", "_groups", "_plans", "acknowledging", "destination", "replay", "sequence")

    def __init__(self, destination: str, sequence: int, replay: ReplayBuffer[Message]) -> None:
        self.destination = destination
        self.sequence = sequence
        self.replay = replay
        self.acknowledging: dict[Subscription, None] = {}
        self._groups: dict[Version, dict[bytes, dict[Subscription, str]]] = {}
        self._plans: dict[Version, tuple[tuple[Head, ...], int]] | None = None
        self._exact = 0

    @property
    def idle(self) -> bool:
        """Nobody is subscribed by name (a pattern would find it again)."""
        return not self._exact

    def attach(self, subscription: Subscription) -> None:
        """It gets messages from here from now on."""
        if self in subscription.places:
            return
        subscription.places[self] = None
        self._exact += subscription.destination == self.destination
        if subscription.unacknowledged is not None:
            self.acknowledging[subscription] = None
            return
        groups = self._groups.setdefault(subscription.session.version, {})
        groups.setdefault(subscription.head, {})[subscription] = subscription.session.id
        self._plans = None

    def detach(self, subscription: Subscription) -> None:
        """It gets no more."""
        if self not in subscription.places:
            return
        del subscription.places[self]
        self._exact -= subscription.destination == self.destination
        if subscription.unacknowledged is not None:
            del self.acknowledging[subscription]
            return
        groups = self._groups[subscription.session.version]
        group = groups[subscription.head]
        del group[subscription]
        if not group:
            del groups[subscription.head]
        self._plans = None

    def subscriptions(self) -> list[Subscription]:
        """All that get its messages."""
        groups = (group for heads in self._groups.values() for group in heads.values())
        return [*(each for group in groups for each in group), *self.acknowledging]

    def plans(self) -> dict[Version, tuple[tuple[Head, ...], int]]:
        """For each version, the heads with their sessions, and how many these are."""
        if self._plans is None:
            self._plans = {
                version: (
                    tuple((head, tuple(group.values())) for head, group in groups.items()),
                    sum(map(len, groups.values())),
                )
                for version, groups in self._groups.items()
                if groups
            }
        return self._plans


class Topics:
    """All topics of a broker."""

    def __init__(self, config: BrokerConfig, access: Access, outbound: Outbound, ledger: Ledger) -> None:
        self._limits = config.limits
        self._outbound = outbound
        self._ledger = ledger
        self._registry = Registry(self._make, config.limits.destinations, access)
        self._replaying: dict[Topic, None] = {}  # those that keep messages, the least recently used first
        self._stored = 0
        self.reserve = self._registry.get
        self.subscribe = self._registry.subscribe
        self.unsubscribe = self._registry.unsubscribe
        self._relayed = config.relayed

    @property
    def keeps_messages(self) -> bool:
        """Whether there is anything to replay."""
        return bool(self._replaying)

    def next_sequence(self, destination: str) -> int:
        """The number for the next message there."""
        topic = self._registry.get(destination)
        topic.sequence += 1
        return topic.sequence

    def publish(self, message: Message, now: float) -> None:
        """To all who are subscribed now; it is kept a while for those who come back."""
        topic = self._registry.get(message.destination)
        topic.sequence = max(topic.sequence, message.sequence or 0)
        for version, (heads, count) in topic.plans().items():
            self._outbound.fan_out(heads, count, message.tail(version), message)
        for subscription in topic.acknowledging:
            self._ledger.deliver(subscription, message)
        if not self._relayed:
            self._keep(topic, message, now)

    def publish_next(self, message: Message, now: float) -> None:
        """Of a topic that several nodes share: publish it unless that has been done."""
        topic = self._registry.get(message.destination, always=True)
        if (message.sequence or 0) > topic.sequence:
            self.publish(message, now)

    def listening(self) -> Iterator[Topic]:
        """The topics that somebody here is subscribed to, by name or by a pattern."""
        return (topic for topic in self._registry if topic.plans() or topic.acknowledging)

    def replay(self, destination: str, last_seen: int, now: float) -> tuple[list[Message], Gap | None]:
        """What is newer than `last_seen`, and what of it is gone."""
        topic = self._registry.get(destination)
        before = topic.replay.size
        items, gap = topic.replay.since(last_seen, topic.sequence, now)
        self._stored += topic.replay.size - before
        return items, gap

    def sweep(self, now: float) -> None:
        """Let go what was kept too long."""
        for topic in list(self._replaying):
            self._trim(topic, now)

    def _make(self, destination: str, sequence: int) -> Topic:
        limits = self._limits
        if self._relayed:  # where its numbers are given out elsewhere
            sequence = 0
        return Topic(
            destination, sequence, ReplayBuffer(limits.replay_messages, limits.replay_bytes, limits.replay_seconds)
        )

    def _keep(self, topic: Topic, message: Message, now: float) -> None:
        before = topic.replay.size
        topic.replay.append(message.sequence or 0, message, message.size, now)
        self._stored += topic.replay.size - before
        self._replaying.pop(topic, None)
        self._replaying[topic] = None
        while self._stored > self._limits.replay_stored:
            oldest = next(iter(self._replaying))
            self._stored -= oldest.replay.size
            oldest.replay.clear()
            del self._replaying[oldest]

    def _trim(self, topic: Topic, now: float) -> None:
        before = topic.replay.size
        topic.replay.trim(now)
        self._stored += topic.replay.size - before
        if not topic.replay:
            del self._replaying[topic]
