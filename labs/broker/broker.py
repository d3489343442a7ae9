"""The broker's door: sessions come and go, bytes come in, effects go out. `now` is any monotonic clock, in seconds."""

from __future__ import annotations

import math
import re

from labs.broker.commands import Commands
from labs.broker.config import EXPIRED, POLICY, PROTOCOL_ERROR, TOO_BIG, BrokerConfig, Peer
from labs.broker.connect import Terms, answer, heart_beats, terms_of
from labs.broker.counters import Counters
from labs.broker.destinations import Kind, kind_of
from labs.broker.effects import Close, Effect, Reading
from labs.broker.exchange import Exchange
from labs.broker.message import HEART_BEAT, error
from labs.broker.outbound import Outbound
from labs.broker.session import Session, State
from labs.broker.timers import Timers
from labs.broker.violation import Violation
from labs.rules.limits import Tally, TokenBucket
from labs.wire.stomp import Event, Frame, HeartBeat, StompError, StompParser
from labs.wire.stomp import Limits as ParserLimits

NORMAL, RESTART = 1000, 1012
EARLY_AHEAD = 4  # times `before_connect` that a first message may grow to: frames may follow CONNECT in the same one
_IGNORED_BY_SPRING = frozenset({"ACK", "NACK", "BEGIN", "COMMIT", "ABORT"})
_NODE = re.compile(r"[A-Za-z0-9._-]+")


class Broker:
    """A STOMP 1.0, 1.1 and 1.2 broker. It is not thread-safe and never blocks; every call returns what to do now.

    Nothing that a client sends raises. Effects are in order: carry them out as they come, before the next call.
    """

    def __init__(self, config: BrokerConfig, now: float) -> None:
        if not _NODE.fullmatch(config.node):
            raise ValueError(f"node {config.node!r}: it is made of letters, digits, dot, dash and underscore")
        if kind_of(config.dead_letters) is not Kind.QUEUE:
            raise ValueError(f"dead letters {config.dead_letters!r}: they go to a queue, /queue/…")
        self.config = config
        self.counters = Counters()
        limits = config.limits
        self._parsing = ParserLimits(limits.header_bytes, limits.headers, limits.line, limits.body)
        self._buffer = 2 * max(
            limits.message, limits.body + limits.header_bytes
        )  # bytes of a session's frames, at most
        self._outbound = Outbound(config, self.counters)
        self._exchange = Exchange(config, self._outbound, self.counters, now)
        self._commands = self._make_commands()
        self._actions = self._commands.by_name()
        self._sessions: dict[str, Session] = {}
        self._users = Tally(limits.sessions_per_user)
        self._addresses = Tally(limits.sessions_per_address)
        self._timers = Timers(limits, now)
        self._unread: dict[str, None] = {}  # sessions whose frames were not all carried out, the next first
        self._now = now
        self._drain: tuple[float, int, str] | None = None  # until when, and how to close

    def open(self, session: str, peer: Peer, now: float) -> list[Effect]:
        """A connection is up. `session` is public (CONNECTED carries it) and names the session in every effect; it must
        be unguessable and unique, as of `secrets.token_hex(8)` - not the id that a SockJS client chose. Closes it at
        once where its address has too many."""
        opened = Session(session, peer, self.config.limits, now)
        self._sessions[session] = opened
        self.counters.sessions += 1
        if self._drain is not None:
            _, code, reason = self._drain
            opened.state = State.CLOSED
            self._outbound.add(Close(session, code, reason))
        elif not self._addresses.enter(peer.address):
            at_most = self.config.limits.sessions_per_address
            self._fail(opened, Violation(f"an address has at most {at_most} sessions", POLICY), now)
        else:
            opened.counted = True
            self._timers.watch(opened)
        return self._finish(now)

    def receive(self, session: str, data: bytes | str, now: float) -> list[Effect]:
        """One WebSocket message (or any piece of the byte stream) from the peer. After a Close, or for a session that
        is not open, it is dropped."""
        here = self._sessions.get(session)
        if here is None or here.state is State.CLOSED:
            return []
        raw = data.encode(errors="replace") if isinstance(data, str) else data
        self._take_in(here, raw, now)
        return self._finish(now, here)

    def too_big(self, session: str, now: float) -> list[Effect]:
        """The driver refuses a message larger than `Limits.message` before it has read it: an ERROR, and the end."""
        here = self._sessions.get(session)
        if here is not None and here.state is not State.CLOSED:
            at_most = self.config.limits.message
            self._fail(here, Violation(f"a message of more than {at_most} bytes, the most that is taken", TOO_BIG), now)
        return self._finish(now)

    def growing(self, session: str, size: int, now: float) -> list[Effect]:
        """The driver keeps so many bytes of a message that is not whole: too many of who has not connected, and a sign
        of life of who has, since no heart-beat can come before its end."""
        here = self._sessions.get(session)
        if here is not None and here.beats is not None:
            here.beats.heard_at = now
        elif here is not None and here.state is State.OPENING and not here.waiting:
            self._check_early(here, here.early_bytes + size, EARLY_AHEAD * self.config.limits.before_connect, now)
        return self._finish(now)

    def lost(self, session: str, now: float) -> list[Effect]:
        """The connection is gone, however it went: its transactions are aborted, what it had not acknowledged goes back
        to the front of its queues. Call it once for every open(), after a Close too; again is harmless."""
        gone = self._sessions.pop(session, None)
        if gone is None:
            return []
        self._end(gone, now)
        self.counters.sessions -= 1
        if gone.counted:
            self._addresses.leave(gone.peer.address)
        return self._finish(now)

    def congested(self, session: str, now: float) -> list[Effect]:
        """The session's socket takes no more (asyncio's `pause_writing`). Until writable(), what is for it waits here,
        within `Limits.outgoing` and by the policy `BrokerConfig.slow`; nobody else waits."""
        here = self._sessions.get(session)
        if here is not None and here.state is not State.CLOSED:
            self._outbound.hold(session)
        return self._finish(now)

    def writable(self, session: str, now: float) -> list[Effect]:
        """The session's socket takes more again (`resume_writing`): what has waited, in order."""
        self._outbound.release(session)
        here = self._sessions.get(session)
        if here is not None:
            for subscription in here.subscriptions.values():
                self._exchange.queues.credited(subscription, now)
        return self._finish(now)

    def next_deadline(self) -> float:
        """When tick() is due at the latest; `inf` when nothing waits. May be in the past: there is work left over that
        a call broke off so as not to hold up the others. It changes with every call."""
        if self._unread or self._exchange.queues.unfinished:
            return self._now
        until = math.inf if self._drain is None else self._drain[0]
        return min(until, self._timers.next(keeping=self._exchange.keeps_messages))

    def tick(self, now: float) -> list[Effect]:
        """What is due: heart-beats, silent peers, expired identities and messages, work that was broken off."""
        self._exchange.queues.go_on(now)  # what is here goes out before more is taken in
        while self._unread and not self._outbound.exhausted:
            name = next(iter(self._unread))
            del self._unread[name]  # if it is not done, it is behind the others again
            session = self._sessions[name]
            self._resume(session, now)
            self._let_go(session, now)
        for session in self._timers.due(now):
            self._on_time(session, now)
        if self._timers.sweep_due(now):
            self._exchange.sweep(now)
        if self._drain is not None and now >= self._drain[0]:
            for session in list(self._sessions.values()):
                self._say_goodbye(session, now)
            self._drain = (math.inf, *self._drain[1:])
        return self._finish(now)

    def drain(self, now: float, seconds: float, code: int = RESTART, reason: str = "") -> list[Effect]:
        """Close every session with that code: at once where nothing is unacknowledged, else when it is acknowledged or
        `seconds` have passed. Queues deliver nothing more, new sessions are closed."""
        self._drain = (now + seconds, code, reason)
        self._exchange.queues.drain()
        for session in list(self._sessions.values()):
            self._let_go(session, now)
        return self._finish(now)

    @property
    def drained(self) -> bool:
        """drain() was called and no session is left to close."""
        return self._drain is not None and all(each.state is State.CLOSED for each in self._sessions.values())

    def _make_commands(self) -> Commands:
        return Commands(self.config, self._exchange, self._outbound)

    # Bytes in.

    def _take_in(self, session: Session, raw: bytes, now: float) -> None:
        limits = self.config.limits
        if session.beats is not None:
            session.beats.heard_at = now
        if len(raw) > limits.message:
            self._fail(
                session, Violation(f"a message of {len(raw)} bytes; at most {limits.message} are taken", TOO_BIG), now
            )
        elif session.parser.buffered + len(raw) > self._buffer:
            self._fail(session, Violation("frames come faster than they can be carried out", POLICY), now)
        else:
            early = session.state is State.OPENING
            session.parser.feed(raw)
            self._read(session, now)
            if early and session.state is State.OPENING and not session.waiting:
                self._count_early(session, len(raw), now)

    def _count_early(self, session: Session, size: int, now: float) -> None:
        session.early_bytes += size
        self._check_early(session, session.early_bytes, self.config.limits.before_connect, now)

    def _check_early(self, session: Session, size: int, at_most: int, now: float) -> None:
        if size > at_most:
            self._fail(session, Violation(f"more than {at_most} bytes and no CONNECT", TOO_BIG), now)

    def _read(self, session: Session, now: float) -> None:
        """Carry out the frames that are there, until the call has done its share."""
        while session.state is not State.CLOSED:
            if self._outbound.exhausted:
                self._unread[session.id] = None
                self._pause(session)
                return
            event = self._next_event(session)
            if event is None:
                return
            try:
                self._event(session, event, now)
            except Violation as violation:
                receipt = event.receipt if isinstance(event, StompError) else None
                self._fail(session, violation, now, event.get("receipt") if isinstance(event, Frame) else receipt)

    def _pause(self, session: Session) -> None:
        """Leave to the network what it has not sent yet: its frames cannot be carried out as fast as they come."""
        if not session.paused:
            session.paused = True
            self._outbound.add(Reading(session.id, False))

    def _resume(self, session: Session, now: float) -> None:
        """Carry out what was put off; then more may come."""
        self._read(session, now)
        if session.paused and not self._put_off(session) and session.state is not State.CLOSED:
            session.paused = False
            if session.beats is not None:
                session.beats.heard_at = now
            self._outbound.add(Reading(session.id, True))

    def _put_off(self, session: Session) -> bool:
        """Whether frames of it wait, for the store or for their turn."""
        return bool(session.waiting) or session.id in self._unread

    def _next_event(self, session: Session) -> Event | None:
        """What is to be carried out next; None when there is nothing yet."""
        return session.parser.next_event()

    def _event(self, session: Session, event: Event, now: float) -> None:
        if isinstance(event, HeartBeat):
            return
        if isinstance(event, StompError):
            raise Violation(event.text, TOO_BIG if event.too_big else PROTOCOL_ERROR)
        self.counters.frames_in += 1
        if session.bucket is not None and not session.bucket.take(now):
            raise Violation(f"more than {self.config.limits.frames_per_second:g} frames a second", POLICY)
        if self._exchange.spring and self._ignored(session, event):
            return
        action = session.action(event)
        if action == "connect":
            self._connect(session, event, now)
        elif action == "disconnect":
            self._disconnect(session, event, now)
        elif self._actions[action](session, event, now) and not self._exchange.spring:
            self._commands.receipt(session, event.get("receipt"))

    @staticmethod
    def _ignored(session: Session, frame: Frame) -> bool:
        """What Spring's simple broker drops without a word."""
        nameless = frame.command == "SUBSCRIBE" and not frame.get("id")
        return session.state is State.CONNECTED and (nameless or frame.command in _IGNORED_BY_SPRING)

    def _connect(self, session: Session, frame: Frame, now: float) -> None:
        terms = terms_of(frame, session, self.config, now)
        user = terms.identity.user
        if user is not None and not self._users.enter(user):
            raise Violation(f"{frame.command}: a user has at most {self._users.limit} sessions", POLICY)
        self._begin(session, terms, now)

    def _begin(self, session: Session, terms: Terms, now: float) -> None:
        """It is connected."""
        session.identity = terms.identity
        session.version = session.parser.version = terms.version
        session.parser.limits = self._parsing
        session.beats = heart_beats(terms, self.config, now)
        limits = self.config.limits
        session.bucket = TokenBucket(limits.frames_per_second, limits.frames_burst, now)
        session.state = State.CONNECTED
        self._commands.begin_session(session)
        self.counters.connected += 1
        self._timers.watch(session)
        self._outbound.frame(session.id, answer(terms, session, self.config))

    def _disconnect(self, session: Session, frame: Frame, now: float) -> None:
        self._outbound.release(session.id)
        self._end(session, now)
        self._part(session, frame)

    def _part(self, session: Session, frame: Frame) -> None:
        """The end of a session that said DISCONNECT: its receipt, then the close."""
        self._commands.receipt(session, frame.get("receipt"))
        self._outbound.add(Close(session.id, NORMAL))

    # Time.

    def _on_time(self, session: Session, now: float) -> None:
        if session.paused and session.beats is not None:  # it may have said something that was not read
            session.beats.heard_at = now
        expires, beats = session.identity.expires, session.beats
        if expires is not None and now >= expires:
            self._fail(session, Violation("what this session was authenticated with has expired", EXPIRED), now)
        elif beats is None:
            seconds = self.config.limits.connect_seconds
            self._fail(session, Violation(f"no CONNECT within {seconds:g} s", POLICY), now)
        elif now >= beats.silent_at:
            silence = f"nothing received for {now - beats.heard_at:.1f} s, against the heart-beats agreed on"
            self._fail(session, Violation(silence), now)
        else:
            if beats.due(now) and session.id not in self._outbound.full:
                self._outbound.frame(session.id, HEART_BEAT)
            self._timers.watch(session)

    # The end.

    def _fail(self, session: Session, violation: Violation, now: float, receipt: str | None = None) -> None:
        """ERROR, close, and nothing of it afterwards."""
        known = None if session.state is State.OPENING else session.version
        self.counters.errors += 1
        self._outbound.last_words(
            session.id, error(violation.text, receipt, known, violation.headers), violation.code, violation.text
        )
        self._end(session, now)

    def _let_go(self, session: Session, now: float) -> None:
        """While draining, close it as soon as it owes nothing and nothing of it waits."""
        if self._drain is not None and not session.unacknowledged and not self._put_off(session):
            self._say_goodbye(session, now)

    def _say_goodbye(self, session: Session, now: float) -> None:
        if session.state is not State.CLOSED and self._drain is not None:
            _, code, reason = self._drain
            self._outbound.release(session.id)
            self._end(session, now)
            self._outbound.add(Close(session.id, code, reason))

    def _end(self, session: Session, now: float) -> None:
        """Undo what it has begun, give back what it has not acknowledged; once."""
        was, session.state = session.state, State.CLOSED
        session.parser = StompParser()
        self._unread.pop(session.id, None)
        self._outbound.forget(session.id)
        self._timers.forget(session)
        if was is State.CONNECTED:
            self.counters.connected -= 1
            if session.user is not None:
                self._users.leave(session.user)
            self._commands.end_all(session, now)

    def _finish(self, now: float, session: Session | None = None) -> list[Effect]:
        """The effects of a call, when who is too slow has been dropped and who is done while draining, too."""
        self._now = now
        while self._outbound.overrun:
            slow = self._sessions.get(self._outbound.overrun.pop())
            if slow is not None and slow.state is not State.CLOSED:
                self._fail(slow, Violation("too slow: what is for this session does not fit any more", POLICY), now)
        if session is not None:
            self._let_go(session, now)
        self.counters.slow = len(self._outbound.full)
        return self._outbound.take()
