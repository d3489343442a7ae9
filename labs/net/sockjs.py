"""A SockJS base: its paths, methods, headers and transports, as sockjs-client and the SockJS protocol's own tests speak
them. Sessions are in sockjs_session.py. https://github.com/sockjs/sockjs-protocol"""

from __future__ import annotations

import hashlib
import html
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time

from labs.net.front import Exchange
from labs.net.hixie import is_hixie, upgrade
from labs.net.http import TEXT, Headers, Request, form_fields
from labs.net.link import LinkOptions, Receiver
from labs.net.sockjs_session import Downstream, HttpSession, SockJsLimits, WebSocketSession
from labs.wire.handshake import wants_upgrade
from labs.wire.sockjs import SockJsError, decode

YEAR = 31536000  # seconds
_SESSION = re.compile(r"/[^/.]+/([^/.]+)/([a-z_]+)\Z")
_IFRAME = re.compile(r"/iframe[0-9a-z.\-_]*\.html\Z")
_CALLBACK = re.compile(r"[a-zA-Z0-9\-_.]{1,128}\Z")
_COOKIE = re.compile(r"[A-Za-z0-9_.\-]{1,128}\Z")
_NOT_CACHED = ("Cache-Control", "no-store, no-cache, no-transform, must-revalidate, max-age=0")
_SCRIPT = "application/javascript; charset=UTF-8"
_PRELUDE = b"h" * 2048 + b"\n"  # some browsers hand out nothing before 2 KiB

Application = Callable[[Exchange], Receiver | None]
"""Makes the receiver of a new session; None where the request was refused, and answered."""

IFRAME = """<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="%s"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>"""

_HTMLFILE = """<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.%s;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>"""


@dataclass(frozen=True, slots=True)
class BaseOptions:
    """One base: `link` is what a WebSocket to it may do, `websocket` off is for the tests of fallbacks, `cookie` sets
    JSESSIONID for sticky balancers, `hixie` takes a WebSocket of before RFC 6455."""

    link: Callable[[Request], LinkOptions]
    websocket: bool = True
    cookie: bool = False
    hixie: bool = False
    limits: SockJsLimits = field(default_factory=SockJsLimits)


@dataclass(frozen=True, slots=True)
class _Transport:
    """A way down: content type, the bytes of a frame, how many of them a response has (0: one frame), what comes
    first."""

    kind: str
    wrap: Callable[[str], bytes]
    limit: int = 0
    prelude: bytes = b""


def _line(frame: str) -> bytes:
    return f"{frame}\n".encode()


def _event(frame: str) -> bytes:
    return f"data: {frame}\r\n\r\n".encode()


def may_open(method: str, path: str) -> bool:
    """Whether a request for `path` below a base can begin a session."""
    match = _SESSION.match(path)
    ways = path == "/websocket" or (match is not None and not match[2].endswith("_send"))
    return ways and method in ("GET", "POST")


class SockJsBase:
    """Everything below one path. `application` makes the receiver of each new session."""

    def __init__(self, application: Application, options: BaseOptions) -> None:
        self._application = application
        self._options = options
        self._sessions: dict[str, HttpSession] = {}
        self._iframe = (IFRAME % html.escape(options.limits.sockjs_script)).encode()
        self._etag = f'"{hashlib.sha256(self._iframe).hexdigest()[:32]}"'
        self._transports: dict[str, tuple[str, Callable[[Exchange, str], None]]] = {
            "xhr": ("POST", self._xhr),
            "xhr_streaming": ("POST", self._xhr_streaming),
            "xhr_send": ("POST", self._xhr_send),
            "eventsource": ("GET", self._eventsource),
            "htmlfile": ("GET", self._htmlfile),
            "jsonp": ("GET", self._jsonp),
            "jsonp_send": ("POST", self._jsonp_send),
        }

    @property
    def sessions(self) -> int:
        """Sessions over HTTP that are remembered."""
        return len(self._sessions)

    def knows(self, path: str) -> bool:
        """Whether a request for `path` below the base is of a session over HTTP that is open."""
        match = _SESSION.match(path)
        return match is not None and match[1] in self._sessions

    def handle(self, exchange: Exchange, path: str) -> None:
        """Answer a request for `path` below the base."""
        request = exchange.request
        if path in ("", "/"):
            self._fixed(exchange, "GET", lambda: exchange.respond(200, [TEXT], b"Welcome to SockJS!\n"))
        elif path == "/info":
            self._fixed(exchange, "GET", lambda: self._info(exchange))
        elif _IFRAME.match(path):
            self._fixed(exchange, "GET", lambda: self._iframe_page(exchange))
        elif path == "/websocket" and self._options.websocket:
            self._websocket(exchange, raw=True)
        elif (match := _SESSION.match(path)) and match[2] == "websocket" and self._options.websocket:
            self._websocket(exchange, raw=False)
        elif match and match[2] in self._transports:
            method, transport = self._transports[match[2]]
            self._fixed(exchange, method, lambda: transport(exchange, match[1]))
        else:
            exchange.line(404, f"{request.method}: SockJS has nothing at this path")

    def _fixed(self, exchange: Exchange, method: str, answer: Callable[[], None]) -> None:
        came = exchange.request.method
        if came == method or (came == "HEAD" and method == "GET"):
            answer()
        elif came == "OPTIONS":
            self._preflight(exchange, f"OPTIONS, {method}")
        else:
            exchange.respond(405, [("Allow", f"OPTIONS, {method}")])

    def _preflight(self, exchange: Exchange, methods: str) -> None:
        headers = [
            ("Cache-Control", f"public, max-age={YEAR}"),
            ("Expires", formatdate(time() + YEAR, usegmt=True)),
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Max-Age", str(YEAR)),
        ]
        exchange.respond(204, [*headers, *cors(exchange.request), *self._cookie(exchange.request)])

    def _info(self, exchange: Exchange) -> None:
        body = {
            "websocket": self._options.websocket, "origins": ["*:*"], "cookie_needed": self._options.cookie,
            "entropy": secrets.randbits(32),
        }  # fmt: skip
        headers = [("Content-Type", "application/json; charset=UTF-8"), _NOT_CACHED, *cors(exchange.request)]
        exchange.respond(200, headers, json.dumps(body).encode())

    def _iframe_page(self, exchange: Exchange) -> None:
        headers = [
            ("Cache-Control", f"public, max-age={YEAR}"),
            ("Expires", formatdate(time() + YEAR, usegmt=True)),
            ("ETag", self._etag),
        ]
        if exchange.request.get("If-None-Match") == self._etag:
            exchange.respond(304, headers)
        else:
            exchange.respond(200, [("Content-Type", "text/html; charset=UTF-8"), *headers], self._iframe)

    def _websocket(self, exchange: Exchange, *, raw: bool) -> None:
        head = exchange.request.head
        if head.method != "GET":
            exchange.respond(405, [("Allow", "GET")])
            return
        if self._options.hixie and not raw and is_hixie(head):
            receiver = self._application(exchange)
            if receiver is not None:
                upgrade(exchange, WebSocketSession(receiver, self._options.limits))
            return
        if not wants_upgrade(head):
            exchange.line(400, 'Can "Upgrade" only to "WebSocket".')
            return
        if "upgrade" not in head.tokens("Connection"):
            exchange.line(400, '"Connection" must be "Upgrade".')
            return
        receiver = self._application(exchange)
        if receiver is not None:
            chosen = receiver if raw else WebSocketSession(receiver, self._options.limits)
            exchange.upgrade(chosen, self._options.link(exchange.request))

    # Down: from the server to the client.

    def _xhr(self, exchange: Exchange, name: str) -> None:
        self._attach(exchange, name, _Transport(_SCRIPT, _line))

    def _xhr_streaming(self, exchange: Exchange, name: str) -> None:
        self._attach(exchange, name, _Transport(_SCRIPT, _line, self._stream, _PRELUDE))

    def _eventsource(self, exchange: Exchange, name: str) -> None:
        self._attach(exchange, name, _Transport("text/event-stream", _event, self._stream, b"\r\n"))

    def _htmlfile(self, exchange: Exchange, name: str) -> None:
        callback = self._callback(exchange)
        if callback is not None:
            head = (_HTMLFILE % callback).ljust(1024).encode() + b"\r\n\r\n"
            wrap = lambda frame: f"<script>\np({_quoted(frame)});\n</script>\r\n".encode()  # noqa: E731
            self._attach(exchange, name, _Transport("text/html; charset=UTF-8", wrap, self._stream, head))

    def _jsonp(self, exchange: Exchange, name: str) -> None:
        callback = self._callback(exchange)
        if callback is not None:
            wrap = lambda frame: f"/**/{callback}({_quoted(frame)});\r\n".encode()  # noqa: E731
            self._attach(exchange, name, _Transport(_SCRIPT, wrap))

    @property
    def _stream(self) -> int:
        return self._options.limits.sockjs_stream

    def _attach(self, exchange: Exchange, name: str, transport: _Transport) -> None:
        session = self._sessions.get(name)
        if session is None:
            if len(self._sessions) >= self._options.limits.sockjs_sessions:
                exchange.line(503, "too many SockJS sessions; come back later", [("Retry-After", "5")])
                return
            receiver = self._application(exchange)
            if receiver is None:
                return
            session = HttpSession(receiver, self._options.limits, lambda: self._forget(name))
            self._sessions[name] = session
        request = exchange.request
        sniff = ("X-Content-Type-Options", "nosniff")
        exchange.begin([("Content-Type", transport.kind), _NOT_CACHED, sniff, *cors(request), *self._cookie(request)])
        exchange.write(transport.prelude)
        session.attach(Downstream(exchange, transport.wrap, transport.limit))

    def _forget(self, name: str) -> None:
        del self._sessions[name]

    def _callback(self, exchange: Exchange) -> str | None:
        callback = exchange.request.query.get("c") or exchange.request.query.get("callback")
        if not callback:
            exchange.line(500, '"callback" parameter required')
        elif not _CALLBACK.match(callback):
            exchange.line(500, 'invalid "callback" parameter')
        else:
            return callback
        return None

    # Up: from the client to the server.

    def _xhr_send(self, exchange: Exchange, name: str) -> None:
        if self._take(exchange, name, exchange.request.body):
            exchange.respond(204, [TEXT, _NOT_CACHED, *cors(exchange.request), *self._cookie(exchange.request)])

    def _jsonp_send(self, exchange: Exchange, name: str) -> None:
        body = exchange.request.body
        if (exchange.request.get("Content-Type") or "").startswith("application/x-www-form-urlencoded"):
            body = form_fields(body.decode("latin-1")).get("d", "").encode()
        if self._take(exchange, name, body):
            exchange.respond(200, [TEXT, _NOT_CACHED, *self._cookie(exchange.request)], b"ok")

    def _take(self, exchange: Exchange, name: str, body: bytes) -> bool:
        session = self._sessions.get(name)
        if session is None or not session.open:
            exchange.respond(404, [TEXT, *cors(exchange.request)], b"there is no such session\n")
        elif not body:
            exchange.respond(500, [TEXT, *cors(exchange.request)], b"Payload expected.\n")
        else:
            try:
                messages = decode(body, from_client=True).messages
            except SockJsError:
                exchange.respond(500, [TEXT, *cors(exchange.request)], b"Broken JSON encoding.\n")
            else:
                session.received(messages)
                return True
        return False

    def _cookie(self, request: Request) -> Headers:
        if not self._options.cookie:
            return []
        came = request.cookies.get("JSESSIONID", "")
        return [("Set-Cookie", f"JSESSIONID={came if _COOKIE.match(came) else 'dummy'}; path=/")]


def _quoted(frame: str) -> str:
    """The frame as a JavaScript string that cannot end the script it stands in."""
    return json.dumps(frame).replace("</", "<\\/")


def cors(request: Request) -> Headers:
    """What lets a page of another origin, which may connect, read the response (Fetch, CORS protocol)."""
    origin = request.get("Origin")
    if origin is None:
        return [("Access-Control-Allow-Origin", "*")]
    headers = [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
    ]
    wanted = request.get("Access-Control-Request-Headers")
    return [*headers, ("Access-Control-Allow-Headers", wanted)] if wanted else headers
