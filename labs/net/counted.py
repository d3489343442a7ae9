"""Stands between a channel and its receiver to say when it opens and how it ends, for metrics, log and drain."""

from __future__ import annotations

import time
from typing import Protocol

from labs.net.link import Channel, Receiver


class Register(Protocol):
    """Who wants to know."""

    def channel_opened(self, channel: Counted) -> None: ...

    def channel_closed(self, channel: Counted, received: int, sent: int) -> None: ...


class Counted:
    """A receiver that passes everything on to another."""

    __slots__ = (
        "_channel",
        "_receiver",
        "_register",
        "congested",
        "endpoint",
        "growing",
        "path",
        "peer",
        "received",
        "since",
        "too_big",
        "writable",
    )

    def __init__(self, register: Register, endpoint: str, peer: str, path: str, receiver: Receiver) -> None:
        self._register = register
        self._receiver = receiver
        self._channel: Channel | None = None
        self.endpoint = endpoint
        self.peer = peer
        self.path = path
        self.since = time.monotonic()
        self.received = receiver.received  # bound once: this is the hot path
        self.too_big = receiver.too_big
        self.growing = receiver.growing
        self.congested = receiver.congested
        self.writable = receiver.writable

    @property
    def speaks_stomp(self) -> bool:
        """Whether the broker closes it."""
        return self.endpoint in ("ws", "sockjs")

    def start(self, channel: Channel) -> None:
        self._channel = channel
        self._register.channel_opened(self)
        self._receiver.start(channel)

    def lost(self, code: int, sent: int) -> None:
        if self._channel is not None:
            self._channel = None
            self._register.channel_closed(self, code, sent)
            self._receiver.lost(code, sent)

    def close(self, code: int, reason: str) -> None:
        """Close the channel; what its receiver thinks of it comes by lost()."""
        if self._channel is not None:
            self._channel.close(code, reason)

    def abort(self) -> None:
        """End the channel at once."""
        if self._channel is not None:
            self._channel.abort()
