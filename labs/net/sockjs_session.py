"""SockJS sessions: one over a WebSocket, or one over a row of HTTP responses (polling, streaming). Paths and headers
are in sockjs.py, the framing is in labs.wire.sockjs. https://github.com/sockjs/sockjs-protocol"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from labs.net.front import Exchange
from labs.net.link import ABNORMAL, Channel, Receiver
from labs.rules.setting import setting
from labs.wire.sockjs import (
    SockJsError,
    decode,
    encode_close,
    encode_heartbeat,
    encode_messages,
    encode_open,
)

GO_AWAY = (3000, "Go away!")
INTERRUPTED = (1002, "Connection interrupted")
MOST_WAITING = 8 * 1024 * 1024  # characters, of a session whose application sends on when it is congested
STILL_OPEN = (2010, "Another connection still open")


@dataclass(frozen=True, slots=True)
class SockJsLimits:
    """Times in seconds, sizes in bytes."""

    sockjs_heartbeat: float = setting(25.0, "seconds between two h frames")
    sockjs_disconnect: float = setting(5.0, "seconds without a response to write to, until a session is over")
    sockjs_stream: int = setting(128 * 1024, "bytes of a streaming response")
    sockjs_sessions: int = setting(10_000, "sessions over HTTP at once")
    sockjs_backlog: int = setting(64 * 1024, "characters that wait in a session, until it counts as slow")
    sockjs_script: str = setting("/sockjs.min.js", "the URL of sockjs-client for the iframe page")


def as_bytes(message: str) -> bytes:
    """The message in UTF-8; half a surrogate pair, which JSON can say and UTF-8 cannot, becomes U+FFFD."""
    try:
        return message.encode()
    except UnicodeEncodeError:
        return message.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def as_text(data: bytes) -> str | None:
    """The message; None where it is no UTF-8, which SockJS has no frame for. Such a message is dropped: the session of
    who happened to listen when somebody sent it goes on."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


class WebSocketSession:
    """A session that is one WebSocket: the receiver of a link, and the channel of an application."""

    __slots__ = ("_application", "_limits", "_link", "_timer")

    def __init__(self, application: Receiver, limits: SockJsLimits) -> None:
        self._application = application
        self._limits = limits
        self._timer: asyncio.TimerHandle | None = None

    # As the link's receiver.

    def start(self, channel: Channel) -> None:
        self._link = channel
        self._write(encode_open())
        self._beat()
        self._application.start(self)

    def received(self, data: bytes, text: bool) -> None:
        if not data:
            return
        try:
            messages = decode(data, from_client=True).messages
        except SockJsError:
            self._link.close(1002, "Broken framing.")
            return
        for message in messages:
            self._application.received(as_bytes(message), True)

    def too_big(self) -> None:
        self._application.too_big()

    def growing(self, size: int) -> None:
        self._application.growing(size)

    def congested(self) -> None:
        self._application.congested()

    def writable(self) -> None:
        self._application.writable()

    def lost(self, code: int, sent: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._application.lost(code, sent)

    # As the application's channel.

    def send(self, data: bytes, *, text: bool) -> None:
        if (message := as_text(data)) is not None:
            self._write(encode_messages([message]))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._write(encode_close(*close_frame(code, reason)))
        self._link.close(*close_frame(code, reason))

    def abort(self) -> None:
        self._link.abort()

    def pause_reading(self) -> None:
        self._link.pause_reading()

    def resume_reading(self) -> None:
        self._link.resume_reading()

    def _write(self, frame: str) -> None:
        self._link.send(frame.encode(), text=True)

    def _beat(self) -> None:
        if self._timer is not None:
            self._write(encode_heartbeat())
        self._timer = asyncio.get_running_loop().call_later(self._limits.sockjs_heartbeat, self._beat)


def close_frame(code: int, reason: str) -> tuple[int, str]:
    """The code and reason of a session's end: what is a normal closure elsewhere reads Go away! in SockJS."""
    return GO_AWAY if code == 1000 else (code, reason)


class Downstream:
    """How a transport writes frames to its response: `wrap` makes the bytes of one, `limit` bytes end the response
    (0: the first frame does)."""

    __slots__ = ("exchange", "limit", "wrap", "written")

    def __init__(self, exchange: Exchange, wrap: Callable[[str], bytes], limit: int) -> None:
        self.exchange = exchange
        self.wrap = wrap
        self.limit = limit
        self.written = 0

    def write(self, frame: str) -> bool:
        """Write it; True where the response ends with it, which it has then."""
        data = self.wrap(frame)
        self.written += len(data)
        self.exchange.write(data)
        if self.written >= self.limit:
            self.exchange.end()
            return True
        return False

    def refuse(self, code: int, reason: str) -> None:
        """Write a close frame, and end."""
        self.exchange.write(self.wrap(encode_close(code, reason)))
        self.exchange.end()


class HttpSession:
    """A session over HTTP: frames wait until there is a response to write them to."""

    def __init__(self, application: Receiver, limits: SockJsLimits, gone: Callable[[], None]) -> None:
        self._application = application
        self._limits = limits
        self._gone = gone
        self._down: Downstream | None = None
        self._waiting: list[str] = []
        self._size = 0  # characters waiting
        self._greeted = self._started = self._congested = self._over = self._flushing = False
        self._closed: tuple[int, str] | None = None
        self._timer: asyncio.TimerHandle | None = None

    # What the transports call.

    def attach(self, down: Downstream) -> None:
        """A response to write to. There may be one at a time."""
        if self._closed is not None and not self._waiting:
            down.refuse(*self._closed)
            return
        if self._down is not None:
            down.refuse(*STILL_OPEN)
            return
        self._down = down
        down.exchange.on_gone = self._interrupted
        down.exchange.on_writable = self._flush
        self._wait(self._limits.sockjs_heartbeat, self._beat)
        if not self._greeted:
            self._greeted = True
            self._write(encode_open())
        if not self._started:
            self._started = True
            self._application.start(self)
        self._flush()

    def received(self, messages: tuple[str, ...]) -> None:
        """What the client has sent."""
        for message in messages:
            if self._closed is None:
                self._application.received(as_bytes(message), True)

    @property
    def open(self) -> bool:
        """Whether it takes messages."""
        return self._closed is None

    # As the application's channel.

    def send(self, data: bytes, *, text: bool) -> None:
        message = as_text(data)
        if self._closed is not None or message is None:
            return
        self._waiting.append(message)
        self._size += len(message)
        if self._size > MOST_WAITING:
            self._waiting, self._size = [], 0
            self.close(1008, "too much waits to be read")
            return
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)
        if self._size > self._limits.sockjs_backlog and not self._congested:
            self._congested = True
            self._application.congested()

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self._closed is None:
            self._closed = close_frame(code, reason)
            self._flush()
            self._end(ABNORMAL, self._closed[0])

    def abort(self) -> None:
        if not self._over:
            self._forget()

    def pause_reading(self) -> None:
        """A client sends in requests, each of which is answered: there is nothing to hold back."""

    def resume_reading(self) -> None:
        """See pause_reading()."""

    # Inside.

    def _flush(self) -> None:
        self._flushing = False
        down = self._down
        if down is None or down.exchange.congested:
            return
        if self._waiting:
            waiting, self._waiting, self._size = self._waiting, [], 0
            self._write(encode_messages(waiting))
            if self._congested:
                self._congested = False
                self._application.writable()
        if self._closed is not None and self._down is not None:
            down.refuse(*self._closed)
            self._detach()

    def _write(self, frame: str) -> None:
        assert self._down is not None
        if self._down.write(frame):
            self._detach()

    def _detach(self) -> None:
        self._down = None
        self._wait(self._limits.sockjs_disconnect, self._forget)

    def _interrupted(self) -> None:
        """The client has cut a response: what it has got is not known, so the session cannot go on."""
        self._down = None
        self._waiting.clear()
        self._closed = self._closed or INTERRUPTED
        self._end(ABNORMAL, 0)
        self._wait(self._limits.sockjs_disconnect, self._forget)

    def _beat(self) -> None:
        self._wait(self._limits.sockjs_heartbeat, self._beat)
        if self._down is not None:
            self._write(encode_heartbeat())

    def _forget(self) -> None:
        self._closed = self._closed or INTERRUPTED
        if self._timer is not None:
            self._timer.cancel()
        self._end(ABNORMAL, 0)
        self._gone()

    def _end(self, code: int, sent: int) -> None:
        if not self._over:
            self._over = True
            if self._started:
                asyncio.get_running_loop().call_soon(self._application.lost, code, sent)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)
