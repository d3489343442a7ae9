"""The broker's knobs: limits with their close codes, who may do what, and which semantics it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from labs.broker.handlers import SAMPLES, SUBSCRIBE_SAMPLES, Handler
from labs.rules.limits import Slow
from labs.rules.setting import setting
from labs.wire.stomp import Version

PROTOCOL_ERROR, POLICY, TOO_BIG, TRY_LATER, EXPIRED = 1002, 1008, 1009, 1013, 4401

Semantics = Literal["full", "spring"]
Action = Literal["SUBSCRIBE", "SEND", "any"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stranger may cost. Sizes in bytes, times in seconds; beside each the close code that follows its ERROR.

    `message`, `header_bytes`, `headers`, `line`, `body` and `before_connect` hold before anything is buffered.
    """

    message: int = setting(4 * 1024 * 1024, "bytes of one WebSocket message", 1009)
    header_bytes: int = setting(64 * 1024, "bytes of the command and headers of a frame", 1009)
    headers: int = setting(1000, "headers of a frame", 1009)
    line: int = setting(10 * 1024, "characters of a header line", 1009)
    body: int = setting(4 * 1024 * 1024, "bytes of the body of a frame", 1009)
    before_connect: int = setting(64 * 1024, "bytes up to the end of CONNECT", 1009)
    connect_seconds: float = setting(10.0, "seconds from open to CONNECT", 1008)
    destination: int = setting(1024, "bytes of a destination", 1008)
    wildcards: int = setting(8, "wildcards in a pattern", 1008)
    subscriptions: int = setting(1000, "subscriptions of a session", 1008)
    sessions_per_user: int = setting(16_384, "sessions of a user at once", 1008)
    sessions_per_address: int = setting(16_384, "sessions of an address at once", 1008)
    frames_per_second: float = setting(50_000.0, "frames of a session a second, averaged by a token bucket", 1008)
    frames_burst: int = setting(100_000, "frames at once: what that bucket holds", 1008)
    transactions: int = setting(100, "transactions open in a session", 1008)
    transaction_frames: int = setting(10_000, "frames held by the open transactions of a session", 1008)
    transaction_bytes: int = setting(16 * 1024 * 1024, "bytes held by the open transactions of a session", 1009)
    unacknowledged: int = setting(
        1000, "messages a subscription has not acknowledged: a queue waits then, a topic's subscriber is too slow", 1008
    )
    unacknowledged_bytes: int = setting(64 * 1024 * 1024, "bytes of topics that a session has not acknowledged", 1008)
    outgoing: int = setting(
        1024 * 1024, "bytes that wait for a slow consumer beyond the buffer of its socket (slow-consumer)", 1008
    )
    destinations: int = setting(10_000, "topics, and queues, that are remembered, if all are in use", 1013)
    queue_messages: int = setting(100_000, "messages waiting in a queue", 1013)
    stored_bytes: int = setting(
        256 * 1024 * 1024, "bytes in all queues, with those delivered and not acknowledged", 1013
    )
    queue_seconds: float = setting(3600.0, "seconds that a message waits in a queue, then it is dead-lettered")
    tries: int = setting(5, "deliveries of a message, then it is dead-lettered")
    replay_messages: int = setting(1000, "messages of a topic that are kept for last-seen")
    replay_bytes: int = setting(1024 * 1024, "bytes of a topic that are kept for last-seen")
    replay_seconds: float = setting(300.0, "seconds that a message of a topic is kept for last-seen")
    replay_stored: int = setting(
        64 * 1024 * 1024, "bytes of all topics that are kept for last-seen; the least recent give way"
    )
    idempotency_key: int = setting(128, "characters of an idempotency-key", 1008)
    idempotency_keys: int = setting(1000, "idempotency-keys remembered of a user")
    idempotency_stored: int = setting(
        100_000, "idempotency-keys remembered of all users; the least recently active give way"
    )
    idempotency_seconds: float = setting(300.0, "seconds that an idempotency-key is remembered")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one may choose by a number or a word beside the limits; BrokerConfig says it in the broker's own terms."""

    heart_beat_send: int = setting(1000, "milliseconds between heart-beats to a client, at least; 0: none are sent")
    heart_beat_expect: int = setting(
        1000, "milliseconds between heart-beats of a client, at least; 0: none are expected"
    )
    heart_beat_tolerance: float = setting(2.5, "intervals of silence until a client is taken for dead; 0: it never is")
    slow_consumer: Literal["coalesce", "drop-oldest", "disconnect"] = setting(
        "disconnect", "what becomes of who does not keep up: coalesce, drop-oldest, disconnect"
    )
    dead_letters: str = setting("/queue/dead-letter", "the queue of what was not acknowledged, or waited too long")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a session acts for. `expires` is on the clock of `now`; at that time the session ends with 4401."""

    user: str | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: its address without the port, and the identity that the handshake established, if any
    (query, cookie, ticket, subprotocol). `version` is the one that the WebSocket's subprotocol names."""

    address: str = ""
    identity: Identity | None = None
    version: Version | None = None


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

    action: Action
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
    None for any. `wall` is the Unix time at the `now` that the broker was made with. `relayed`: queues, topics and
    users are shared with other nodes (SharedBroker).
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


def behaving(config: BrokerConfig, chosen: Mapping[str, Any]) -> BrokerConfig:
    """The same broker with some fields of Behaviour; the others stay as they are."""
    send, expect = config.heart_beat
    return replace(
        config,
        heart_beat=(chosen.get("heart_beat_send", send), chosen.get("heart_beat_expect", expect)),
        tolerance=chosen.get("heart_beat_tolerance", config.tolerance),
        slow=chosen.get("slow_consumer", config.slow),
        dead_letters=chosen.get("dead_letters", config.dead_letters),
    )
