"""A broker that is one of several nodes: topics, queues and users are all of theirs, by a store that they share. What
is sent here reaches subscribers here by way of the store too, so that the order is the same on every node.

    effects = broker.answered(step, answer, now)     # to what an effect asked (demands.py)
    effects = broker.arrived(arrivals, now)          # in the order of the store, when `busy` is False
    effects = broker.readmitted(now)                 # the store knew nothing of this node any more
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from labs.broker.broker import NORMAL, Broker
from labs.broker.commands import Commands
from labs.broker.config import TRY_LATER, BrokerConfig
from labs.broker.connect import terms_of
from labs.broker.demands import Answer, Arrival, Arrived, Cut, Placed, QueueMade
from labs.broker.effects import Close, Effect
from labs.broker.message import error
from labs.broker.session import Session, State
from labs.broker.shared_commands import SharedCommands, message_of
from labs.broker.shared_queues import SharedQueues
from labs.broker.violation import Violation
from labs.wire.stomp import Event, Frame

# Bytes of frames behind the one that waits for the store; then the channel is not read. None behind a CONNECT.
READ_AHEAD = 64 * 1024


class SharedBroker(Broker):
    """A Broker whose frames take effect in a store; what that is asked are effects, what it says are calls."""

    def __init__(self, config: BrokerConfig, now: float) -> None:
        self._wall = config.wall - now
        self._made = now
        self._arrivals: deque[Arrival] = deque()
        self._redeeming: set[Session] = set()  # whose CONNECT waits for what its ticket is worth
        super().__init__(replace(config, relayed=True), now)

    def answered(self, step: int, answer: Answer, now: float) -> list[Effect]:
        """The store's answer to what had that step; another one of the same step is passed over."""
        session = self._answer(step, answer, now)
        return self._finish(now, session)

    def _answer(self, step: int, answer: Answer, now: float) -> Session | None:
        """Whose session it was."""
        wait = self._shared.waits.pop(step, None)
        if wait is None:
            return None
        session = wait.session
        over = session is None or session.state is State.CLOSED
        if session is not None and session.waiting == step:
            session.waiting = 0
        try:
            if wait.always or not over:
                wait.go_on(answer, now)
        except Violation as violation:
            if session is not None and session.state is not State.CLOSED:
                self._fail(session, violation, now, violation.receipt)
        if session is not None and session.state is not State.CLOSED:
            self._resume(session, now)
        return session

    def arrived(self, arrivals: Sequence[Arrival], now: float) -> list[Effect]:
        """What the store has for this node, in its order. A call does its share of it, tick() the rest."""
        self._arrivals.extend(arrivals)
        return self._work_off(now)

    @property
    def busy(self) -> bool:
        """Whether arrivals are left over; more had better wait."""
        return bool(self._arrivals)

    def next_deadline(self) -> float:
        """When tick() is due at the latest."""
        return self._now if self._arrivals else super().next_deadline()

    def tick(self, now: float) -> list[Effect]:
        """What is due, and arrivals that were left over."""
        return super().tick(now) + self._work_off(now)

    def _work_off(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._arrivals and not self._outbound.exhausted:
            arrival = self._arrivals.popleft()
            if isinstance(arrival, Placed):
                session = self._answer(arrival.step, arrival.answer, now)
                if self._drain is not None:
                    effects += self._finish(now, session)
            else:
                self._arrive(arrival, now)
        return effects + self._finish(now)

    def readmitted(self, now: float) -> list[Effect]:
        """This node was away for so long that the others gave back what it had, or the store began anew: tell it
        everything again. What sessions wait for is still to be answered."""
        self._arrivals = deque(each for each in self._arrivals if not isinstance(each, Arrived) or each.kind != "queue")
        here = [session for session in self._sessions.values() if session.state is State.CONNECTED]
        self._shared.readmitted(here, now)
        return self._finish(now)

    @property
    def highest(self) -> int:
        """No sequence number greater than this was seen here: where a store that begins anew should go on."""
        topics = (topic.sequence for topic in self._exchange.topics.listening())
        return max(self._queues.highest, *topics, 0)

    def _make_commands(self) -> Commands:
        queues = self._exchange.queues
        assert isinstance(queues, SharedQueues)
        self._queues = queues
        self._shared = SharedCommands(self.config, self._exchange, self._outbound, self._made)
        return self._shared

    def _arrive(self, arrival: Arrived | QueueMade | Cut, now: float) -> None:
        if isinstance(arrival, QueueMade):
            self._queues.made(arrival.queue)
        elif isinstance(arrival, Cut):
            self._shared.listen_again(now)
        elif arrival.kind == "queue":
            self._queues.arrived(arrival, now)
        elif arrival.kind == "topic":
            self._exchange.topics.publish_next(message_of(arrival, self._wall, now), now)
        else:
            self._tell_user(arrival, now)

    def _tell_user(self, arrival: Arrived, now: float) -> None:
        users = self._exchange.users
        users.publish(message_of(arrival, self._wall, now), arrival.channel, users.reached(arrival.name))

    # Frames wait for the store.

    def _next_event(self, session: Session) -> Event | None:
        if session.waiting:
            return None
        event, session.behind = session.behind, None
        event = event or super()._next_event(session)
        if self._shared.has_batch(session) and (event is None or not self._shared.joins_batch(session, event)):
            session.behind = event
            self._shared.submit_batch(session)
            return None
        return event

    def _event(self, session: Session, event: Event, now: float) -> None:
        opening = session.state is State.OPENING and session not in self._redeeming
        if opening and isinstance(event, Frame) and (ticket := event.get("ticket")):
            self._redeeming.add(session)
            session.behind = event
            self._shared.redeem(session, ticket)
            return
        self._redeeming.discard(session)
        try:
            super()._event(session, event, now)
        except Violation:
            if not self._shared.has_batch(session):
                raise
            session.behind = event  # what came before it takes effect first
            self._shared.submit_batch(session)

    def _connect(self, session: Session, frame: Frame, now: float) -> None:
        terms = terms_of(frame, session, self.config, now)
        user = terms.identity.user or ""
        self._shared.enter(session, frame, user, lambda later: self._begin(session, terms, later))

    def lost(self, session: str, now: float) -> list[Effect]:
        """The connection is gone."""
        if (gone := self._sessions.get(session)) is not None:
            self._redeeming.discard(gone)
        return super().lost(session, now)

    def _take_in(self, session: Session, raw: bytes, now: float) -> None:
        super()._take_in(session, raw, now)
        ahead = READ_AHEAD if session.state is State.CONNECTED else 0
        if session.waiting and session.parser.buffered >= ahead:
            self._pause(session)

    def _part(self, session: Session, frame: Frame) -> None:
        receipt = frame.get("receipt")

        def close(text: str | None) -> None:
            if text is None:
                self._outbound.add(Close(session.id, NORMAL))
            else:
                said = error(text, receipt, session.version)
                self._outbound.last_words(session.id, said, TRY_LATER, text)

        self._shared.part(session, receipt, close)
