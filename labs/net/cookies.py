"""A client's cookies for one host: what a browser keeps of Set-Cookie, and sends with the next opening handshake.
Domains and paths are not told apart: a client here talks to one site."""

from __future__ import annotations

import math
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

MOST = 50  # cookies, as RFC 6265 §6.1 asks for at least
LARGEST = 4096  # bytes of one


class CookieJar:
    """Names to values, each until its Max-Age is over. `now` in seconds on any clock that goes on."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, float]] = {}

    def keep(self, set_cookies: Iterable[str], now: float) -> None:
        """Take the Set-Cookie headers of one response; one that is broken or too large is passed over."""
        for line in set_cookies:
            if len(line) > LARGEST:
                continue
            try:
                read = SimpleCookie(line)
            except CookieError:
                continue
            for name, morsel in read.items():
                age = morsel["max-age"]
                until = now + int(age) if age.lstrip("-").isdigit() else math.inf
                self._kept.pop(name, None)
                if until > now:
                    self._kept[name] = (morsel.coded_value, until)
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def header(self, now: float) -> str:
        """The value of the Cookie header; empty when there is none to send."""
        return "; ".join(f"{name}={value}" for name, (value, until) in self._kept.items() if until > now)
