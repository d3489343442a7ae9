"""What the broker wants done: its only way to reach a socket. The driver carries effects out in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from labs.broker.demands import Demand

# The first bytes of a message, and the sessions that get exactly these.
Head = tuple[bytes, Sequence[str]]


class Send(NamedTuple):
    """STOMP frames to write, each as one WebSocket message: every session of `heads` gets `head + tail`.

    What differs by subscriber (its subscription) is in the head; subscribers with the same head share one entry, so the
    driver encodes one WebSocket frame an entry and writes it to each of its sessions. `binary`: the body is not text,
    so it must not travel in a text message. `published`: when the message was accepted (on the clock of `now`), for the
    latency from publish to delivery; None where the frame is no MESSAGE.
    """

    heads: Sequence[Head]
    tail: bytes = b""
    binary: bool = False
    published: float | None = None

    def messages(self) -> Iterator[tuple[bytes, Sequence[str]]]:
        """Each distinct message and the ids of the sessions that it goes to."""
        for head, sessions in self.heads:
            yield head + self.tail, sessions


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection behind everything sent so far, with a close frame of this code and reason (<= 123 bytes).

    The broker is done with the session except for the `lost()` that the driver calls once it is gone. A peer that
    does not answer the close frame is the driver's to abort.
    """

    session: str
    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Take no more from the client for now (`on` False), or go on: its frames wait, for a store that nodes share or
    for their turn."""

    session: str
    on: bool


Effect = Send | Close | Reading | Demand
