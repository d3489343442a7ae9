"""A subscription, what it has been sent and not acknowledged, and what may be attached to it. Data; who gets what is
decided in topics.py, queues.py and ledger.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, get_args

from labs.broker.message import Message, message_head

if TYPE_CHECKING:
    from labs.broker.session import Session

Mode = Literal["auto", "client", "client-individual"]
MODES: tuple[str, ...] = get_args(Mode)


class Place(Protocol):
    """Where messages of one destination come together: a topic or a queue."""

    destination: str
    sequence: int

    def attach(self, subscription: Subscription) -> None:
        """It gets messages from here from now on."""

    def detach(self, subscription: Subscription) -> None:
        """It gets no more."""

    @property
    def idle(self) -> bool:
        """Whether nobody would miss it: it can be forgotten but for its sequence number."""


class Delivery:
    """A message that was sent to a subscription and awaits ACK or NACK.

    `key` is what names it in the subscription (1.2: its `ack` id, before: the message id), `tries` how often it has
    been sent. `held`: a transaction has its ACK or NACK.
    """

    __slots__ = ("from_queue", "held", "key", "message", "subscription", "tries")

    def __init__(self, subscription: Subscription, message: Message, key: str, tries: int, *, from_queue: bool) -> None:
        self.subscription = subscription
        self.message = message
        self.key = key
        self.tries = tries
        self.from_queue = from_queue
        self.held = False


class Subscription:
    """One SUBSCRIBE. `id` is None where a 1.0 client gave none; `unacknowledged` is None in the mode `auto`.

    `head` begins each of its MESSAGEs, `prefetch` is how many unacknowledged messages it may have,
    `starved` are the queues that passed it by for want of credit.
    """

    __slots__ = (
        "consumer", "destination", "head", "id", "mode", "open", "places", "prefetch", "resumes", "session", "starved",
        "unacknowledged",
    )  # fmt: skip

    def __init__(self, session: Session, name: str | None, destination: str, mode: Mode, prefetch: int) -> None:
        self.session = session
        self.id = name
        self.destination = destination
        self.mode = mode
        self.head = message_head(name, session.version)
        self.prefetch = prefetch
        self.consumer = 0  # its number in a store that nodes share
        self.resumes = False  # it asked for what it missed, so it knows what a replay-gap is
        self.open = True
        self.places: dict[Place, None] = {}
        self.starved: dict[Place, None] = {}
        self.unacknowledged: dict[str, Delivery] | None = None if mode == "auto" else {}
