"""The effects of the call that is being carried out, in order; and what waits for sessions whose socket is full."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from labs.broker.config import BrokerConfig
from labs.broker.counters import Counters
from labs.broker.effects import Close, Effect, Head, Send
from labs.broker.message import Message
from labs.broker.subscription import Subscription
from labs.rules.limits import Backlog

# How many bytes a call writes before it leaves the rest of its work to the next tick: what one message of a client can
# make the broker do at once.
BUDGET = 4 * 1024 * 1024


class _Waiting(NamedTuple):
    head: bytes
    tail: bytes
    message: Message | None


class Outbound:
    """Collects what a call has to say. Sessions in `full` (by id) get what is for them later."""

    def __init__(self, config: BrokerConfig, counters: Counters) -> None:
        self._limit = config.limits.outgoing
        self._policy = config.slow
        self._counters = counters
        self._effects: list[Effect] = []
        self.full: dict[str, Backlog[_Waiting]] = {}
        self.overrun: list[str] = []  # sessions that are too slow to keep
        self.spent = 0  # bytes, of this call

    def take(self) -> list[Effect]:
        """The effects so far; a new call begins."""
        effects, self._effects = self._effects, []
        self.spent = 0
        return effects

    @property
    def exhausted(self) -> bool:
        """Whether this call has written enough."""
        return self.spent >= BUDGET

    def add(self, effect: Effect) -> None:
        """Any effect that is no frame."""
        self._effects.append(effect)

    def frame(self, session: str, data: bytes) -> None:
        """A frame of the session's own: RECEIPT, heart-beat and the like. It is never dropped."""
        if session in self.full:
            self._wait(session, _Waiting(data, b"", None), None)
        else:
            self._effects.append(Send(((data, (session,)),)))
            self.spent += len(data)

    def last_words(self, session: str, data: bytes, code: int, reason: str) -> None:
        """A frame and the end of the connection; what waited is forgotten."""
        self.forget(session)
        if data:
            self._effects.append(Send(((data, (session,)),)))
        self._effects.append(Close(session, code, _cut(reason)))

    def message(self, subscription: Subscription, head: bytes, message: Message) -> None:
        """A MESSAGE to one subscription."""
        session = subscription.session
        tail = message.tail(session.version)
        self._counters.messages_out += 1
        if session.id in self.full:
            topic = (subscription.id, message.destination) if subscription.mode == "auto" else None
            self._wait(session.id, _Waiting(head, tail, message), topic)
        else:
            self._effects.append(Send(((head, (session.id,)),), tail, message.binary, message.born))
            self.spent += len(head) + len(tail)

    def fan_out(self, heads: tuple[Head, ...], count: int, tail: bytes, message: Message) -> None:
        """A MESSAGE to `count` sessions under `heads`; all their subscriptions are `auto`."""
        self._counters.messages_out += count
        self.spent += (len(tail) + 40) * count
        if self.full:
            heads = self._without_full(heads, tail, message)
        if heads:
            self._effects.append(Send(heads, tail, message.binary, message.born))

    def hold(self, session: str) -> None:
        """From now on what is for the session waits."""
        if session not in self.full:
            self.full[session] = Backlog(self._limit, self._policy)

    def release(self, session: str) -> None:
        """What has waited, in order; it waits no more."""
        backlog = self.full.pop(session, None)
        if backlog is None:
            return
        self._counters.dropped += backlog.dropped
        for head, tail, message in backlog.drain():
            binary = message is not None and message.binary
            self._effects.append(Send(((head, (session,)),), tail, binary, message.born if message else None))

    def forget(self, session: str) -> None:
        """Drop what waits: the session is over."""
        backlog = self.full.pop(session, None)
        if backlog is not None:
            self._counters.dropped += backlog.dropped

    def _without_full(self, heads: tuple[Head, ...], tail: bytes, message: Message) -> tuple[Head, ...]:
        ready = []
        for head, sessions in heads:
            slow = [session for session in sessions if session in self.full]
            for session in slow:
                self._wait(session, _Waiting(head, tail, message), (head, message.destination))
            if not slow:
                ready.append((head, sessions))
            elif len(slow) < len(sessions):
                ready.append((head, tuple(session for session in sessions if session not in self.full)))
        return tuple(ready)

    def _wait(self, session: str, entry: _Waiting, topic: Hashable) -> None:
        if not self.full[session].add(entry, len(entry.head) + len(entry.tail), topic):
            self.overrun.append(session)


def _cut(reason: str) -> str:
    """At most 123 bytes of UTF-8, which is what a close frame holds (RFC 6455 §5.5.1)."""
    return reason.encode()[:123].decode(errors="ignore")
