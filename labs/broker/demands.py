"""What a broker that is one of several nodes asks of the store that they share, and what it hears from there. A driver
carries demands out in their order; what a `step` names is answered, once, by `SharedBroker.answered()`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from labs.wire.stomp import Headers


class Mark(NamedTuple):
    """A message that a consumer has of a queue, by its number there; 0: one of before the node came back."""

    consumer: int
    queue: str
    number: int


@dataclass(frozen=True, slots=True)
class Post:
    """One message to publish: to a `topic`, a `queue`, or what a `user` listens to.

    `name`: the user, or the session, that a user's message is for; else the session that nobody but itself may address
    by this destination, if any. `channel`: the part behind /user. `time` is Unix time.
    """

    kind: Literal["topic", "queue", "user"]
    destination: str
    headers: Headers
    body: bytes
    message_id: str
    time: float
    name: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What one SEND comes to. With a `key`, an `owner` has it published once."""

    posts: tuple[Post, ...]
    owner: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Submit:
    """Strike out what was `settled`, give back what was `returned`, publish `groups` in order, each whole or not at
    all, up to the first that there is no room for; when that is the first of all, nothing is done. What was `bounced`
    never reached its consumer: it goes back untried, and nothing comes in its place. Without a step nobody waits for
    the answer; `placed`: it comes behind all arrivals of before (Placed).
    """

    step: int = 0
    settled: tuple[Mark, ...] = ()
    returned: tuple[Mark, ...] = ()
    groups: tuple[tuple[Part, ...], ...] = ()
    bounced: tuple[Mark, ...] = ()
    placed: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """Hear a topic, or all (`topic` empty), from the place among the arrivals on at which the answer comes (Placed);
    with `last_seen` the answer has what is newer and before it. Refused where `owner` is a session that is connected to
    any node: nobody but itself may hear what is its own by this name."""

    step: int
    topic: str = ""
    last_seen: int | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Unlisten:
    """Nobody here listens to that topic any more, or to patterns (empty)."""

    topic: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """`consumer` competes for the messages of `queues`, with room for `credit` of them (None: as before). `matching`:
    tell which queues there are, and from now on of each new one. `owner`: as in Listen."""

    step: int
    consumer: int
    queues: tuple[str, ...]
    credit: int | None = None
    matching: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Allow:
    """A consumer has room for so many more."""

    consumer: int
    more: int


@dataclass(frozen=True, slots=True)
class Retire:
    """It competes no more; what it has it keeps."""

    consumer: int


@dataclass(frozen=True, slots=True)
class Leave:
    """They are gone. What they have goes back, all of it before any of it is given out: `tried` are those that had
    reached them; `kept` a transaction has still."""

    consumers: tuple[int, ...]
    tried: tuple[Mark, ...] = ()
    kept: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Enter:
    """A session is connected here, of that user (empty: nobody's) and address. With a step it is one more, if all
    nodes' sessions of both allow it, else Done says by `refused` whose there are too many of: `user`, `address`."""

    session: str
    user: str
    address: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """It is not any more."""

    session: str
    user: str
    address: str


@dataclass(frozen=True, slots=True)
class Redeem:
    """Have the authenticator accept a ticket in CONNECT if no node has seen it, once. Answered by Done in any case."""

    step: int
    ticket: str


Demand = Redeem | Submit | Listen | Unlisten | Join | Allow | Retire | Leave | Enter | Exit


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message for subscribers here. `number` is its sequence number; of a queue's message `consumer` is whose it is
    and `tries` which delivery this is. `name`, `channel`: as in Post."""

    kind: Literal["topic", "queue", "user"]
    destination: str
    headers: Headers
    body: bytes
    message_id: str
    time: float
    number: int | None = None
    consumer: int = 0
    tries: int = 1
    name: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class QueueMade:
    """A queue of that name was used for the first time."""

    queue: str


@dataclass(frozen=True, slots=True)
class Cut:
    """This node did not keep up: it hears no topic until it listens again."""


@dataclass(frozen=True, slots=True)
class Done:
    """Of a Submit: so many groups were published; `refused` says why the next one was not, or why no Enter."""

    count: int = 0
    refused: str = ""
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Of a Listen: the latest number given out, the first that is still to be had, what is newer than `last_seen`; or
    why not."""

    head: int
    first: int
    messages: Sequence[Arrived] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """Of a Join: the queues there are, where it asked."""

    queues: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The store did not do it in time, or is full; `text` says so to a client. Unless it is full, what was asked may
    have taken effect or not."""

    text: str


Answer = Done | Heard | Joined | Failed


@dataclass(frozen=True, slots=True)
class Placed:
    """The answer to a step, at its place among the arrivals."""

    step: int
    answer: Answer


Arrival = Arrived | QueueMade | Cut | Placed
