"""The cookie that binds a client to a node: what it says, and whether it may be believed. Which node is free is in
balancing.py."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from labs.wire.http_head import Head

_VALUE = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9]{1,12})\.([0-9a-f]{32})")
_SOCKJS = re.compile(r"/[^/]+/[^/.]+/([^/.]+)/(?!websocket)[a-z_]+")
_CLOCK_SKEW = 60  # seconds that a cookie may be from the future


def sockjs_session(path: str) -> str | None:
    """The session that a request of SockJS belongs to (/BASE/SERVER/SESSION/TRANSPORT): all of one have to reach the
    same node, and a client outside of a browser may keep no cookie. A session over a WebSocket is one request."""
    match = _SOCKJS.fullmatch(path)
    return match[1] if match else None


@dataclass(frozen=True, slots=True)
class Stickiness:
    """Makes and reads the cookie `name`: `node.issued.signature`, the signature an HMAC-SHA-256 cut to 128 bits.

    It holds for `age` seconds; 0: as long as the browser runs, and for ever where it is shown. `key` signs it, so that
    no client chooses its node, or one that is not there.
    """

    key: bytes
    name: str = "ws_node"
    age: int = 3600

    def set_cookie(self, node: str, now: float) -> tuple[str, str]:
        """The Set-Cookie header that binds to `node` from `now` (Unix time) on. RFC 6265 §4.1."""
        issued = f"{node}.{int(now)}"
        max_age = f"; Max-Age={self.age}" if self.age else ""
        return "Set-Cookie", f"{self.name}={issued}.{self._sign(issued)}; Path=/{max_age}; HttpOnly; SameSite=Lax"

    def node_of(self, head: Head, now: float) -> str | None:
        """The node that the request is bound to; None without a cookie that is ours and in force."""
        for value in self._values(head):
            match = _VALUE.fullmatch(value)
            if match is None or not hmac.compare_digest(match[3], self._sign(f"{match[1]}.{match[2]}")):
                continue
            if not self.age or -_CLOCK_SKEW <= now - int(match[2]) < self.age:
                return match[1]
        return None

    def _values(self, head: Head) -> Sequence[str]:
        pairs = (pair.strip().partition("=") for pair in (head.get("Cookie") or "").replace(",", ";").split(";"))
        return [value for name, _, value in pairs if name == self.name]

    def _sign(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:32]
