"""One connection's state: what it may send now, as a table, and what it holds. What the frames do is in commands.py."""

from __future__ import annotations

import math
from enum import Enum

from labs.broker.config import Identity, Limits, Peer
from labs.broker.subscription import Subscription
from labs.broker.transaction import Transaction
from labs.broker.violation import Violation
from labs.rules.heartbeat import HeartBeats
from labs.rules.limits import TokenBucket
from labs.wire.stomp import CLIENT_COMMANDS, Event, Frame, StompParser, Version
from labs.wire.stomp import Limits as ParserLimits

VERSIONS: tuple[Version, ...] = ("1.0", "1.1", "1.2")


class State(Enum):
    """Where a session is in its life."""

    OPENING = "not connected"
    CONNECTED = "connected"
    CLOSED = "closed"


# A session goes one way: OPENING until its CONNECT is accepted, CONNECTED until it says DISCONNECT, breaks a rule or is
# lost, then CLOSED. What arrives in CLOSED is dropped unread: STOMP forbids frames behind a DISCONNECT, and behind an
# ERROR the client does not know which of its frames took effect, so none may.
#
# The table says which action each frame asks for; a frame without an entry is against the protocol, and the row says
# what would be right. NACK is not of 1.0. A frame's headers are checked here too, before its action is called, so that
# no action meets a frame that lacks what the specification requires.
ACTIONS: dict[State, dict[str, str]] = {
    State.OPENING: {"CONNECT": "connect", "STOMP": "connect"},
    State.CONNECTED: {
        command: command.lower()
        for command in (
            "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT", "DISCONNECT",
        )
    },
    State.CLOSED: {},
}  # fmt: skip

_TRANSACTION = ("transaction",)
_REQUIRED: dict[str, tuple[str, ...]] = {
    "SEND": ("destination",),
    "SUBSCRIBE": ("id", "destination"),
    "UNSUBSCRIBE": ("id",),
    "ACK": ("id",),
    "NACK": ("id",),
    "BEGIN": _TRANSACTION,
    "COMMIT": _TRANSACTION,
    "ABORT": _TRANSACTION,
}
_BY_MESSAGE = ("message-id", "subscription")
REQUIRED: dict[Version, dict[str, tuple[str, ...]]] = {
    "1.2": _REQUIRED,
    "1.1": _REQUIRED | {"ACK": _BY_MESSAGE, "NACK": _BY_MESSAGE},
    "1.0": _REQUIRED | {"SUBSCRIBE": ("destination",), "UNSUBSCRIBE": (), "ACK": ("message-id",)},
}


class Session:
    """One connection, from open to lost."""

    __slots__ = (
        "beats", "behind", "bucket", "counted", "early_bytes", "id", "identity", "parser", "paused", "peer", "pending",
        "state", "subscriptions", "timer_at", "transactions", "unacknowledged",
        "unacknowledged_bytes", "version", "waiting", "waiting_since",
    )  # fmt: skip

    def __init__(self, session_id: str, peer: Peer, limits: Limits, now: float) -> None:
        self.id = session_id
        self.peer = peer
        self.identity = peer.identity or Identity()
        self.state = State.OPENING
        self.version: Version = "1.2"
        small = min(limits.header_bytes, limits.before_connect)
        self.parser = StompParser(limits=ParserLimits(small, limits.headers, limits.line, limits.before_connect))
        self.counted = False  # among the sessions of its address
        self.early_bytes = 0  # received before CONNECT was done
        self.waiting_since = now
        self.beats: HeartBeats | None = None
        self.bucket: TokenBucket | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.pending: dict[str, Subscription] = {}  # 1.2: the `ack` ids that await ACK or NACK
        self.transactions: dict[str, Transaction] = {}
        self.unacknowledged = 0
        self.unacknowledged_bytes = 0  # of messages that are not from queues
        self.waiting = 0  # the step of a shared store that its next frame waits for
        self.behind: Event | None = None  # a frame that was read and waits
        self.paused = False  # its channel is not read
        self.timer_at = math.inf  # the earliest of its entries among the broker's timers

    @property
    def user(self) -> str | None:
        """Whom it acts for."""
        return self.identity.user

    def deadline(self, connect_seconds: float) -> float:
        """When something about it is due: CONNECT, a heart-beat either way, the end of its identity."""
        expires = self.identity.expires
        ends = math.inf if expires is None else expires
        if self.beats is None:
            return min(ends, self.waiting_since + connect_seconds)
        return min(ends, self.beats.deadline)

    def action(self, frame: Frame) -> str:
        """What `frame` asks for; raises Violation when it may not be sent now, or lacks a header that it must have."""
        command = frame.command
        action = ACTIONS[self.state].get(command)
        if action is None or (command == "NACK" and self.version == "1.0"):
            raise Violation(self._misplaced(command))
        for name in REQUIRED[self.version].get(command, ()):
            if not frame.get(name):
                raise Violation(
                    f"{command} without {name}; STOMP {self.version} requires {_listed(command, self.version)}"
                )
        return action

    def _misplaced(self, command: str) -> str:
        if command not in CLIENT_COMMANDS:
            return f"{command} is a server's frame; a client sends SEND, SUBSCRIBE, ACK and their like"
        if self.state is State.OPENING:
            return f"{command} before CONNECT; a session begins with CONNECT or STOMP"
        if command == "NACK":
            return "NACK came with STOMP 1.1; this session has negotiated 1.0"
        return f"a second {command}; a session has one"


def _listed(command: str, version: Version) -> str:
    return " and ".join(REQUIRED[version][command])
