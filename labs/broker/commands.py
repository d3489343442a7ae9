"""What each frame of a connected client does. Whatever raises Violation ends the session; the receipt comes last."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from labs.broker.config import POLICY, BrokerConfig
from labs.broker.destinations import KNOWN, Kind, check, is_pattern, own_channel, translated
from labs.broker.exchange import Exchange, Parcel
from labs.broker.message import receipt
from labs.broker.outbound import Outbound
from labs.broker.resume import replay_after
from labs.broker.session import Session
from labs.broker.subscription import MODES, Delivery, Mode, Subscription
from labs.broker.transaction import Settlement, Transaction, check_bounds
from labs.broker.violation import Violation, shown
from labs.wire.stomp import Frame


class Commands:
    """Carries frames out. A method a command; each returns whether a receipt that the frame asks for is due now."""

    def __init__(self, config: BrokerConfig, exchange: Exchange, outbound: Outbound) -> None:
        self._config = config
        self._exchange = exchange
        self._outbound = outbound

    def by_name(self) -> dict[str, Callable[[Session, Frame, float], bool]]:
        """The actions of the session's table."""
        return {
            "send": self.send, "subscribe": self.subscribe, "unsubscribe": self.unsubscribe, "ack": self.ack,
            "nack": self.ack, "begin": self.begin, "commit": self.commit, "abort": self.abort,
        }  # fmt: skip

    def receipt(self, session: Session, receipt_id: str | None) -> None:
        """Tell the client that its frame has taken effect, if it asked."""
        if receipt_id is not None:
            self._outbound.frame(session.id, receipt(receipt_id, session.version))

    def send(self, session: Session, frame: Frame, now: float) -> bool:
        """Publish it, or hold it for its transaction."""
        self._exchange.check_send(session, frame)
        transaction = self._transaction_of(session, frame)
        if transaction is not None:
            self._hold(session, transaction, frame)
            return False
        if not self._exchange.is_repeat(session, frame, now):
            parcels = self._exchange.resolve(session, frame, now)
            self._exchange.check_room(parcels)
            self._exchange.publish_once(session, frame, parcels, now)
        return True

    def subscribe(self, session: Session, frame: Frame, now: float) -> bool:
        """Attach a new subscription to whatever its destination is."""
        destination = frame.get("destination") or ""
        check("SUBSCRIBE", destination, self._config.limits)
        self._exchange.access.demand("SUBSCRIBE", destination, session.user)
        subscription = self._new_subscription(session, frame, destination)
        kind = self._exchange.kind(destination)
        if kind in {Kind.TOPIC, Kind.QUEUE} and (owned := translated(destination)):
            if owned[1] == session.id:
                kind, destination = Kind.USER, f"/user{owned[0]}"
            elif self._exchange.users.is_here(owned[1]):
                raise Violation(f"SUBSCRIBE: destination {shown(destination)} is another session's", POLICY)
        last_seen = frame.get("last-seen")
        if last_seen is not None and (kind is not Kind.TOPIC or is_pattern(destination)):
            raise Violation("SUBSCRIBE: last-seen is for one topic; a queue keeps what was not acknowledged by itself")
        if kind is Kind.USER:
            self._exchange.users.subscribe(subscription, own_channel(destination, session.id, session.user))
        elif kind is Kind.APP:
            self._answer(subscription, frame, now)
        elif kind is Kind.NONE and not self._exchange.spring:
            raise Violation(f"SUBSCRIBE: destination {shown(destination)} leads nowhere; {KNOWN}")
        return self._attach(subscription, kind, frame, now)

    def _attach(self, subscription: Subscription, kind: Kind, frame: Frame, now: float) -> bool:
        """Have it get what comes to its topic or queue; whether the receipt is due."""
        if kind is Kind.TOPIC:
            self._exchange.topics.subscribe(subscription)
            last_seen = frame.get("last-seen")
            if last_seen is not None:
                replay_after(subscription, last_seen, self._exchange, now)
        elif kind is Kind.QUEUE:
            self._exchange.queues.subscribe(subscription, now)
        return True

    def unsubscribe(self, session: Session, frame: Frame, now: float) -> bool:
        """End a subscription; what it has not acknowledged goes back."""
        key = frame.get("id")
        if key is None and (destination := frame.get("destination")):  # 1.0 only: elsewhere the id is required
            key = _unnamed(destination)
            if key not in session.subscriptions:
                key = next((k for k, each in session.subscriptions.items() if each.destination == destination), key)
        subscription = session.subscriptions.pop(key or "", None)
        if subscription is None:
            raise Violation(f"UNSUBSCRIBE: id {shown(key or '')} is no subscription of this session")
        self._give_back(self._detach(subscription), now)
        return True

    def begin_session(self, session: Session) -> None:
        """It is connected."""
        self._exchange.users.enter(session)

    def end_all(self, session: Session, now: float) -> None:
        """The session is over: it is not among the users any more. Abort its transactions, end its subscriptions, give
        everything back at once, so that it is in order again before any of it goes out."""
        self._exchange.users.leave(session)
        left = self._let_go(session.transactions.values())
        for subscription in session.subscriptions.values():
            left += self._detach(subscription)
        session.transactions.clear()
        session.subscriptions.clear()
        self._give_back(left, now)

    def _detach(self, subscription: Subscription) -> list[Delivery]:
        """End it; what it has not acknowledged."""
        subscription.open = False
        exchange = self._exchange
        kind = exchange.kind(subscription.destination)
        exchange.users.unsubscribe(subscription)
        if kind is Kind.TOPIC:
            exchange.topics.unsubscribe(subscription)
        elif kind is Kind.QUEUE:
            exchange.queues.unsubscribe(subscription)
        return exchange.ledger.abandon(subscription)

    def ack(self, session: Session, frame: Frame, now: float) -> bool:
        """Messages were consumed, or were not (NACK)."""
        deliveries = self._exchange.ledger.find(session, frame)
        transaction = self._transaction_of(session, frame)
        if transaction is not None:
            self._hold(session, transaction, Settlement(frame.command, deliveries, frame.get("receipt")))
            return False
        self._settle(frame.command, deliveries, now)
        return True

    def begin(self, session: Session, frame: Frame, now: float) -> bool:
        """Open a transaction."""
        name = frame.get("transaction") or ""
        if name in session.transactions:
            raise Violation(f"BEGIN: transaction {shown(name)} is open already; each needs another name")
        if len(session.transactions) >= self._config.limits.transactions:
            raise Violation(f"BEGIN: at most {self._config.limits.transactions} transactions may be open", POLICY)
        session.transactions[name] = Transaction()
        return True

    def commit(self, session: Session, frame: Frame, now: float) -> bool:
        """Carry a transaction out, all or nothing: everything that can fail is done before the first effect."""
        transaction = session.transactions[self._existing(session, frame)]
        parcels = {
            index: self._exchange.resolve(session, action, now)
            for index, action in enumerate(transaction.actions)
            if isinstance(action, Frame) and not self._exchange.is_repeat(session, action, now)
        }
        self._exchange.check_room([parcel for each in parcels.values() for parcel in each])
        del session.transactions[frame.get("transaction") or ""]
        actions = list(transaction.actions)
        transaction.let_go()
        for index, action in enumerate(actions):
            if isinstance(action, Frame):
                if not self._exchange.is_repeat(session, action, now):
                    self._exchange.publish_once(session, action, parcels[index], now)
                self.receipt(session, action.get("receipt"))
            else:
                self._settle(action.command, action.deliveries, now)
                self.receipt(session, action.receipt)
        return True

    def abort(self, session: Session, frame: Frame, now: float) -> bool:
        """Drop a transaction: its SENDs never were, its messages can be acknowledged again. What it held has no effect,
        so none of it gets a receipt."""
        self._give_back(self._let_go([session.transactions.pop(self._existing(session, frame))]), now)
        return True

    def _let_go(self, transactions: Iterable[Transaction]) -> list[Delivery]:
        """Undo them; what nobody can acknowledge any more, since its subscription has ended meanwhile."""
        held = [delivery for transaction in transactions for delivery in transaction.let_go()]
        left = [delivery for delivery in held if not delivery.subscription.open]
        self._exchange.ledger.settle(left)
        return left

    def _new_subscription(self, session: Session, frame: Frame, destination: str) -> Subscription:
        name, mode = frame.get("id"), frame.get("ack") or "auto"
        key = _unnamed(destination) if name is None else name
        if mode not in MODES:
            raise Violation(f"SUBSCRIBE: ack {shown(mode)} is no mode; it is {', '.join(MODES)}")
        if key in session.subscriptions:
            raise Violation(f"SUBSCRIBE: id {shown(name or destination)} is in use; each subscription has its own")
        limits = self._config.limits
        if len(session.subscriptions) >= limits.subscriptions:
            raise Violation(f"SUBSCRIBE: a session has at most {limits.subscriptions} subscriptions", POLICY)
        subscription = Subscription(
            session, name, destination, _mode(mode, self._exchange.spring), limits.unacknowledged
        )
        session.subscriptions[key] = subscription
        return subscription

    def _answer(self, subscription: Subscription, frame: Frame, now: float) -> None:
        """SUBSCRIBE of an application destination: its handler's reply, to this subscription, once."""
        destination = subscription.destination
        handler = self._config.subscribe_handlers.get(destination)
        if handler is None:
            if self._exchange.spring:
                return
            known = ", ".join(sorted(self._config.subscribe_handlers)) or "none"
            raise Violation(f"SUBSCRIBE: destination {shown(destination)} has no handler; there are {known}")
        request = Parcel(destination, frame.headers, b"")
        for reply in self._exchange.call(handler, subscription.session, request, now):
            self._exchange.ledger.deliver(subscription, self._exchange.answer(reply, destination, now))

    def _transaction_of(self, session: Session, frame: Frame) -> Transaction | None:
        """None where it is in none, or the broker knows none, as Spring's: then it takes effect at once."""
        if frame.get("transaction") is None or self._exchange.spring:
            return None
        return session.transactions[self._existing(session, frame)]

    @staticmethod
    def _existing(session: Session, frame: Frame) -> str:
        name = frame.get("transaction") or ""
        if name not in session.transactions:
            raise Violation(f"{frame.command}: transaction {shown(name)} is not open; BEGIN opens one")
        return name

    def _hold(self, session: Session, transaction: Transaction, action: Frame | Settlement) -> None:
        transaction.hold(action)
        check_bounds(session.transactions, self._config.limits)

    def _settle(self, command: str, deliveries: tuple[Delivery, ...], now: float) -> None:
        self._exchange.ledger.settle(deliveries)
        if command == "NACK":
            self._give_back(list(deliveries), now)
        for subscription in {each.subscription: None for each in deliveries}:
            self._exchange.queues.credited(subscription, now)

    def _give_back(self, deliveries: list[Delivery], now: float) -> None:
        """What was not consumed: a queue's to the queue, a topic's to its subscriber again while that makes sense."""
        exchange, limits = self._exchange, self._config.limits
        exchange.queues.take_back((each for each in deliveries if each.from_queue), now)
        for each in deliveries:
            if each.from_queue or not each.subscription.open:
                continue
            if each.tries < limits.tries:
                exchange.ledger.deliver(each.subscription, each.message, each.tries + 1)
            else:
                exchange.queues.dead_letter(each.message, "not acknowledged", now)


def _unnamed(destination: str) -> str:
    """The key of a 1.0 subscription without an id; no id can be equal to it, since headers hold no NUL."""
    return f"\0{destination}"


def _mode(mode: str, spring: bool) -> Mode:
    """Spring's simple broker knows no acknowledgement."""
    if spring or mode == "auto":
        return "auto"
    return "client" if mode == "client" else "client-individual"
