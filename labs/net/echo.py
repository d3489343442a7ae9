"""Echo: every message comes back, as one message of its type. A client that does not read is not read from."""

from __future__ import annotations

from labs.net.link import Channel


class Echo:
    """The receiver of one echoing channel."""

    __slots__ = ("_channel",)

    def start(self, channel: Channel) -> None:
        self._channel = channel

    def received(self, data: bytes, text: bool) -> None:
        self._channel.send(data, text=text)

    def too_big(self) -> None:
        """The close code says it."""

    def growing(self, size: int) -> None:
        """Up to the size that is too big."""

    def congested(self) -> None:
        self._channel.pause_reading()

    def writable(self) -> None:
        self._channel.resume_reading()

    def lost(self, code: int, sent: int) -> None:
        """Nothing is kept."""


class GoAway(Echo):
    """The receiver of a channel that is closed at once, as SockJS' own tests want to see it."""

    __slots__ = ()

    def start(self, channel: Channel) -> None:
        channel.close(3000, "Go away!")
