"""An HTTP/1.1 load balancer: passes requests and WebSockets on to nodes, binds clients to them by a cookie, and leaves
out those that are dead or draining. Runs as a child process of a lab, or in the process that calls listen().

As a child it takes `backends` (name: address) and the fields of Options, and obeys drain, undrain, join and leave.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, cast

from labs.net.access_log import AccessLog
from labs.net.control import Running
from labs.net.forwarding import Network, client_of, forwarded_request, forwarded_response
from labs.net.framing import Body, FramingError
from labs.net.front import Connection, Exchange, FrontLimits
from labs.net.health import Checks, Health
from labs.net.http import HttpLimits, Request
from labs.net.passage import Passage
from labs.net.tap import Tap, TappedFront, address_of, address_parts
from labs.net.tasks import Tasks
from labs.rules.balancing import Backend, Backends
from labs.rules.sticky import Stickiness, sockjs_session
from labs.wire.handshake import switches
from labs.wire.http_head import END_OF_HEAD, Head, parse_head

RETRY_AFTER = ("Retry-After", "1")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # what may be asked twice (RFC 9110 §9.2.2)


@dataclass(frozen=True, slots=True)
class Options:
    """How one balancer is to be. Seconds and bytes; `cookie_age` 0 is a session cookie, `idle` 0 no idle timer.

    `idle` cuts a WebSocket on which no byte has passed either way for so long. `changed` is told of a node's new state
    and why, `cut` of a passage that the idle timer ended, `access_log` gets a JSON object a line.
    """

    host: str = "127.0.0.1"
    port: int = 0
    sticky: bool = True
    cookie: str = "ws_node"
    cookie_age: int = 3600
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    idle: float = 3600.0
    checks: Checks = field(default_factory=Checks)
    rise: int = 1
    fall: int = 2
    connect: float = 2.0  # until another node is tried
    answer: float = 60.0  # until a node's answer has begun; then 504
    head: int = 16 * 1024  # of a request's or an answer's head; 431, 502
    body: int = 4 * 1024 * 1024  # of a request, which is held until it is whole; 413
    connections: int = 20_000  # of clients at a time; more are refused with 503
    changed: Callable[[str, str, str], None] = lambda node, state, why: None
    cut: Callable[[str, float], None] = lambda node, seconds: None
    access_log: IO[str] | None = None
    own: Mapping[str, Callable[[Exchange], None]] = field(default_factory=dict)  # paths that it answers itself
    proxies: Sequence[Network] = ()  # before it, whose X-Forwarded-For is believed
    voucher: str = field(default="", repr=False)  # by which the nodes believe whom a request is for


class Balancer:
    """Listens for clients and passes each request on to a node."""

    def __init__(self, backends: Mapping[str, str], options: Options, tasks: Tasks, tap: Tap | None = None) -> None:
        self.options = options
        self.limits = FrontLimits(HttpLimits(options.head, options.body))
        self.backends = Backends(backends.items(), rise=options.rise, fall=options.fall)
        self.passages: set[Passage] = set()
        self.waiting: set[Visit] = set()  # for an answer
        self._sticky = Stickiness(options.key, options.cookie, options.cookie_age) if options.sticky else None
        self._tasks = tasks
        self._tap = tap
        self._log = AccessLog(options.access_log)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server

    async def listen(self) -> str:
        """Bind, begin to check the nodes, and return `ip:port`; raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(
            self._accept, self.options.host, self.options.port, backlog=1024
        )
        health = Health(self.options.checks, self.backends, self._changed, self._tap)
        self._tasks.start(health.run(self._tasks), "health checks")
        return address_of(self._server.sockets[0].getsockname())

    def _accept(self) -> asyncio.Protocol:
        return Connection(self) if self._tap is None else TappedFront(self._tap, Connection(self))

    def close(self) -> None:
        """Stop listening; what is open goes on."""
        self._server.close()

    def abort(self) -> None:
        """Stop listening and cut everything."""
        self.close()
        for passage in list(self.passages):
            passage.cut("balancer")
        for connection in list(self._connections):
            connection.abort()

    # Control.

    def drain(self, node: str) -> None:
        """The node gets no new connections, not even from clients bound to it; raises KeyError."""
        self.backends.get(node).draining = True
        self._changed(self.backends.get(node), "told to drain")

    def undrain(self, node: str) -> None:
        """The node gets connections again; raises KeyError."""
        self.backends.get(node).draining = False
        self._changed(self.backends.get(node), "told to go on")

    def join(self, node: str, address: str) -> None:
        """A node comes, or comes back at another address."""
        self._changed(self.backends.join(node, address), f"joined at {address}")

    def leave(self, node: str) -> None:
        """A node is taken off the list; what is open to it goes on. Raises KeyError."""
        self.backends.leave(node)

    def states(self) -> dict[str, dict[str, object]]:
        """Of each node: state, connections open and taken."""
        return {each.name: {"state": each.state, "open": each.open, "taken": each.taken} for each in self.backends}

    def _changed(self, backend: Backend, why: str) -> None:
        self.options.changed(backend.name, backend.state, why or "passes its check")
        if not backend.healthy:
            for visit in [each for each in self.waiting if each.backend is backend]:
                visit.give_up()

    # The site.

    def connection_open(self, connection: Connection) -> None:
        """A client's connection."""
        self._connections.add(connection)

    def connection_gone(self, connection: Connection) -> None:
        """It is closed, or a passage."""
        self._connections.discard(connection)

    def most_of(self, head: Head) -> int:
        """Which request may have how much is for the nodes."""
        return self.options.body

    def handle(self, exchange: Exchange) -> None:
        """Pass a request on, or answer it where the path is its own."""
        request = exchange.request
        exchange.peer = client_of(request, exchange.peer, self.options.proxies)
        own = self.options.own.get(request.path) if request.method in ("GET", "HEAD") else None
        if own is not None and request.get("Origin") is None:  # a node knows which Origins are welcome
            own(exchange)
        elif len(self._connections) + len(self.passages) > self.options.connections:
            exchange.line(503, "too many connections", [RETRY_AFTER])
        else:
            self.pass_on(exchange)

    def pass_on(self, exchange: Exchange, *tried: str) -> None:
        """Find a node for it that has not been `tried`."""
        self._tasks.start(self._pass_on(exchange, set(tried)), "request")

    async def _pass_on(self, exchange: Exchange, tried: set[str]) -> None:
        """One that has been sent something is given up for another only when it is found to be dead."""
        now = time.time()
        bound = self._bound(exchange.request, now)
        while not exchange.done and (backend := self.backends.choose(bound, tried)) is not None:
            tried.add(backend.name)
            cookie = [self._sticky.set_cookie(backend.name, now)] if self._sticky and backend.name != bound else []
            visit = Visit(self, exchange, backend, cookie)
            try:
                await visit.connect(self._tap)
                return
            except (OSError, TimeoutError) as error:
                visit.leave()
                if visit.begun:
                    exchange.line(502, f"{backend.name} ended before its answer did")
                    return
                if self.backends.report(backend, False):
                    self._changed(backend, f"refused a connection: {type(error).__name__}")
        exchange.line(503, "no node takes connections", [RETRY_AFTER])
        self.log(exchange, None, time.monotonic(), "no node")

    def _bound(self, request: Request, now: float) -> str | None:
        """The node that it has to go to, where that is up: by the SockJS session it is of, else by its cookie."""
        if self._sticky is None:
            return None
        session = sockjs_session(request.path)
        return self.backends.named_by(session) if session else self._sticky.node_of(request.head, now)

    def log(self, exchange: Exchange, backend: Backend | None, since: float, why: str, **more: int) -> None:
        """One line for a request that is over, or for a passage."""
        request = exchange.request
        self._log.write(
            peer=exchange.peer, method=request.method, path=request.path[:200], node=backend.name if backend else None,
            status=exchange.status, seconds=round(time.monotonic() - since, 3), why=why, **more,
        )  # fmt: skip


class Visit(asyncio.Protocol):
    """One request at one node: the connection to it, of its own, until the answer is over or the passage begins."""

    def __init__(self, balancer: Balancer, exchange: Exchange, backend: Backend, cookie: list[tuple[str, str]]) -> None:
        self._balancer = balancer
        self._exchange = exchange
        self.backend = backend
        self._cookie = cookie
        self._since = time.monotonic()
        self._buffer = bytearray()
        self._body: Body | None = None
        self._closes = self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self.begun = False  # something may have been sent
        backend.open += 1
        backend.taken += 1

    async def connect(self, tap: Tap | None) -> None:
        """Connect, and send the request; raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._balancer.options.connect):
            if tap is None:
                await loop.create_connection(lambda: self, *address_parts(self.backend.address))
            else:
                plug, line = await tap.dial(self.backend.address)
                await loop.create_connection(lambda: TappedFront(tap, self, line), sock=plug)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        if self._exchange.done:  # the client has gone meanwhile
            self._end("client")
            return
        self.begun = True
        self._exchange.on_gone = lambda: self._end("client")
        self._exchange.on_writable = self._transport.resume_reading
        self._timer = asyncio.get_running_loop().call_later(self._balancer.options.answer, self._late)
        self._balancer.waiting.add(self)
        voucher = self._balancer.options.voucher
        self._transport.write(forwarded_request(self._exchange.request, self._exchange.peer, voucher))

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        try:
            if self._body is None:
                self._read_head(data)
            else:
                self._pass_body(data)
        except FramingError as error:
            self._fail(502, f"{self.backend.name}: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._over:
            return
        if self._body is not None and exc is None and self._body.end():
            self._finish()
        else:
            self._fail(502, f"{self.backend.name} ended before its answer did")

    def _read_head(self, data: bytes) -> None:
        self._buffer += data
        while (found := END_OF_HEAD.search(self._buffer)) is not None:
            raw, rest = bytes(self._buffer[: found.end()]), bytes(self._buffer[found.end() :])
            head = parse_head(raw)
            if not head.status or head.problem:
                raise FramingError("its answer is not HTTP")
            if switches(head):
                self._begin_passage(raw, head, rest)
                return
            if head.status >= 200:
                self._begin_body(raw, head, rest)
                return
            self._buffer[:] = rest  # an interim answer, which the client did not ask for
        if len(self._buffer) > self._balancer.options.head:
            raise FramingError(f"no end of its answer's head within {self._balancer.options.head} bytes")

    def _begin_body(self, raw: bytes, head: Head, rest: bytes) -> None:
        self._stop_timer()
        self._body = Body(head, self._exchange.request.method)
        self._closes = self._body.until_end or not self._exchange.request.keeps_alive
        self._exchange.pass_on(head.status, forwarded_response(raw, head, [], closes=self._closes))
        self._pass_body(rest)

    def _pass_body(self, data: bytes) -> None:
        assert self._body is not None
        self._exchange.pass_on(self._exchange.status, data[: self._body.feed(data)])
        if self._body.done:
            self._finish()
        elif self._exchange.congested and self._transport is not None:
            self._transport.pause_reading()

    def _begin_passage(self, raw: bytes, head: Head, rest: bytes) -> None:
        """The node has switched: from now on it is bytes, both ways."""
        assert self._transport is not None
        passage = Passage(self._balancer.options.idle, lambda why: self._passed(passage, why))
        given = self._exchange.give_away(101, passage.near)
        if given is None:
            self._end("client")
            return
        self._stop_timer()
        client, early = given
        passage.near.take(client)
        passage.far.take(self._transport)
        self._transport.set_protocol(passage.far)
        self._balancer.passages.add(passage)
        client.write(forwarded_response(raw, head, self._cookie, closes=False) + rest)
        if early:
            self._transport.write(early)
        passage.begin()

    def _passed(self, passage: Passage, why: str) -> None:
        self._balancer.passages.discard(passage)
        self.leave()
        if why == "idle":
            self._balancer.options.cut(self.backend.name, self._balancer.options.idle)
        self._log(why, received=passage.near.heard, sent=passage.far.heard)

    # How it ends.

    def give_up(self) -> None:
        """The node is dead, and has not begun to answer: ask another, where that does no harm."""
        if self._exchange.request.method in SAFE:
            self._end("its node is down")
            self._balancer.pass_on(self._exchange, self.backend.name)

    def _late(self) -> None:
        self._fail(504, f"{self.backend.name} has not answered within {self._balancer.options.answer:g} s")

    def _finish(self) -> None:
        """The answer is whole."""
        self._exchange.passed(closes=self._closes)
        self._end("done")

    def _fail(self, status: int, text: str) -> None:
        """It will not become whole: an error where nothing has been passed on, else the client's connection is cut."""
        if self._exchange.begun:
            self._exchange.cut()
        else:
            self._exchange.line(status, text)
        self._end(text)

    def _end(self, why: str) -> None:
        if not self._over:
            self.leave()
            self._log(why)
            if self._transport is not None:
                self._transport.abort()

    def leave(self) -> None:
        """The node does not carry it any more."""
        self._stop_timer()
        if not self._over:
            self._over = True
            self.backend.open -= 1

    def _log(self, why: str, **more: int) -> None:
        self._balancer.log(self._exchange, self.backend, self._since, why, **more)

    def _stop_timer(self) -> None:
        self._balancer.waiting.discard(self)
        if self._timer is not None:
            self._timer.cancel()


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Balance between the nodes of `config["backends"]`, with a tap."""
    backends = config.pop("backends")
    checks = Checks(**config.pop("checks", {}))
    options = Options(
        **config, checks=checks, changed=lambda node, state, why: tap.note(f"{node} is {state}: {why}"),
        cut=lambda node, idle: tap.note(f"cut a connection to {node}: not a byte in {idle:g} s"),
    )  # fmt: skip
    balancer = Balancer(backends, options, tasks, tap)
    address = await balancer.listen()
    commands: dict[str, Callable[..., Any]] = {
        "drain": balancer.drain, "undrain": balancer.undrain, "join": balancer.join, "leave": balancer.leave,
        "states": balancer.states,
    }  # fmt: skip
    return Running({"main": address}, commands)
