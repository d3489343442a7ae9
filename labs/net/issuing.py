"""`POST /token` and `POST /ticket`, and what a ticket is worth where several servers share a store. Checking them is
for auth.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from labs.broker import Identity
from labs.net.auth import Auth, AuthError, token_of
from labs.net.front import Exchange
from labs.net.http import form_fields
from labs.net.tasks import Tasks
from labs.net.tickets import SharedTickets

NO_STORE = ("Cache-Control", "no-store")
_JSON = ("Content-Type", "application/json; charset=UTF-8")
_BEARER = [("WWW-Authenticate", "Bearer")]
_LATER = [("Retry-After", "1")]


def answer_json(exchange: Exchange, body: Mapping[str, object]) -> None:
    """A response of one JSON object, which nobody keeps."""
    exchange.respond(200, [_JSON, NO_STORE], json.dumps(body).encode() + b"\n")


class Issuing:
    """Who gets a token or a ticket. `local`: only this machine reaches the server. With `shared` the tickets are those
    of all nodes; what has to ask their store runs in `tasks`."""

    def __init__(self, auth: Auth, tasks: Tasks, shared: SharedTickets | None, *, local: bool) -> None:
        self._auth = auth
        self._tasks = tasks
        self._shared = shared
        self._local = local

    def token(self, exchange: Exchange) -> None:
        """`{"user": …, "seconds": …}` -> a token. On loopback this stands in for a login; elsewhere the caller shows
        the secret."""
        if not self._auth.may_issue(exchange.request, local=self._local):
            exchange.line(401, "show the secret: Authorization: Bearer …", _BEARER)
            return
        asked = _asked(exchange)
        if asked is None:
            exchange.line(400, 'a JSON object or a form with "user", and "seconds" if you like')
            return
        user, seconds = asked
        longest = self._auth.limits.token_time
        seconds = min(seconds or longest, longest)
        token = self._auth.issue_token(user, seconds)
        answer_json(exchange, {"token": token, "user": user, "expires_in": seconds})

    def ticket(self, exchange: Exchange) -> None:
        """A ticket for whom the token in the request names."""
        token = token_of(exchange.request) or _asked_token(exchange)
        if not token:
            exchange.line(401, "a ticket is for who has a token: Authorization: Bearer …", _BEARER)
            return
        try:
            identity = self._auth.check_token(token)
        except AuthError as error:
            exchange.line(401, str(error), _BEARER)
            return
        if self._shared is None:
            self._give(exchange, self._auth.issue_ticket(identity))
        else:
            self._tasks.start(self._issue(exchange, self._shared, identity), "ticket")

    def use(self, exchange: Exchange, go_on: Callable[[Exchange], None]) -> None:
        """Go on with a handshake when the ticket that it brings, if any, can be looked at here."""
        ticket = exchange.request.query.get("ticket")
        if ticket and self._shared is not None:
            self._tasks.start(self._fetch(exchange, self._shared, ticket, go_on), "ticket")
        else:
            go_on(exchange)

    async def redeem(self, ticket: str) -> None:
        """Have the ticket of a CONNECT here, if this is the first node to ask; raises ConnectionError."""
        assert self._shared is not None
        await self._shared.fetch(ticket)

    def _give(self, exchange: Exchange, ticket: str) -> None:
        answer_json(exchange, {"ticket": ticket, "expires_in": self._auth.limits.ticket_time})

    async def _issue(self, exchange: Exchange, shared: SharedTickets, identity: Identity) -> None:
        try:
            self._give(exchange, await shared.issue(identity))
        except ConnectionError as error:
            exchange.line(503, str(error), _LATER)

    @staticmethod
    async def _fetch(exchange: Exchange, shared: SharedTickets, ticket: str, go_on: Callable[[Exchange], None]) -> None:
        try:
            await shared.fetch(ticket)
        except ConnectionError as error:
            exchange.line(503, str(error), _LATER)
        if not exchange.done:
            go_on(exchange)


def _fields(exchange: Exchange) -> dict[str, object]:
    """What a POST brings: a JSON object or a form; {} where it is neither."""
    body = exchange.request.body
    if body.lstrip()[:1] == b"{":
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}
    return {**exchange.request.query, **form_fields(body.decode("latin-1"))}


def _asked(exchange: Exchange) -> tuple[str, float] | None:
    """The user and the seconds that POST /token asks for; None where that is no name or no number above 0."""
    fields = _fields(exchange)
    user = fields.get("user", fields.get("login", fields.get("sub")))
    if not isinstance(user, str) or not 0 < len(user) <= 256:
        return None
    try:
        seconds = float(str(fields.get("seconds", fields.get("expires_in", fields.get("ttl", 0)))))
    except ValueError:
        return None
    return (user, seconds) if 0 <= seconds < float("inf") else None


def _asked_token(exchange: Exchange) -> str | None:
    token = _fields(exchange).get("token")
    return token if isinstance(token, str) else None
