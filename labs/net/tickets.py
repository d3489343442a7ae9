"""One-time tickets that any node of a cluster takes: the store keeps them, and gives each out once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol

from labs.broker import Identity
from labs.net.auth import Auth


class OnceStore(Protocol):
    """Where a value can be put for one taker."""

    async def put_once(self, name: str, value: dict[str, Any], seconds: float) -> None: ...

    async def take_once(self, name: str) -> dict[str, Any] | None: ...


class SharedTickets:
    """Tickets of all nodes, by a store that raises ConnectionError when it is away. `now` is the clock on which
    identities expire here."""

    def __init__(self, auth: Auth, store: OnceStore, now: Callable[[], float]) -> None:
        self._auth = auth
        self._store = store
        self._now = now

    async def issue(self, identity: Identity) -> str:
        """Good for one handshake on any node within the ticket time."""
        ticket = secrets.token_urlsafe(24)
        expires = None if identity.expires is None else time.time() + identity.expires - self._now()
        kept = {"user": identity.user, "expires": expires}
        await self._store.put_once(ticket, kept, self._auth.limits.ticket_time)
        return ticket

    async def fetch(self, ticket: str) -> None:
        """Have `auth` accept the ticket, once, if it was issued and nobody has used it."""
        kept = await self._store.take_once(ticket)
        if kept is not None:
            expires = None if kept["expires"] is None else self._now() + kept["expires"] - time.time()
            self._auth.admit_ticket(ticket, Identity(kept["user"], expires))
