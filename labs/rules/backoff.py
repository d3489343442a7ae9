"""Whether a client that lost its connection comes back, and when: the close code decides first, then exponential
backoff with full jitter. Reconnecting itself is labs.net.resuming's part."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

LONGEST_TOLD = 600.0  # seconds; a server that asks for more is not obeyed to the letter
_TOLD = re.compile(r"(?:come back|retry|try again) after (\d{1,9}(?:\.\d{1,9})?) ?s", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,9}")


class Next(Enum):
    """What a client does after its connection ended."""

    RETRY = "come back"
    CREDENTIALS = "come back with new credentials, not before"
    STOP = "stay away"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes next, and the least seconds that the server asked to be left alone."""

    next: Next
    at_least: float = 0.0


# RFC 6455 §7.4.1 and IANA's registry of close codes. The end was deliberate (1000, 1005), or would come again just the
# same (1002, 1003, 1007, 1009, 1010, 1015). All else is tried again: 1001, 1006, 1011 to 1014, and codes unknown here.
_CREDENTIALS = frozenset({1008, 3000, 3003, 4401})
_STOP = frozenset({1000, 1002, 1003, 1005, 1007, 1009, 1010, 1015})
_CREDENTIALS_HTTP = frozenset({401, 403})
_RETRY_HTTP = frozenset({408, 425, 429, 500, 502, 503, 504})


def after_close(code: int, reason: str = "") -> Outlook:
    """What follows a close with that code, 1006 when no close frame came. A delay that the reason names is honoured."""
    if code in _CREDENTIALS:
        return Outlook(Next.CREDENTIALS)
    if code in _STOP:
        return Outlook(Next.STOP)
    told = _TOLD.search(reason)
    return Outlook(Next.RETRY, min(float(told[1]), LONGEST_TOLD) if told else 0.0)


def after_refusal(status: int, retry_after: str | None = None) -> Outlook:
    """What follows an opening handshake that was answered with that HTTP status. Of `Retry-After` the form in seconds
    is honoured (RFC 9110 §10.2.3); a date is not, since the client's clock may be wrong."""
    if status in _CREDENTIALS_HTTP:
        return Outlook(Next.CREDENTIALS)
    if status not in _RETRY_HTTP:
        return Outlook(Next.STOP)
    told = _SECONDS.fullmatch(retry_after.strip()) if retry_after and retry_after.isascii() else None
    return Outlook(Next.RETRY, min(float(told[0]), LONGEST_TOLD) if told else 0.0)


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds. Attempt n (from 0) waits for a random time below min(cap, base × 2ⁿ); a connection that held for
    `stable` ends the row of attempts, a shorter one does not: a server that accepts and drops is not hammered."""

    base: float = 0.5
    cap: float = 30.0
    stable: float = 5.0

    def bound(self, attempt: int) -> float:
        """The longest that attempt `attempt` waits, of itself."""
        return min(self.cap, self.base * 2.0 ** min(attempt, 64))


@dataclass(frozen=True, slots=True)
class Wait:
    """Until the next attempt: `seconds`, of which `at_least` were asked for by the server; `bound` is the most that the
    backoff adds to those. `attempt` counts from 0 in its row."""

    attempt: int
    seconds: float
    at_least: float
    bound: float


class Backoff:
    """The row of attempts of one client. `draw` gives random numbers from 0 up to 1."""

    __slots__ = ("_draw", "_opened", "attempt", "policy")

    def __init__(self, policy: Policy, draw: Callable[[], float]) -> None:
        self.policy = policy
        self._draw = draw
        self._opened: float | None = None
        self.attempt = 0

    def opened(self, now: float) -> None:
        """An attempt has succeeded."""
        self._opened = now

    def wait(self, now: float, at_least: float = 0.0) -> Wait:
        """How long until the next attempt, now that the connection or the attempt is over.

        Full jitter: anything from 0 to the bound is as likely, so that a crowd that was cut off together does not
        return together. What the server asked for comes on top, for the same reason.
        """
        if self._opened is not None and now - self._opened >= self.policy.stable:
            self.attempt = 0
        self._opened = None
        attempt, bound = self.attempt, self.policy.bound(self.attempt)
        self.attempt += 1
        return Wait(attempt, at_least + self._draw() * bound, at_least, bound)
