"""The broker's door: sessions come and go, bytes come in, effects go out. `now` is any monotonic clock, in seconds."""

from __future__ import annotations

import math

from labs.broker.config import BrokerConfig, Peer
from labs.broker.counters import Counters
from labs.broker.effects import Effect
from labs.wire.stomp import Headers


class Broker:
    """A STOMP 1.0, 1.1 and 1.2 broker. It is not thread-safe and never blocks; every call returns what to do now.

    Nothing that a client sends raises. Effects are in order: carry them out as they come, before the next call.
    """

    def __init__(self, config: BrokerConfig, now: float) -> None:
        self.config = config
        self.counters = Counters()

    def open(self, session: str, peer: Peer, now: float) -> list[Effect]:
        """A connection is up. `session` is public (CONNECTED carries it) and names the session in every effect; it must
        be unguessable and unique, as of `secrets.token_hex(8)` - not the id that a SockJS client chose. Closes it at
        once where its address has too many."""
        raise NotImplementedError

    def receive(self, session: str, data: bytes | str, now: float) -> list[Effect]:
        """One WebSocket message (or any piece of the byte stream) from the peer. After a Close, or for a session that
        is not open, it is dropped."""
        raise NotImplementedError

    def lost(self, session: str, now: float) -> list[Effect]:
        """The connection is gone, however it went: its transactions are aborted, what it had not acknowledged goes back
        to the front of its queues. Call it once for every open(), after a Close too; again is harmless."""
        raise NotImplementedError

    def congested(self, session: str, now: float) -> list[Effect]:
        """The session's socket takes no more (asyncio's `pause_writing`). Until writable(), what is for it waits here,
        within `Limits.outgoing` and by the policy `BrokerConfig.slow`; nobody else waits."""
        raise NotImplementedError

    def writable(self, session: str, now: float) -> list[Effect]:
        """The session's socket takes more again (`resume_writing`): what has waited, in order."""
        raise NotImplementedError

    def next_deadline(self) -> float:
        """When tick() is due at the latest; `inf` when nothing waits. May be in the past: there is work left over that
        a call broke off so as not to hold up the others. It changes with every call."""
        return math.inf

    def tick(self, now: float) -> list[Effect]:
        """What is due: heart-beats, silent peers, expired identities and messages, work that was broken off."""
        raise NotImplementedError

    def drain(self, now: float, seconds: float, code: int = 1012, reason: str = "") -> list[Effect]:
        """Close every session with that code: at once where nothing is unacknowledged, else when it is acknowledged or
        `seconds` have passed. Queues deliver nothing more, new sessions are closed."""
        raise NotImplementedError

    @property
    def drained(self) -> bool:
        """drain() was called and no session is left to close."""
        raise NotImplementedError

    def inject(
        self,
        destination: str,
        body: bytes,
        now: float,
        *,
        headers: Headers = (),
        message_id: str = "",
        sequence: int | None = None,
    ) -> list[Effect]:
        """Publish a message that comes from elsewhere: a relay (with the id and sequence that it has there) or the
        program itself. No rule applies, no `Published` follows."""
        raise NotImplementedError
