"""Which pong answers which ping (RFC 6455 §5.5.2-3), and how long it took."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from labs.wire.frames import PING, PONG
from labs.wire.message import Message

_MAX_OPEN = 1024  # pings of one side that wait for a pong; the oldest are forgotten


class Pairing:
    """Messages in, in order; for each pong that answers a ping: the ping's index and the round trip in seconds."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, str], deque[tuple[int, float, bytes]]] = {}

    def add(self, index: int, message: Message) -> tuple[int, float] | None:
        """Take message number `index`. A pong answers the earliest open ping with its payload, and settles those
        before it: a peer may answer the latest ping alone."""
        frame = message.frame
        if frame is None or frame.opcode not in (PING, PONG):
            return None
        if frame.opcode == PING:
            way = (message.conn, message.sender, message.receiver)
            self._open.setdefault(way, deque(maxlen=_MAX_OPEN)).append((index, message.t, frame.payload))
            return None
        pings = self._open.get((message.conn, message.receiver, message.sender), deque())
        for place, (ping, sent, payload) in enumerate(pings):
            if payload == frame.payload:
                for _ in range(place + 1):
                    pings.popleft()
                return ping, message.t - sent
        return None


def pair_pongs(messages: Iterable[Message]) -> dict[int, tuple[int, float]]:
    """Index of each pong that answers a ping -> (index of the ping, round trip in seconds)."""
    pairing = Pairing()
    pairs = {index: pairing.add(index, message) for index, message in enumerate(messages)}
    return {index: pair for index, pair in pairs.items() if pair is not None}
