"""The server's side of an HTTP connection: reads requests, hands each to the site, writes its response, keeps the
connection alive, turns it into a WebSocket (link.py), or gives it away. What a request means is for the site."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from labs.net.http import TEXT, Headers, HttpError, HttpLimits, Request, RequestReader, line, reason, response
from labs.net.link import Link, LinkOptions, Receiver, accept
from labs.wire.handshake import VERSION, build_response, request_problems
from labs.wire.http_head import Head

PIPELINED = 64 * 1024  # bytes of requests behind the one that is being answered; reading pauses above


@dataclass(frozen=True, slots=True)
class FrontLimits:
    """Seconds for a request to become whole, and for the next one to begin on a connection that is kept alive."""

    http: HttpLimits = field(default_factory=HttpLimits)
    request_seconds: float = 10.0
    idle_seconds: float = 60.0


class Site(Protocol):
    """What answers requests, and knows the connections that are open."""

    limits: FrontLimits

    def connection_open(self, connection: Connection) -> None:
        """It speaks HTTP from now on."""

    def connection_gone(self, connection: Connection) -> None:
        """It is closed, or a WebSocket."""

    def most_of(self, head: Head) -> int:
        """Bytes of a body that are taken of a request which begins so."""

    def handle(self, exchange: Exchange) -> None:
        """Answer, now or later, by one of the exchange's verbs."""


class Exchange:
    """One request and its response: respond(), or begin(), write() and end(), or pass_on() and passed(), or upgrade(),
    or give_away(). Afterwards, and once the client has gone, these do nothing.

    `on_gone` is called when the client goes before the response has ended, `on_writable` when what was written has left
    after `congested`. `extra` are headers that respond() adds.
    """

    __slots__ = (
        "_chunked", "_connection", "begun", "done", "extra", "on_gone", "on_writable", "peer", "request", "status",
    )  # fmt: skip

    def __init__(self, connection: Connection, request: Request, peer: str) -> None:
        self.request = request
        self.peer = peer
        self.on_gone: Callable[[], None] | None = None
        self.on_writable: Callable[[], None] | None = None
        self.begun = self.done = False
        self.extra: Headers = ()
        self.status = 0
        self._connection = connection
        self._chunked = request.takes_chunks

    def respond(self, status: int, headers: Headers = (), body: bytes = b"") -> None:
        """The whole response. To HEAD the body is not sent, its length is."""
        if self.done:
            return
        closes = not self.request.keeps_alive
        raw = response(status, [*headers, *self.extra], body, closes=closes)
        if self.request.method == "HEAD" and body:
            raw = raw[: -len(body)]
        self._finish(status, raw, closes=closes)

    def line(self, status: int, text: str, headers: Headers = ()) -> None:
        """A response of one line of plain text."""
        self.respond(status, [TEXT, *headers], f"{text}\n".encode())

    def begin(self, headers: Headers) -> None:
        """The head of a response whose body comes by write(), until end()."""
        if self.done:
            return
        named = [*headers, ("Transfer-Encoding", "chunked") if self._chunked else ("Connection", "close")]
        self.begun, self.status = True, 200
        self._connection.write(build_response(200, reason(200), named))

    def write(self, data: bytes) -> None:
        """A piece of the body, one chunk."""
        if not self.done and data:
            self._connection.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """The body is over."""
        if not self.done:
            closes = not (self._chunked and self.request.keeps_alive)
            self._finish(200, b"0\r\n\r\n" if self._chunked else b"", closes=closes)

    def pass_on(self, status: int, raw: bytes) -> None:
        """A piece of a response that was made elsewhere, its head and its framing included."""
        if not self.done and raw:
            self.begun, self.status = True, status
            self._connection.write(raw)

    def passed(self, *, closes: bool) -> None:
        """The response that was passed on is over."""
        if not self.done:
            self._finish(self.status, b"", closes=closes or not self.request.keeps_alive)

    def cut(self) -> None:
        """Cut the connection: what was written of the response is no whole one."""
        if not self.done:
            self._connection.abort()

    def give_away(self, status: int, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes] | None:
        """The connection is `protocol`'s from now on; returns its transport and what came behind the request, or None
        where the client has gone."""
        if self.done:
            return None
        self.done, self.status = True, status
        return self._connection.give_away(protocol)

    def upgrade(self, receiver: Receiver, options: LinkOptions) -> Link | None:
        """Turn the connection into a WebSocket whose messages go to `receiver`; None where the handshake is at fault,
        which has been answered."""
        problems = request_problems(self.request.head)
        if problems:
            self.respond(*_refused_upgrade(problems))
            return None
        self.done, self.status = True, 101
        return self._connection.become_websocket(self.request, receiver, options)

    @property
    def congested(self) -> bool:
        """More was written than the client has taken."""
        return self._connection.paused

    def writable(self) -> None:
        """The client has caught up."""
        if not self.done and self.on_writable is not None:
            self.on_writable()

    def gone(self) -> None:
        """The client has gone."""
        if not self.done:
            self.done = True
            if self.on_gone is not None:
                self.on_gone()

    def _finish(self, status: int, raw: bytes, *, closes: bool) -> None:
        self.done, self.status = True, status
        self._connection.finish(raw, closes=closes)


def _refused_upgrade(problems: dict[str, str]) -> tuple[int, Headers, bytes]:
    name, problem = next(iter(problems.items()))
    headers = [TEXT]
    status = 400
    if name == "method":
        status, headers = 405, [TEXT, ("Allow", "GET")]
    elif "upgrade" in problems or "sec-websocket-version" in problems:
        status, headers = 426, [TEXT, ("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION)]
    return status, headers, f"{name}: {problem}\n".encode()


class Connection(asyncio.Protocol):
    """One TCP connection, as long as it speaks HTTP."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = RequestReader(site.limits.http, site.most_of)
        self._transport: asyncio.Transport
        self._exchange: Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._advancing = self._closing = self._last = self.paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._site.connection_open(self)
        self._wait(self._site.limits.request_seconds)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._reader.idle:
            self._wait(self._site.limits.request_seconds)
        self._reader.feed(data)
        self._advance()
        if self._exchange is not None and self._reader.buffered > PIPELINED:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        if self._exchange is not None:
            self._exchange.gone()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if self._exchange is not None:
            self._exchange.writable()
        elif not self._advancing:
            self._advance()

    # What an exchange asks for.

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def finish(self, raw: bytes, *, closes: bool) -> None:
        """The response is over: on to the next request, or close."""
        self._exchange = None
        self.write(raw)
        if closes or self._last:
            self._close()
            return
        self._transport.resume_reading()
        if not self._advancing:
            self._advance()

    def become_websocket(self, request: Request, receiver: Receiver, options: LinkOptions) -> Link:
        """Hand the transport over to a link, and to it what came behind the request."""
        self._part()
        link = accept(self._transport, request.raw_head, receiver, options)
        rest = self._reader.rest()
        if rest:
            asyncio.get_running_loop().call_soon(link.data_received, rest)
        return link

    def give_away(self, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, bytes]:
        """Hand the transport over to `protocol`, and return it with what came behind the request."""
        self._part()
        self._transport.set_protocol(protocol)
        return self._transport, self._reader.rest()

    def shut(self) -> None:
        """The server stops: close now if nothing is being answered, else behind that response."""
        self._last = True
        if self._exchange is None:
            self._close()
        elif not self._exchange.begun:
            self._exchange.line(503, "the server is shutting down", [("Retry-After", "1")])

    def abort(self) -> None:
        """Cut it."""
        self._transport.abort()

    # The loop.

    def _advance(self) -> None:
        self._advancing = True
        try:
            while self._exchange is None and not self.paused and not self._closing:
                request = self._reader.next_request()
                if request is None:
                    break
                self._cancel_timer()
                self._exchange = exchange = Exchange(self, request, self._peer())
                self._site.handle(exchange)
        except HttpError as error:
            self.write(line(error.status, error.text, closes=True))
            self._close()
        finally:
            self._advancing = False
        if self._exchange is None and not self._closing and self._timer is None:
            self._wait(self._site.limits.idle_seconds if self._reader.idle else self._site.limits.request_seconds)

    def _peer(self) -> str:
        name = self._transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    def _wait(self, seconds: float) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._late)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self._closing:
            self._transport.abort()
            return
        if not self._reader.idle:
            seconds = self._site.limits.request_seconds
            self.write(line(408, f"the request was not whole after {seconds:g} s", closes=True))
        self._close()

    def _close(self) -> None:
        """Half-close, and let go what the client still sends: a plain close with bytes unread would reset the
        connection, and the response with it (RFC 9112 §9.6)."""
        if self._closing:
            return
        self._closing = True
        self._transport.resume_reading()
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
            self._wait(LINGER_SECONDS)
        else:
            self._transport.close()

    def _part(self) -> None:
        """The transport is another protocol's from now on."""
        self._leave()
        self._exchange = None
        self._closing = True

    def _leave(self) -> None:
        self._cancel_timer()
        self._site.connection_gone(self)


LINGER_SECONDS = 2.0
