"""What a SEND comes to where several nodes share a store: the messages to publish there, and those that go together."""

from __future__ import annotations

from dataclasses import dataclass, field

from labs.broker.demands import Part, Post
from labs.broker.destinations import Kind, owner_of, split_user
from labs.broker.exchange import Exchange, Parcel
from labs.broker.session import Session
from labs.wire.stomp import Frame

BATCH = 128  # SENDs that are submitted together, at most
BATCH_BYTES = 256 * 1024  # and of how much, when one more is added


@dataclass(slots=True)
class Batch:
    """SENDs of a session that are to be submitted together: the receipt that each asks for, and what it comes to."""

    sends: list[tuple[str | None, Part]] = field(default_factory=list)
    size: int = 0  # bytes of the bodies

    def add(self, receipt: str | None, part: Part) -> None:
        """One more."""
        self.sends.append((receipt, part))
        self.size += sum(len(post.body) for post in part.posts)

    @property
    def full(self) -> bool:
        """Whether it is enough for one step."""
        return len(self.sends) >= BATCH or self.size >= BATCH_BYTES


class Posting:
    """Makes messages of frames. `wall` is Unix time less the broker's clock."""

    def __init__(self, exchange: Exchange, wall: float) -> None:
        self._exchange = exchange
        self._wall = wall

    def part(self, session: Session, frame: Frame, now: float) -> Part:
        """All that it comes to; raises Violation when its handler fails."""
        parcels = self._exchange.resolve(session, frame, now)
        posts = tuple(post for parcel in parcels if (post := self._post(parcel, now)) is not None)
        key = "" if self._exchange.spring else frame.get("idempotency-key") or ""
        return Part(posts, session.user or "", key)

    def _post(self, parcel: Parcel, now: float) -> Post | None:
        kind, destination = self._exchange.kind(parcel.destination), parcel.destination
        given = (parcel.headers, parcel.body, self._exchange.next_id(), self._wall + now)
        if kind is Kind.USER:
            name, channel = split_user(destination, "SEND")
            if self._exchange.spring and any(
                each.id == parcel.sender for each in self._exchange.reached(name, parcel.sender)
            ):
                name = parcel.sender
            return Post("user", f"/user{channel}", *given, name, channel)
        if kind not in {Kind.TOPIC, Kind.QUEUE}:
            return None
        return Post("topic" if kind is Kind.TOPIC else "queue", destination, *given, owner_of(destination))
