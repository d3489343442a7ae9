"""The broker's knobs: limits with their close codes, who may do what, and which semantics it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from labs.broker.handlers import SAMPLES, SUBSCRIBE_SAMPLES, Handler
from labs.rules.limits import Slow

PROTOCOL_ERROR, POLICY, TOO_BIG, TRY_LATER, EXPIRED = 1002, 1008, 1009, 1013, 4401

Semantics = Literal["full", "spring"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stranger may cost. Sizes in bytes, times in seconds; beside each the close code that follows its ERROR.

    `message`, `header_bytes`, `headers`, `line`, `body` and `before_connect` hold before anything is buffered.
    """

    message: int = 4 * 1024 * 1024  # one WebSocket message; 1009
    header_bytes: int = 64 * 1024  # command and headers of a frame; 1009
    headers: int = 1000  # of a frame; 1009
    line: int = 10 * 1024  # one header line; 1009
    body: int = 4 * 1024 * 1024  # of a frame; 1009
    before_connect: int = 64 * 1024  # everything up to the end of CONNECT; 1009
    connect_seconds: float = 10.0  # from open to CONNECT; 1008
    destination: int = 1024  # the destination header; 1008
    wildcards: int = 8  # in a pattern; 1008
    subscriptions: int = 1000  # a session; 1008
    sessions_per_user: int = 16_384  # 1008
    sessions_per_address: int = 16_384  # 1008
    frames_per_second: float = 50_000.0  # a session, averaged by a token bucket; 1008
    frames_burst: int = 100_000  # what the bucket holds; 1008
    transactions: int = 100  # open in a session; 1008
    transaction_frames: int = 10_000  # held by a session's open transactions; 1008
    transaction_bytes: int = 16 * 1024 * 1024  # held by a session's open transactions; 1009
    unacknowledged: int = 1000  # a subscription: a queue waits, a topic's subscriber is too slow: 1008
    outgoing: int = 1024 * 1024  # what a slow consumer may be behind, beyond its socket's buffer; 1008 (`Slow`)
    destinations: int = 10_000  # topics that are remembered, and queues; when all are in use: 1013
    queue_messages: int = 100_000  # waiting in one queue; 1013
    stored_bytes: int = 256 * 1024 * 1024  # waiting in all queues; 1013
    queue_seconds: float = 3600.0  # a message waits in a queue
    tries: int = 5  # deliveries of a message before it is dead-lettered
    replay_messages: int = 1000  # kept of a topic for `last-seen`
    replay_bytes: int = 1024 * 1024  # kept of a topic for `last-seen`
    replay_seconds: float = 300.0  # kept of a topic for `last-seen`
    replay_stored: int = 64 * 1024 * 1024  # kept of all topics for `last-seen`: the least recent give way
    idempotency_key: int = 128  # characters of the header that names a SEND; 1008
    idempotency_keys: int = 1000  # remembered of a user
    idempotency_stored: int = 100_000  # remembered of all users: the least recently active give way
    idempotency_seconds: float = 300.0  # remembered


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a session acts for. `expires` is on the clock of `now`; at that time the session ends with 4401."""

    user: str | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: its address without the port, and the identity that the handshake established, if any
    (query, cookie, ticket, subprotocol)."""

    address: str = ""
    identity: Identity | None = None


class Refused(Exception):
    """Raised by an authenticator: the text goes to the client as an ERROR (so: no token in it), then `code` closes."""

    def __init__(self, text: str, code: int = POLICY) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


Authenticator = Callable[[Peer, Mapping[str, str], float], Identity]


def everyone(peer: Peer, headers: Mapping[str, str], now: float) -> Identity:
    """The authenticator of an open door: the handshake's identity, else the `login` header is the user's name."""
    return peer.identity or Identity(headers.get("login") or None)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may SUBSCRIBE to, or SEND to, what matches `pattern` (`*`, `**`); of a list the first that fits decides.

    `users`: None for everybody, else names. Where none fits it is allowed. A subscription to a pattern gets only what
    its user might subscribe to by name.
    """

    action: Literal["SUBSCRIBE", "SEND", "any"]
    pattern: str
    allow: bool
    users: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """Everything that one may choose of a broker.

    `semantics`: `full`, or `spring` for what Spring's simple broker does where the two differ. `heart_beat`: the least
    milliseconds between ours, and between the peer's (0: none). `tolerance`: a peer is dead after that many of its
    intervals in silence. `slow`: what becomes of a consumer that does not keep up. `node` begins every message id: give
    each node of a cluster, and each start of it, another one, of letters, digits and `.-_`. `hosts`: virtual hosts,
    None for any. `wall` is the Unix time at the `now` that the broker was made with. `relayed`: emit `Published`.
    """

    semantics: Semantics = "full"
    limits: Limits = Limits()
    heart_beat: tuple[int, int] = (1000, 1000)
    tolerance: float = 2.5
    slow: Slow = "disconnect"
    node: str = "n0"
    server: str = "ws-tutor"
    hosts: frozenset[str] | None = None
    authenticate: Authenticator = everyone
    rules: tuple[Rule, ...] = ()
    handlers: Mapping[str, Handler] = field(default_factory=lambda: SAMPLES)
    subscribe_handlers: Mapping[str, Handler] = field(default_factory=lambda: SUBSCRIBE_SAMPLES)
    dead_letters: str = "/queue/dead-letter"
    wall: float = 0.0
    relayed: bool = False


def as_spring(config: BrokerConfig) -> BrokerConfig:
    """The same broker with the semantics and heart-beats of Spring's simple broker with a task scheduler."""
    return replace(config, semantics="spring", heart_beat=(10_000, 10_000), tolerance=3.0)
