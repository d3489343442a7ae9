"""One WebSocket on the server, driven by the sans-I/O core of the websockets library: messages in, frames out. What
the messages mean is for its receiver."""

from __future__ import annotations

import asyncio
import codecs
import logging
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as UpgradeRequest
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.streams import StreamReader
from websockets.typing import Subprotocol

from labs.net.messages import begins_message, whole_messages
from labs.net.quiet import quiet_logger

CLOSE_SECONDS = 3.0  # for the closing handshake, then the connection is cut
ABNORMAL = 1006  # RFC 6455 §7.4.1: seen here, never sent
TOO_BIG = 1009
LARGE = 16 * 1024
UNREAD_SECONDS = 15.0  # for a client to begin to read again what was its end, an ERROR perhaps
_SLICE = 4 * 1024  # compressed bytes that are inflated at a time, so that many small bombs cost as little as one


class Channel(Protocol):
    """What messages are written to: a link, or a SockJS session."""

    def send(self, data: bytes, *, text: bool) -> None:
        """One message; `text` must be valid UTF-8."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End it, behind what was sent."""

    def abort(self) -> None:
        """End it at once."""

    def pause_reading(self) -> None:
        """Take no more from the client until resume_reading()."""

    def resume_reading(self) -> None:
        """Go on after pause_reading()."""


class Receiver(Protocol):
    """Where the messages of a channel go."""

    def start(self, channel: Channel) -> None:
        """The channel is open; called once, before anything else."""

    def received(self, data: bytes, text: bool) -> None:
        """A message; that of a text message is valid UTF-8."""

    def too_big(self) -> None:
        """A message larger than `max_size` has begun; what is sent now still goes out before the close."""

    def growing(self, size: int) -> None:
        """So many bytes have come of a message that is not whole; from LARGE bytes on."""

    def congested(self) -> None:
        """The client does not keep up: more than `high_water` bytes wait for it."""

    def writable(self) -> None:
        """It has caught up, after congested()."""

    def lost(self, code: int, sent: int) -> None:
        """The channel is over: the close code that came (1005 none in the frame, 1006 no frame) and the one that was
        sent (0: none)."""


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """What one endpoint accepts: bytes of a message (after inflating), the subprotocol chosen, compression.

    `joined`: messages are pieces of a stream, so those of one read may come as one, of at most `max_size`.
    `compression`: `off`; `both` ways; `in`: a client may compress, what is sent to it is not, and nothing is kept
    between messages. `high_water` bytes written and not yet sent make a link congested.
    """

    max_size: int = 1024 * 1024
    subprotocol: str | None = None
    joined: bool = False
    compression: str = "off"
    high_water: int = 64 * 1024
    headers: tuple[tuple[str, str], ...] = field(default=())


def _deflate(compression: str) -> list[ServerPerMessageDeflateFactory] | None:
    if compression == "off":
        return None
    alone = compression == "in" or None
    return [
        ServerPerMessageDeflateFactory(server_no_context_takeover=bool(alone), client_no_context_takeover=bool(alone))
    ]


class _Reader(StreamReader):
    """The library's reader, which also knows whether a frame has begun: its buffer does not, since the header leaves it
    before the payload has come."""

    in_frame = False

    def at_eof(self) -> Generator[None, None, bool]:
        """What the core asks before each frame."""
        self.in_frame = False
        ended = yield from super().at_eof()
        self.in_frame = True
        return ended


class _Core(ServerProtocol):
    """The library's core, but for three things. A close frame may come between the fragments of a message, as any
    control frame may (RFC 6455 §5.4). A ping is answered by the link, in its turn among the messages. And text that is
    not UTF-8 fails the connection here, before what comes behind it."""

    _utf8: codecs.IncrementalDecoder | None = None  # of the text whose fragments come

    @property
    def between_messages(self) -> bool:
        """Whether the next byte begins a message or a control frame, and is not passed over."""
        return self.state is OPEN and self.current_size is None and not self.reader.in_frame

    def parse(self) -> Generator[None]:
        """What the library calls to begin with."""
        self.reader: _Reader = _Reader()
        yield from super().parse()

    def recv_frame(self, frame: Frame) -> None:
        """What the library calls with each frame; what it raises fails the connection, with the code for that."""
        if frame.opcode is Opcode.PING:
            self.events.append(frame)
            return
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        elif frame.opcode is Opcode.TEXT:
            self._utf8 = _UTF8()
        if self._utf8 is not None and frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._utf8.decode(frame.data, final=frame.fin)
            if frame.fin:
                self._utf8 = None
        super().recv_frame(frame)


def accept(transport: asyncio.Transport, raw_head: bytes, receiver: Receiver, options: LinkOptions) -> Link:
    """Answer an opening handshake that was found to be right, and take the transport over."""
    chosen = Subprotocol(options.subprotocol) if options.subprotocol else None
    core = _Core(
        extensions=_deflate(options.compression), max_size=options.max_size, logger=_LOGGER,
        select_subprotocol=lambda *_: chosen,
    )  # fmt: skip
    core.receive_data(raw_head)
    (request,) = core.events_received()
    assert isinstance(request, UpgradeRequest)
    response = core.accept(request)
    for name, value in options.headers:
        response.headers[name] = value
    core.send_response(response)
    link = Link(transport, core, receiver, options)
    transport.set_protocol(link)
    transport.set_write_buffer_limits(high=options.high_water)
    link.answer()
    receiver.start(link)
    return link


_LOGGER: logging.Logger = quiet_logger()


class Link(asyncio.Protocol):
    """An open WebSocket. send() and send_frame() after the close do nothing."""

    __slots__ = (
        "_congested", "_core", "_fragments", "_late_pong", "_opcode", "_options", "_out", "_outgoing", "_partial",
        "_receiver", "_rest", "_timer", "_transport", "open",
    )  # fmt: skip

    def __init__(self, transport: asyncio.Transport, core: _Core, receiver: Receiver, options: LinkOptions) -> None:
        self._options = options
        self._transport = transport
        self._core = core
        self._receiver = receiver
        self._outgoing: list[Extension] = core.extensions if options.compression == "both" else []
        self._out: list[bytes] = []
        self._opcode: Opcode | None = None  # of the message whose fragments come
        self._fragments: bytearray | None = None
        self._congested = False  # the transport takes no more
        self._late_pong = b""  # for when it does again
        self._rest = b""  # of the latest read, the beginning of a message
        self._partial = 0  # bytes that the core has been given since the latest whole message
        self._timer: asyncio.TimerHandle | None = None
        self.open = core.state is OPEN

    # Out.

    def send(self, data: bytes, *, text: bool) -> None:
        """One message; `text` must be valid UTF-8."""
        if self.open:
            frame = Frame(Opcode.TEXT if text else Opcode.BINARY, data)
            self.send_frame(frame.serialize(mask=False, extensions=self._outgoing))

    def send_frame(self, raw: bytes) -> None:
        """One whole unmasked frame, encoded already; it leaves with the rest of what this turn of the loop writes."""
        if self.add_frame(raw):
            asyncio.get_running_loop().call_soon(self.flush)

    def add_frame(self, raw: bytes) -> bool:
        """The same for a frame that many links share, whose sender writes to all of them at once: True where it is the
        first of this turn, so that flush() has to be called."""
        if not self.open:
            return False
        self._out.append(raw)
        return len(self._out) == 1

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake; what was sent before goes out first."""
        if self.open and self._core.state is OPEN:
            self._core.send_close(code, _cut(reason))
            self._end()

    def flush(self) -> None:
        """Write what has gathered."""
        out, self._out = self._out, []
        if out and not self._transport.is_closing():
            self._transport.write(b"".join(out) if len(out) > 1 else out[0])

    def answer(self) -> None:
        """Write what the core has to say, behind everything else: the handshake's answer, the close frame, the end."""
        self.flush()
        for data in self._core.data_to_send():
            if self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    # In.

    def data_received(self, data: bytes) -> None:
        if self._core.extensions and len(data) > _SLICE:
            for start in range(0, len(data), _SLICE):
                self._take(data[start : start + _SLICE])
        else:
            self._take(data)
        self.flush()

    def _take(self, data: bytes) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        if self._core.between_messages:
            data = self._take_whole(data)
            if data and len(data) < LARGE and begins_message(data, self._options.max_size):
                self._rest = data
                return
        if data:
            self._take_any(data)

    def _take_whole(self, data: bytes) -> bytes:
        """Hand over the messages that it begins with; returns the rest."""
        messages, end = whole_messages(data, self._options.max_size)
        if self._options.joined and len(messages) > 1 and end <= self._options.max_size:
            messages = [(b"".join([payload for payload, _ in messages]), all(text for _, text in messages))]
        for payload, text in messages:
            if self.open:
                self._receiver.received(payload, text)
        return data[end:]

    def _take_any(self, data: bytes) -> None:
        self._core.receive_data(data)
        self._partial += len(data)
        for event in self._core.events_received():
            if self.open:
                assert isinstance(event, Frame)
                self._frame(event)
        if not self.open:  # the closing handshake goes on
            self.answer()
        elif self._core.state is not OPEN:  # the core has failed the connection
            if self._core.close_sent is not None and self._core.close_sent.code == TOO_BIG:
                self._receiver.too_big()
            self._end()
        elif self._core.between_messages:  # behind a control frame, perhaps
            self._partial = 0
        elif self._partial >= LARGE or self._fragments is not None:
            size = max(self._partial, len(self._fragments or b""))  # those are inflated
            if size >= LARGE:
                self._receiver.growing(size)

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.CLOSE:
            self._end()
        elif opcode is Opcode.PING:
            self._pong(Frame(Opcode.PONG, frame.data).serialize(mask=False))
        elif opcode is Opcode.CONT or not frame.fin:
            self._fragment(frame)
        elif opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._partial = 0
            self._receiver.received(bytes(frame.data), opcode is Opcode.TEXT)

    def _pong(self, raw: bytes) -> None:
        """A client that does not read gets only the latest, later (RFC 6455 §5.5.3 allows it): it may ping for ever."""
        if self._congested:
            self._late_pong = raw
        else:
            self.send_frame(raw)

    def _fragment(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._opcode, self._fragments = frame.opcode, bytearray()
        assert self._fragments is not None
        self._fragments += frame.data
        if frame.fin:
            data, text = bytes(self._fragments), self._opcode is Opcode.TEXT
            self._opcode = self._fragments = None
            self._partial = 0
            self._receiver.received(data, text)

    def eof_received(self) -> bool:
        self._core.receive_eof()
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._core.receive_eof()
        if self._timer is not None:
            self._timer.cancel()
        received, sent = self._core.close_rcvd, self._core.close_sent
        self._receiver.lost(received.code if received else ABNORMAL, sent.code if sent else 0)

    def pause_writing(self) -> None:
        self._congested = True
        if self.open:
            self._receiver.congested()

    def resume_writing(self) -> None:
        self._congested = False
        pong, self._late_pong = self._late_pong, b""
        if pong:
            self.send_frame(pong)
        if self.open:
            self._receiver.writable()

    def pause_reading(self) -> None:
        if self.open:  # else the closing handshake is still to be read
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _end(self) -> None:
        self.open = False
        self.answer()
        if self._timer is None:
            self._transport.resume_reading()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(CLOSE_SECONDS, self._late, loop.time() + UNREAD_SECONDS)

    def _late(self, end: float) -> None:
        """Cut it, if the client had all and does not answer; a slow one gets the time to come as far as its end."""
        loop = asyncio.get_running_loop()
        if self._transport.get_write_buffer_size() and loop.time() < end:
            self._timer = loop.call_later(CLOSE_SECONDS, self._late, end)
        else:
            self._transport.abort()


_UTF8 = codecs.getincrementaldecoder("utf-8")


def _cut(reason: str) -> str:
    """At most 123 bytes, what a close frame has room for (RFC 6455 §5.5.1)."""
    return reason.encode()[:123].decode(errors="ignore")
