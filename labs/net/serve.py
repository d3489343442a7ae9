"""`ws-tutor serve`: one process that listens, knows every path, and drains when it is told to stop. What the paths do
is in the modules that it puts together here."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import IO, Any, Literal

from labs.broker import Behaviour, Broker, BrokerConfig, Limits, Peer, SharedBroker
from labs.broker.demands import Answer, Demand, Done, Failed, Redeem
from labs.net.access_log import AccessLog
from labs.net.auth import (
    Auth,
    AuthError,
    AuthLimits,
    Mode,
    offered_subprotocols,
    origin_allowed,
    read_origins,
)
from labs.net.counted import Counted
from labs.net.echo import Echo, GoAway
from labs.net.forwarding import FORWARDED_FOR, VOUCHER, client_of, read_networks
from labs.net.front import Connection, Exchange, FrontLimits
from labs.net.http import HttpLimits, Request, path_of
from labs.net.issuing import NO_STORE, Issuing, answer_json
from labs.net.link import LinkOptions, Receiver
from labs.net.metrics import CONTENT_TYPE, Metrics
from labs.net.page import ASSETS
from labs.net.relay import Relay, RelayLimits
from labs.net.sockjs import BaseOptions, SockJsBase, cors, may_open
from labs.net.sockjs_session import SockJsLimits
from labs.net.stomp import Stomp, StompReceiver
from labs.net.tap import address_parts
from labs.net.tasks import Tasks, first_of
from labs.net.tickets import SharedTickets
from labs.rules.setting import setting
from labs.wire.handshake import wants_upgrade
from labs.wire.http_head import Head
from labs.wire.stomp import SUBPROTOCOLS

GOING_AWAY, RESTART = 1001, 1012
EARLY_BODY = 64 * 1024  # bytes of the body of a request that belongs to no session
LAG_SECONDS = 0.5  # between two looks at how late the loop is


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Limits of the server itself. Sizes in bytes, times in seconds."""

    echo_size: int = setting(
        64 * 1024 * 1024, "bytes of a message to /echo, to which conformance suites send 16 MiB", 1009
    )
    body_size: int = setting(
        1024 * 1024, "bytes of the body of a request to a SockJS session, of others 64 KiB; more is answered with 413"
    )
    head_size: int = setting(16 * 1024, "bytes of the head of a request; more is answered with 431")
    request_time: float = setting(10.0, "seconds for a request to become whole; then it is answered with 408")
    idle_time: float = setting(60.0, "seconds between two requests on a connection that is kept alive")
    send_buffer: int = setting(64 * 1024, "bytes written to a client and not taken, until it counts as slow")
    drain_time: float = setting(5.0, "seconds from being told to stop until what is left is cut")
    restart_delay: float = setting(
        0.0, "seconds after which clients are told to come back, with 1012 in place of 1001 where above 0"
    )
    trusted_proxies: str = setting(
        "", "addresses of proxies, with commas between them, whose X-Forwarded-For says where a client is"
    )
    compression: Literal["on", "off"] = setting("on", "whether a client may compress its messages (permessage-deflate)")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What one server is to be. `access_log` gets a JSON object a line; `relay` is the address (redis://…) of a store:
    all servers that have the same one are one broker, and must have the same secret and limits. `front` is the
    `host:port` of a balancer before it, by which clients know it; whom that speaks for is believed by its `voucher`."""

    host: str = "127.0.0.1"
    port: int = 0
    auth: Mode = "open"
    secret: bytes = b""
    limits: ServerLimits = field(default_factory=ServerLimits)
    auth_limits: AuthLimits = field(default_factory=AuthLimits)
    sockjs_limits: SockJsLimits = field(default_factory=SockJsLimits)
    broker: BrokerConfig = field(default_factory=BrokerConfig)
    sockjs_tests: bool = False
    access_log: IO[str] | None = None
    relay: str = ""
    relay_limits: RelayLimits = field(default_factory=RelayLimits)
    front: str = ""
    voucher: str = field(default="", repr=False)


SETTINGS: tuple[type[Any], ...] = (
    Limits,
    Behaviour,
    ServerLimits,
    AuthLimits,
    SockJsLimits,
    RelayLimits,
)  # what --set sets


class Server:
    """The site: listens, routes, drains. `connections` are those that speak HTTP at the moment."""

    def __init__(self, options: ServeOptions) -> None:
        limits = options.limits
        self.options = options
        self.limits = FrontLimits(HttpLimits(limits.head_size, limits.body_size), limits.request_time, limits.idle_time)
        self.connections: set[Connection] = set()
        self.channels: set[Counted] = set()
        now = time.monotonic
        self._auth = Auth(options.auth, options.secret, options.auth_limits, now)
        config = replace(
            options.broker, authenticate=self._auth.authenticate, wall=time.time(), node=secrets.token_hex(4)
        )
        broker = SharedBroker(config, now()) if options.relay else Broker(config, now())
        self.metrics = Metrics(broker.counters)
        self.stomp = Stomp(broker, self.metrics.delivered)
        self.relay = Relay(options.relay, config, options.relay_limits, self.stomp) if options.relay else None
        self._tasks = Tasks(self._fail)
        self._log = AccessLog(options.access_log)
        self._loopback = is_loopback(address_parts(options.front)[0] if options.front else options.host)
        shared = SharedTickets(self._auth, self.relay, now) if self.relay else None
        self._issuing = Issuing(self._auth, self._tasks, shared, local=self._loopback)
        self._proxies = read_networks(limits.trusted_proxies)
        self._own: frozenset[str] = frozenset()
        self._allowed = read_origins(options.auth_limits.allowed_origins)
        self._routes: dict[str, dict[str, Callable[[Exchange], None]]] = {
            "/": {"GET": lambda exchange: self._asset(exchange, "/")},
            "/page.js": {"GET": lambda exchange: self._asset(exchange, "/page.js")},
            "/page.css": {"GET": lambda exchange: self._asset(exchange, "/page.css")},
            "/ws": {"GET": self._ws},
            "/echo": {"GET": self._echo},
            "/health": {"GET": self._health},
            "/metrics": {"GET": self._metrics},
            "/token": {"POST": self._issuing.token},
            "/ticket": {"POST": self._issuing.ticket},
        }
        self._bases = self._make_bases()
        self._started = time.monotonic()
        self._draining = False
        self._idle = asyncio.Event()
        self._server: asyncio.Server

    def _make_bases(self) -> dict[str, SockJsBase]:
        common = BaseOptions(self._stomp_link, limits=self.options.sockjs_limits)
        bases = {"/sockjs": SockJsBase(self._stomp_receiver, common)}
        if self.options.sockjs_tests:
            tests = replace(common, limits=replace(self.options.sockjs_limits, sockjs_stream=4096), hixie=True)
            echo = lambda exchange: self._counted("sockjs-test", exchange, Echo())  # noqa: E731
            away = lambda exchange: self._counted("sockjs-test", exchange, GoAway())  # noqa: E731
            bases["/echo"] = SockJsBase(echo, tests)
            bases["/disabled_websocket_echo"] = SockJsBase(echo, replace(tests, websocket=False))
            bases["/cookie_needed_echo"] = SockJsBase(echo, replace(tests, cookie=True))
            bases["/close"] = SockJsBase(away, tests)
        return bases

    async def listen(self, before: Callable[[asyncio.Protocol], asyncio.Protocol] = lambda protocol: protocol) -> None:
        """Bind, when the store of a relay has answered; raises OSError, StoreError. `before` puts something before the
        protocol of each connection, such as a tap."""
        loop = asyncio.get_running_loop()
        if self.relay is not None:
            self.stomp.demand = self._demand
            await self.relay.start(self._tasks)
        self._server = await loop.create_server(
            lambda: before(Connection(self)), self.options.host, self.options.port, backlog=1024
        )
        places = [self._server.sockets[0].getsockname()[:2]]
        if self.options.front:
            places.append(address_parts(self.options.front))
        names = {"127.0.0.1", "localhost", "[::1]", self.options.host} if self._loopback else set()
        self._own = frozenset(f"http://{name}:{port}" for host, port in places for name in (names and {*names, host}))

    @property
    def address(self) -> str:
        """`host:port`, as a URL has it."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def ready(self) -> dict[str, object]:
        """What a client needs to know."""
        at = self.address
        return {
            "ready": True, "ws": f"ws://{at}/ws", "echo": f"ws://{at}/echo", "sockjs": f"http://{at}/sockjs",
            "http": f"http://{at}", "nodes": [f"ws://{at}/ws"],
        }  # fmt: skip

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then drain."""
        self._tasks.start(self._watch_lag(), "loop lag")
        await stop.wait()
        await self.drain()

    async def drain(self) -> None:
        """Stop accepting, let acknowledgements finish, tell every client, cut what is left when the time is up."""
        self._draining = True
        self._server.close()
        limits = self.options.limits
        code, reason = GOING_AWAY, "the server is shutting down"
        if limits.restart_delay > 0:
            code, reason = RESTART, f"the server restarts; come back after {limits.restart_delay:g} s"
        for connection in list(self.connections):
            connection.shut()
        for channel in list(self.channels):
            if not channel.speaks_stomp:
                channel.close(code, reason)
        deadline = asyncio.get_running_loop().time() + limits.drain_time
        await self.stomp.drain(limits.drain_time, code, reason)
        for connection in list(self.connections):
            connection.shut()
        if self.channels or self.connections:
            self._idle.clear()
            await first_of(self._idle.wait(), max(0.0, deadline - asyncio.get_running_loop().time()))
        self.abort()
        await self.aclose()

    async def aclose(self) -> None:
        """Take leave of the other nodes and end what runs in the background; again is harmless."""
        if self.relay is not None:
            await self.relay.close()
        await self._tasks.aclose()

    def _fail(self, error: BaseException) -> None:
        """A defect in the background: clients had better go to another node."""
        asyncio.get_running_loop().call_exception_handler({"message": "the server fails", "exception": error})
        self.abort()

    def abort(self) -> None:
        """Stop listening and cut everything, at once."""
        self._server.close()
        self.stomp.stop()
        for channel in list(self.channels):
            channel.abort()
        for connection in list(self.connections):
            connection.abort()

    def connection_open(self, connection: Connection) -> None:
        """A connection that speaks HTTP."""
        self.connections.add(connection)

    def connection_gone(self, connection: Connection) -> None:
        """It is closed, or a WebSocket."""
        self.connections.discard(connection)
        self._note_idle()

    def _note_idle(self) -> None:
        if not self.channels and not self.connections:
            self._idle.set()

    # Requests.

    def most_of(self, head: Head) -> int:
        """What a stranger sends is small: only a SockJS session brings messages in a body."""
        path = path_of(head)
        base = self._base_of(path)
        known = base is not None and self._bases[base].knows(path[len(base) :])
        return self.options.limits.body_size if known else EARLY_BODY

    def handle(self, exchange: Exchange) -> None:
        """Check where it comes from, then find the path and the method."""
        request = exchange.request
        if self._is_vouched(request) and (told := request.get(FORWARDED_FOR)):
            exchange.peer = told.rpartition(",")[2].strip()[:64]
        else:
            exchange.peer = client_of(request, exchange.peer, self._proxies)
        if self._welcomes(request):
            if self._may_open(request):
                self._issuing.use(exchange, self._dispatch)
            else:
                self._dispatch(exchange)
        else:
            exchange.line(403, "this Origin may not connect; the limit allowed-origins lists those that may")
            self._account_for(exchange)

    def _is_vouched(self, request: Request) -> bool:
        voucher, shown = self.options.voucher, request.get(VOUCHER) or ""
        return voucher != "" and secrets.compare_digest(shown.encode(), voucher.encode())

    def _welcomes(self, request: Request) -> bool:
        by_host = not self._loopback
        return origin_allowed(request, self._own, self._allowed, by_host=by_host) or self._is_test(request.path)

    def _may_open(self, request: Request) -> bool:
        """Whether it can begin a session: a ticket is for that alone, and survives what a client asks before."""
        if request.path == "/ws":
            return wants_upgrade(request.head)
        base = self._base_of(request.path)
        return base == "/sockjs" and may_open(request.method, request.path[len(base) :])

    def _dispatch(self, exchange: Exchange) -> None:
        path = exchange.request.path
        base = self._base_of(path)
        if base and not (path in self._routes and self._is_plain(exchange)):
            self._bases[base].handle(exchange, path[len(base) :])
        else:
            self._route(exchange)
        self._account_for(exchange)

    def _account_for(self, exchange: Exchange) -> None:
        if exchange.status != 101:
            status, request = exchange.status or 200, exchange.request
            self.metrics.requests[str(status)] += 1
            self._log.write(peer=exchange.peer, method=request.method, path=request.path[:200], status=status)

    def _route(self, exchange: Exchange) -> None:
        methods = self._routes.get(exchange.request.path)
        if methods is None:
            exchange.line(404, "there is nothing here; / is a page to try, /ws takes STOMP, /echo echoes")
            return
        if exchange.request.get("Origin") is not None:
            exchange.extra = cors(exchange.request)
        method = "GET" if exchange.request.method == "HEAD" and "GET" in methods else exchange.request.method
        allowed = ", ".join(methods)
        if method == "OPTIONS":
            exchange.respond(204, [("Allow", allowed), ("Access-Control-Allow-Methods", allowed)])
            return
        if method not in methods:
            exchange.line(405, f"{method}: this path takes {allowed}", [("Allow", allowed)])
            return
        methods[method](exchange)

    def _base_of(self, path: str) -> str | None:
        return next((base for base in self._bases if path == base or path.startswith(f"{base}/")), None)

    def _is_test(self, path: str) -> bool:
        """SockJS' own tests come from any Origin; what they reach echoes."""
        return self.options.sockjs_tests and self._base_of(path) not in (None, "/sockjs")

    def _is_plain(self, exchange: Exchange) -> bool:
        """Whether /echo means the WebSocket, where it is a SockJS base too."""
        return wants_upgrade(exchange.request.head)

    # WebSockets.

    def _ws(self, exchange: Exchange) -> None:
        if not wants_upgrade(exchange.request.head):
            self._upgrade_required(exchange)
            return
        receiver = self._stomp_receiver(exchange, endpoint="ws")
        if receiver is not None:
            exchange.upgrade(receiver, replace(self._stomp_link(exchange.request), joined=True))

    def _stomp_link(self, request: Request) -> LinkOptions:
        return LinkOptions(
            max_size=self.options.broker.limits.message,
            subprotocol=_subprotocol(request),
            compression=self._deflate("in"),
            high_water=self.options.limits.send_buffer,
        )

    def _stomp_receiver(self, exchange: Exchange, endpoint: str = "sockjs") -> Receiver | None:
        if self._draining:
            exchange.line(503, "the server is shutting down", [("Retry-After", "1")])
            return None
        try:
            identity = self._auth.identify(exchange.request)
        except AuthError as error:
            exchange.line(401, str(error), [("WWW-Authenticate", "Bearer")])
            return None
        version = SUBPROTOCOLS.get(_subprotocol(exchange.request) or "")
        return self._counted(endpoint, exchange, StompReceiver(self.stomp, Peer(exchange.peer, identity, version)))

    def _echo(self, exchange: Exchange) -> None:
        if not wants_upgrade(exchange.request.head):
            self._upgrade_required(exchange)
            return
        options = LinkOptions(max_size=self.options.limits.echo_size, compression=self._deflate("both"))
        exchange.upgrade(self._counted("echo", exchange, Echo()), options)

    def _upgrade_required(self, exchange: Exchange) -> None:
        exchange.line(426, "a WebSocket; connect with ws://", [("Upgrade", "websocket")])

    def _counted(self, endpoint: str, exchange: Exchange, receiver: Receiver) -> Counted:
        return Counted(self, endpoint, exchange.peer, exchange.request.path[:200], receiver)

    def _deflate(self, wanted: Literal["in", "both"]) -> str:
        return wanted if self.options.limits.compression == "on" else "off"

    def channel_opened(self, channel: Counted) -> None:
        """A channel is open."""
        self.channels.add(channel)
        self.metrics.connections[channel.endpoint] += 1
        self.metrics.opened[channel.endpoint] += 1

    def channel_closed(self, channel: Counted, received: int, sent: int) -> None:
        """A channel is over."""
        self.channels.discard(channel)
        self._note_idle()
        seconds = time.monotonic() - channel.since
        self.metrics.connections[channel.endpoint] -= 1
        self.metrics.closed[str(sent or received)] += 1
        self.metrics.duration.observe(seconds)
        self._log.write(
            peer=channel.peer, endpoint=channel.endpoint, path=channel.path, received=received, sent=sent,
            seconds=round(seconds, 3),
        )  # fmt: skip

    # Plain HTTP.

    def _asset(self, exchange: Exchange, path: str) -> None:
        kind, body = ASSETS[path]
        policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:"
        headers = [("Content-Type", kind), ("X-Content-Type-Options", "nosniff"), NO_STORE]
        exchange.respond(200, [*headers, ("Content-Security-Policy", f"{policy}; frame-ancestors 'none'")], body)

    def _health(self, exchange: Exchange) -> None:
        body = {
            "status": "draining" if self._draining else "up", "uptime": round(time.monotonic() - self._started, 3),
            "sessions": self.stomp.sessions,
        }  # fmt: skip
        answer_json(exchange, body)

    def _metrics(self, exchange: Exchange) -> None:
        exchange.respond(200, [("Content-Type", CONTENT_TYPE), NO_STORE], self.figures())

    def figures(self) -> bytes:
        """What /metrics tells."""
        self.metrics.sockjs = sum(base.sessions for base in self._bases.values())
        return self.metrics.text()

    def _demand(self, demand: Demand) -> None:
        assert self.relay is not None
        if isinstance(demand, Redeem):
            self._tasks.start(self._redeem(demand), "ticket")
        else:
            self.relay.demand(demand)

    async def _redeem(self, demand: Redeem) -> None:
        answer: Answer = Done()
        try:
            await self._issuing.redeem(demand.ticket)
        except ConnectionError as error:
            answer = Failed(f"{error}; try again later")
        self.stomp.answered(demand.step, answer)

    async def _watch_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LAG_SECONDS)
            self.metrics.lag.observe(max(0.0, loop.time() - before - LAG_SECONDS))


def _subprotocol(request: Request) -> str | None:
    """The best of those offered that is STOMP."""
    offered = offered_subprotocols(request)
    return next((name for name in SUBPROTOCOLS if name in offered), None)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
