"""Who a client is: tokens (JWT, HS256), one-time tickets, and which Origin may connect. A token never appears in what
is raised or logged here. Who may do what, once known, is the broker's matter."""

from __future__ import annotations

import math
import re
import secrets
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from labs.broker import Identity, Peer, Refused
from labs.net.http import Request
from labs.rules.setting import setting

if TYPE_CHECKING:
    import jwt

ALGORITHM = "HS256"
UNAUTHORIZED = 4401  # close code: no valid token, or no longer
NAMES = ("token", "access_token")  # what a query, a cookie or a header of CONNECT calls it (RFC 6750 §2.3)
_JWT = r"eyJ[\w-]*\.[\w-]+\.[\w-]*"
# A browser can set no header: `new WebSocket(url, ["v12.stomp", "bearer.<token>"])`; what ends in a JWT is taken too.
_SUBPROTOCOL = re.compile(rf"bearer\.(.*)|(?:[\w-]+\.)*?({_JWT})", re.IGNORECASE)
_SHAPE = re.compile(rf"(?:bearer +)?({_JWT})", re.IGNORECASE)
MAX_TICKETS = 10_000
MIN_SECRET = 32  # bytes; RFC 7518 §3.2 for HS256

Mode = Literal["open", "token"]


@dataclass(frozen=True, slots=True)
class AuthLimits:
    """Times in seconds; `allowed_origins` are separated by commas, `*` is any."""

    token_time: float = setting(3600.0, "seconds that an issued token lives, at most")
    ticket_time: float = setting(30.0, "seconds in which a ticket may be used, once")
    allowed_origins: str = setting(
        "", "origins that may connect beside the server's own, with commas between them; * is any"
    )


class AuthError(ValueError):
    """A token or a ticket that is not accepted; the text says why, without it."""


class Auth:
    """Issues and checks. `mode` open: who brings nothing is welcome, who brings something bad is not.

    `now` is the broker's clock, on which identities expire.
    """

    def __init__(self, mode: Mode, secret: bytes, limits: AuthLimits, now: Callable[[], float]) -> None:
        self.mode = mode
        self.limits = limits
        self._secret = secret
        self._now = now
        if mode == "token":
            self._load()  # at once: a client would wait for it
        self._tickets: dict[str, tuple[Identity, float]] = {}  # oldest first

    def _load(self) -> None:
        """Import the library: most servers see no token, and would start a fifth later for it."""
        import jwt

        if len(self._secret) < MIN_SECRET:  # who chose it was told
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)

    def issue_token(self, user: str, seconds: float) -> str:
        """A token for `user`."""
        import jwt

        self._load()
        issued = time.time()
        claims = {"sub": user, "iat": int(issued), "exp": math.ceil(issued + seconds)}
        return jwt.encode(claims, self._secret, ALGORITHM)

    def check_token(self, token: str) -> Identity:
        """Whom it was issued to; raises AuthError."""
        import jwt

        self._load()
        try:
            claims = jwt.decode(token, self._secret, [ALGORITHM], options={"require": ["exp", "sub"]})
        except jwt.ExpiredSignatureError:
            raise AuthError("the token has expired; get a new one from POST /token") from None
        except jwt.PyJWTError as error:
            raise AuthError(f"the token is not valid here ({_kind(error)}); POST /token issues them") from None
        if not claims["sub"]:
            raise AuthError("the token names nobody: its sub is empty; POST /token issues them")
        return Identity(claims["sub"], self._now() + float(claims["exp"]) - time.time())

    def issue_ticket(self, identity: Identity) -> str:
        """Good for one handshake within the ticket time."""
        now = self._now()
        while self._tickets and (len(self._tickets) >= MAX_TICKETS or next(iter(self._tickets.values()))[1] <= now):
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = identity, now + self.limits.ticket_time
        return ticket

    def admit_ticket(self, ticket: str, identity: Identity) -> None:
        """Take in one that another node issued: it is good for one handshake here, at once."""
        self._tickets[ticket] = identity, self._now() + self.limits.ticket_time

    def use_ticket(self, ticket: str) -> Identity:
        """Whom it was issued to; from now on it is worth nothing. Raises AuthError."""
        identity, until = self._tickets.pop(ticket, (None, 0.0))
        if identity is None:
            raise AuthError("the ticket is unknown or used already; each is good for one handshake")
        if until <= self._now():
            raise AuthError(f"the ticket is older than {self.limits.ticket_time:g} s; get a new one from POST /ticket")
        return identity

    def identify(self, request: Request) -> Identity | None:
        """Whom a handshake acts for: ticket, Authorization header, query, cookie or subprotocol, in that order; None
        where it brings nothing. Raises AuthError for what is not valid."""
        if ticket := request.query.get("ticket"):
            return self.use_ticket(ticket)
        token = token_of(request) or next(filter(None, map(_in_subprotocol, _offered(request))), None)
        return self.check_token(token) if token else None

    def authenticate(self, peer: Peer, headers: Mapping[str, str], now: float) -> Identity:
        """The broker's authenticator: a token in CONNECT (`Authorization: Bearer …`, `token`, `passcode`, a JWT in any
        header) or a `ticket`, else whom the handshake established, else, in open mode, whoever `login` says."""
        token = bearer(headers.get("Authorization") or headers.get("authorization")) or _named(headers)
        token = token or next((match[1] for value in headers.values() if (match := _SHAPE.fullmatch(value))), None)
        passcode = headers.get("passcode", "")
        if ticket := headers.get("ticket"):
            return self._accepted(self.use_ticket, ticket)
        if token is None and (self.mode == "token" or passcode.count(".") == 2):
            token = passcode or None
        if token is not None and (peer.identity is None or token != passcode):
            return self._accepted(self.check_token, token)
        if peer.identity is not None:
            return peer.identity
        if self.mode == "token":
            raise Refused(
                "a token is demanded: Authorization: Bearer … in CONNECT; POST /token issues one", UNAUTHORIZED
            )
        return Identity(headers.get("login") or None)

    @staticmethod
    def _accepted(check: Callable[[str], Identity], shown: str) -> Identity:
        try:
            return check(shown)
        except AuthError as error:
            raise Refused(str(error), UNAUTHORIZED) from None

    def may_issue(self, request: Request, *, local: bool) -> bool:
        """Whether POST /token answers: on a `local` server to everyone, else only to who shows the secret."""
        shown = bearer(request.get("Authorization")) or ""
        return local or secrets.compare_digest(shown.encode(), self._secret)


def bearer(header: str | None) -> str | None:
    """The token of an `Authorization: Bearer …` header, or None."""
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def token_of(request: Request) -> str | None:
    """The token that a request brings in its header, query or cookie, or None."""
    return bearer(request.get("Authorization")) or _named(request.query) or _named(request.cookies)


def _named(values: Mapping[str, str]) -> str | None:
    return next((values[name] for name in NAMES if values.get(name)), None)


def _in_subprotocol(name: str) -> str | None:
    """The token that an offered subprotocol carries, or None."""
    match = _SUBPROTOCOL.fullmatch(name)
    return (match[1] or match[2]) if match else None


def _offered(request: Request) -> list[str]:
    return [name.strip() for name in (request.get("Sec-WebSocket-Protocol") or "").split(",") if name.strip()]


def offered_subprotocols(request: Request) -> list[str]:
    """Those that a handshake offers, but for tokens."""
    return [name for name in _offered(request) if not _in_subprotocol(name)]


def _kind(error: jwt.PyJWTError) -> str:
    """`InvalidSignatureError` -> `invalid signature`: the library's own texts may quote what came."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def origin_allowed(request: Request, own: frozenset[str], allowed: frozenset[str], *, by_host: bool) -> bool:
    """Whether the page that a browser connects from may (RFC 6455 §10.2). Without Origin it is no browser.

    `own` are the server's origins; `by_host`: also the one that the Host header names, for a server whose names are
    not known here. On loopback they are: there, trusting Host would let a foreign name that resolves to 127.0.0.1 in.
    """
    origin = request.get("Origin")
    if origin is None or "*" in allowed:
        return True
    origin = origin.lower()
    if origin in own or origin in allowed:
        return True
    return by_host and origin.partition("://")[2] == (request.get("Host") or "").lower()


def read_origins(text: str) -> frozenset[str]:
    """The origins of a comma-separated list."""
    return frozenset(each.strip().lower().rstrip("/") for each in text.split(",") if each.strip())


def generate_secret() -> bytes:
    """A secret for this run of the server."""
    return secrets.token_urlsafe(48).encode()
