"""What each frame does where several nodes are one broker: it has taken effect when their store has done it, so the
receipt, and the session's next frame, wait for that. SENDs that come in a row are submitted together."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from labs.broker.commands import Commands
from labs.broker.config import POLICY, TRY_LATER, BrokerConfig
from labs.broker.demands import (
    Answer,
    Arrived,
    Demand,
    Done,
    Enter,
    Exit,
    Failed,
    Heard,
    Joined,
    Listen,
    Part,
    Redeem,
    Submit,
    Unlisten,
)
from labs.broker.destinations import Kind, is_pattern, owner_of
from labs.broker.exchange import Exchange
from labs.broker.message import Message
from labs.broker.outbound import Outbound
from labs.broker.posting import Batch, Posting
from labs.broker.resume import catch_up, read_cursor
from labs.broker.session import Session, State
from labs.broker.shared_queues import SharedQueues, mark
from labs.broker.subscription import Delivery, Subscription
from labs.broker.topics import Topic
from labs.broker.transaction import Transaction
from labs.broker.violation import Violation, shown
from labs.rules.replay import Gap
from labs.wire.stomp import Event, Frame, HeartBeat

GoOn = Callable[[Answer, float], None]


@dataclass(frozen=True, slots=True)
class Wait:
    """Who waits for a step, and what comes then. `always`: even when the session is over by then."""

    session: Session | None
    go_on: GoOn
    always: bool = False


class SharedCommands(Commands):
    """Commands whose effect is the store's. `waits` are the steps that are under way."""

    def __init__(self, config: BrokerConfig, exchange: Exchange, outbound: Outbound, now: float) -> None:
        super().__init__(config, exchange, outbound)
        assert isinstance(exchange.queues, SharedQueues)
        self._queues = exchange.queues
        self._wall = config.wall - now
        self._posting = Posting(exchange, self._wall)
        self._steps = itertools.count(1)
        self._batches: dict[Session, Batch] = {}
        self._hearing: dict[str, set[Subscription]] = {}  # by topic; patterns under ""
        self.waits: dict[int, Wait] = {}

    # Publishing.

    def send(self, session: Session, frame: Frame, now: float) -> bool:
        """Add it to what is submitted next."""
        self._exchange.check_send(session, frame)
        transaction = self._transaction_of(session, frame)
        if transaction is not None:
            self._hold(session, transaction, frame)
        else:
            part = self._posting.part(session, frame, now)
            self._batches.setdefault(session, Batch()).add(frame.get("receipt"), part)
        return False

    def has_batch(self, session: Session) -> bool:
        """Whether SENDs of it have not been submitted."""
        return session in self._batches

    def joins_batch(self, session: Session, event: Event) -> bool:
        """Whether it can be carried out before the SENDs that wait are submitted: another SEND, or no frame at all."""
        if isinstance(event, HeartBeat):
            return True
        if not isinstance(event, Frame) or event.command != "SEND" or event.get("transaction") is not None:
            return False
        return not self._batches[session].full

    def submit_batch(self, session: Session) -> None:
        """Have the SENDs that wait published; the session waits until they are."""
        batch = self._batches.pop(session).sends
        groups = tuple((part,) for _, part in batch)
        # A sender that subscribes to what it sends to has the message before the receipt.
        placed = any(receipt is not None for receipt, _ in batch)
        self._wait(
            session,
            lambda step: Submit(step, groups=groups, placed=placed),
            lambda answer, now: self._sent(session, batch, answer),
        )

    def _sent(self, session: Session, batch: list[tuple[str | None, Part]], answer: Answer) -> None:
        count = answer.count if isinstance(answer, Done) else 0
        for receipt, _ in batch[:count]:
            self._late_receipt(session, receipt)
        self._exchange.count_in(sum(len(part.posts) for _, part in batch[:count]))
        if count < len(batch):
            raise self._refusal("SEND", answer, batch[count][0])

    def commit(self, session: Session, frame: Frame, now: float) -> bool:
        """Carry a transaction out, all or nothing, as one step of the store."""
        transaction = session.transactions[self._existing(session, frame)]
        parts = tuple(self._posting.part(session, each, now) for each in transaction.actions if isinstance(each, Frame))
        settled = tuple(mark(each) for each in transaction.deliveries("ACK") if each.from_queue)
        returned = tuple(mark(each) for each in transaction.deliveries("NACK") if each.from_queue)
        del session.transactions[frame.get("transaction") or ""]
        self._wait(
            session,
            lambda step: Submit(step, settled, returned, (parts,), placed=True),
            lambda answer, later: self._committed(session, frame, transaction, answer, later),
            always=True,
        )
        return False

    def _committed(self, session: Session, frame: Frame, transaction: Transaction, answer: Answer, now: float) -> None:
        actions = list(transaction.actions)
        held = transaction.let_go()
        if not isinstance(answer, Done) or answer.refused:
            if session.state is State.CLOSED:
                self._exchange.ledger.settle(held)
                self._queues.take_back((each for each in held if each.from_queue), now)
            raise self._refusal("COMMIT", answer, frame.get("receipt"))
        for action in actions:
            if isinstance(action, Frame):
                self._exchange.count_in(1)
                self._late_receipt(session, action.get("receipt"))
                continue
            self._exchange.ledger.settle(action.deliveries)
            if action.command == "NACK":
                self._give_back([each for each in action.deliveries if not each.from_queue], now)
            self._late_receipt(session, action.receipt)
        self._late_receipt(session, frame.get("receipt"))

    # Subscriptions.

    def _attach(self, subscription: Subscription, kind: Kind, frame: Frame, now: float) -> bool:
        session, receipt = subscription.session, frame.get("receipt")
        if kind is Kind.TOPIC:
            self._listen(subscription, frame)
        elif kind is Kind.QUEUE:
            consumer = self._queues.add(subscription)
            self._wait(session, consumer.join, lambda answer, now: self._joined(subscription, answer, receipt))
        else:
            self._confirm(session, frame)
        return False

    def _listen(self, subscription: Subscription, frame: Frame) -> None:
        destination, last_seen = subscription.destination, frame.get("last-seen")
        topic = "" if is_pattern(destination) else destination
        cursor = None if last_seen is None else read_cursor(last_seen)
        if topic:
            self._exchange.topics.reserve(topic)
        subscription.resumes = cursor is not None
        self._hearing.setdefault(topic, set()).add(subscription)
        self._wait(
            subscription.session,
            lambda step: Listen(step, topic, cursor, owner_of(topic)),
            lambda answer, now: self._listening(subscription, cursor, answer, frame, now),
        )

    def _listening(
        self, subscription: Subscription, cursor: int | None, answer: Answer, frame: Frame, now: float
    ) -> None:
        """This is the place among the arrivals from which on it hears: all that comes later is newer."""
        if not isinstance(answer, Heard) or answer.refused:
            raise self._refusal("SUBSCRIBE", answer, frame.get("receipt"), subscription.destination)
        topics = self._exchange.topics
        if not is_pattern(subscription.destination):
            topic = topics.reserve(subscription.destination)
            topic.sequence = max(topic.sequence, answer.head)
        if cursor is not None:
            messages = [message_of(each, self._wall, now) for each in answer.messages]
            catch_up(subscription, messages, _gap(cursor, answer), self._exchange, now)
        topics.subscribe(subscription)
        self._late_receipt(subscription.session, frame.get("receipt"))

    def _joined(self, subscription: Subscription, answer: Answer, receipt: str | None) -> None:
        if not isinstance(answer, Joined) or answer.refused:
            raise self._refusal("SUBSCRIBE", answer, receipt, subscription.destination)
        self._queues.match_all(subscription, answer.queues)
        self._late_receipt(subscription.session, receipt)

    def unsubscribe(self, session: Session, frame: Frame, now: float) -> bool:
        """End a subscription; what it has not acknowledged goes back."""
        super().unsubscribe(session, frame, now)
        self._queues.say_left()
        return self._confirm(session, frame)

    def _detach(self, subscription: Subscription) -> list[Delivery]:
        """End it; what of a topic's messages it has not acknowledged. The store gives back what was a queue's."""
        subscription.open = False
        exchange = self._exchange
        exchange.users.unsubscribe(subscription)
        exchange.topics.unsubscribe(subscription)
        left = exchange.ledger.abandon(subscription)
        if subscription.consumer:
            self._queues.leave(subscription, left)
        topic = "" if is_pattern(subscription.destination) else subscription.destination
        hearing = self._hearing.get(topic, set())
        if subscription in hearing:
            hearing.remove(subscription)
            if not hearing:
                del self._hearing[topic]
                self._outbound.add(Unlisten(topic))
        return [each for each in left if not each.from_queue]

    # Acknowledgements and sessions.

    def ack(self, session: Session, frame: Frame, now: float) -> bool:
        """Messages were consumed, or were not (NACK)."""
        return super().ack(session, frame, now) and self._confirm(session, frame)

    def _settle(self, command: str, deliveries: tuple[Delivery, ...], now: float) -> None:
        if command == "ACK":
            self._queues.settled(deliveries)
        super()._settle(command, deliveries, now)

    def abort(self, session: Session, frame: Frame, now: float) -> bool:
        """Drop a transaction: its SENDs never were, its messages can be acknowledged again."""
        return super().abort(session, frame, now) and self._confirm(session, frame)

    def enter(self, session: Session, frame: Frame, user: str, begin: Callable[[float], None]) -> None:
        """Have the store count a session of that user, and `begin` it where neither the user nor the address has too
        many, on all nodes together. The other nodes find it by its user's name."""
        address = session.peer.address

        def go_on(answer: Answer, now: float) -> None:
            entered = isinstance(answer, Done) and not answer.refused
            if entered and session.state is not State.CLOSED:
                begin(now)
                return
            self._outbound.add(Exit(session.id, user, address))  # of a Failed it is not known whether it took effect
            if isinstance(answer, Done) and answer.refused:
                limits = self._config.limits
                most = limits.sessions_per_user if answer.refused == "user" else limits.sessions_per_address
                who = "a user" if answer.refused == "user" else "an address"
                raise Violation(f"{frame.command}: {who} has at most {most} sessions, on all nodes", POLICY)
            raise self._refusal(frame.command, answer, None)

        self._wait(session, lambda step: Enter(session.id, user, address, step), go_on, always=True)

    def end_all(self, session: Session, now: float) -> None:
        """The session is over."""
        self._batches.pop(session, None)
        super().end_all(session, now)
        self._queues.say_left()
        self._outbound.add(Exit(session.id, session.user or "", session.peer.address))

    def redeem(self, session: Session, ticket: str) -> None:
        """Find out what a ticket in its CONNECT is worth; its frame waits."""

        def go_on(answer: Answer, now: float) -> None:
            if isinstance(answer, Failed):
                raise self._refusal("CONNECT", answer, None)

        self._wait(session, lambda step: Redeem(step, ticket), go_on)

    def part(self, session: Session, receipt: str | None, close: Callable[[str | None], None]) -> None:
        """It said DISCONNECT: `close` it, with an ERROR's text or None, when all that it did has been done."""

        def go_on(answer: Answer, now: float) -> None:
            if isinstance(answer, Failed):
                close(answer.text)
            else:
                self.receipt(session, receipt)
                close(None)

        self._wait(session, Submit, go_on, always=True)

    # The node and the store.

    def listen_again(self, now: float) -> None:
        """Hear every topic anew, from the last number that was heard; then all that patterns match."""
        for topic in list(self._exchange.topics.listening()):
            self._wait(None, *self._again(topic.destination, topic.sequence), always=True)
        if "" in self._hearing:
            self._wait(None, *self._again("", None), always=True)

    def _again(self, topic: str, last_seen: int | None) -> tuple[Callable[[int], Listen], GoOn]:
        def go_on(answer: Answer, now: float) -> None:
            if isinstance(answer, Heard):
                self._heard_again(topic, last_seen or 0, answer, now)
            else:
                self._wait(None, *self._again(topic, last_seen), always=True)

        return (lambda step: Listen(step, topic, last_seen)), go_on

    def _heard_again(self, destination: str, last_seen: int, answer: Heard, now: float) -> None:
        """What came meanwhile, to all that are subscribed; what of it is gone is told to those that resume."""
        if not destination:
            return
        topic = self._exchange.topics.reserve(destination)
        gap = _gap(last_seen, answer)
        if gap is not None:
            for subscription in topic.subscriptions():
                if subscription.resumes:
                    catch_up(subscription, [], gap, self._exchange, now)
        if answer.head < topic.sequence:  # another history: the store began anew
            topic.sequence = 0
        for each in answer.messages:
            self._exchange.topics.publish_next(message_of(each, self._wall, now), now)
        self._forget_interest(topic)

    def _forget_interest(self, topic: Topic) -> None:
        """A topic that was found only by a pattern, or whose last subscriber left while this was under way."""
        if topic.destination not in self._hearing:
            self._outbound.add(Unlisten(topic.destination))

    def readmitted(self, sessions: list[Session], now: float) -> None:
        """The store knows nothing of this node: tell it who is here and what they listen to."""
        for session in sessions:
            self._outbound.add(Enter(session.id, session.user or "", session.peer.address))
        self._queues.rejoin()
        self.listen_again(now)

    # Waiting.

    def _wait(
        self,
        session: Session | None,
        demand: Callable[[int], Demand],
        go_on: GoOn,
        always: bool = False,
    ) -> None:
        step = next(self._steps)
        self.waits[step] = Wait(session, go_on, always)
        if session is not None:
            session.waiting = step
        self._outbound.add(demand(step))

    def _confirm(self, session: Session, frame: Frame) -> bool:
        """The receipt, where one is asked for, when everything before it has been done."""
        receipt = frame.get("receipt")
        if receipt is None:
            return False

        def go_on(answer: Answer, now: float) -> None:
            if isinstance(answer, Failed):
                raise self._refusal(frame.command, answer, receipt)
            self._late_receipt(session, receipt)

        self._wait(session, Submit, go_on)
        return False

    def _late_receipt(self, session: Session, receipt: str | None) -> None:
        if not self._exchange.spring:
            self.receipt(session, receipt)

    def _refusal(self, command: str, answer: Answer, receipt: str | None, about: str = "") -> Violation:
        if isinstance(answer, Failed):
            return Violation(f"{command}: {answer.text}", TRY_LATER, receipt=receipt)
        why = answer.refused if isinstance(answer, Done | Joined | Heard) else ""
        place = shown(answer.destination if isinstance(answer, Done) else about)
        if why == "owned":
            text = f"{command}: destination {place} is another session's; it is /user/NAME/queue/…"
            return Violation(text, POLICY, receipt=receipt)
        text = {
            "queue": f"{place} is full; consume, then try again",
            "stored": "the queues are full; consume, then try again",
            "destinations": f"{self._config.limits.destinations} destinations are in use; none can be added now",
            "busy": f"the node that {place} leads to does not keep up; try again",
        }.get(why, "the store refused it")
        return Violation(f"{command}: {text}", TRY_LATER, receipt=receipt)


def message_of(arrival: Arrived, wall: float, now: float) -> Message:
    """The message as this node keeps it; `wall` is Unix time less the clock of `now`."""
    return Message(
        arrival.destination, arrival.headers, arrival.body, message_id=arrival.message_id, sequence=arrival.number,
        born=min(now, arrival.time - wall),
    )  # fmt: skip


def _gap(last_seen: int, answer: Heard) -> Gap | None:
    """As ReplayBuffer.since() tells it."""
    if last_seen > answer.head:
        return Gap(last_seen + 1, answer.head)
    return Gap(last_seen + 1, answer.first - 1) if answer.first > last_seen + 1 else None
