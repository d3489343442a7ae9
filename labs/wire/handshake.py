"""The opening handshake (RFC 6455 §1.3, §4): what makes a request an upgrade, what answers it, and what is wrong with
either. Reading HTTP itself is in http_head.py."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from labs.wire.fields import Field
from labs.wire.http_head import Head
from labs.wire.printable import cut

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
VERSION = "13"  # RFC 6455 §4.1

Headers = Sequence[tuple[str, str]]


def accept_key(key: str) -> str:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key: Base64(SHA-1(key + GUID)), the key as it was written (§4.2.2)."""
    digest = hashlib.sha1((key + GUID).encode("latin-1", "replace"), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def build_request(
    target: str = "/", headers: Headers = (), *, method: str = "GET", host: str | None = "localhost"
) -> bytes:
    """A raw request: nothing is added but Host (unless None), nothing is checked."""
    named = [("Host", host), *headers] if host is not None else list(headers)
    return _head(f"{method} {target} HTTP/1.1", named)


def upgrade_headers(key: str, *, version: str = VERSION, subprotocols: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The headers of a client's opening handshake (§4.1)."""
    headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", version),
    ]
    return [*headers, ("Sec-WebSocket-Protocol", ", ".join(subprotocols))] if subprotocols else headers


def build_response(status: int, reason: str, headers: Headers = (), body: bytes = b"") -> bytes:
    """A raw response; Content-Length is added where there is a body and none is given."""
    named = list(headers)
    if body and not any(name.lower() == "content-length" for name, _ in named):
        named.append(("Content-Length", str(len(body))))
    return _head(f"HTTP/1.1 {status} {reason}", named) + body


def accept_headers(key: str, *, subprotocol: str | None = None) -> list[tuple[str, str]]:
    """The headers of a server's 101 to a client that sent `key` (§4.2.2)."""
    headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept_key(key))]
    return [*headers, ("Sec-WebSocket-Protocol", subprotocol)] if subprotocol else headers


def _head(start_line: str, headers: Headers) -> bytes:
    lines = [start_line, *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1", "replace") + b"\r\n"


def wants_upgrade(head: Head) -> bool:
    """Whether a request tries to become a WebSocket, well or badly: it says `Upgrade: websocket` or brings a key."""
    return bool(head.method) and ("websocket" in head.tokens("Upgrade") or head.get("Sec-WebSocket-Key") is not None)


def switches(head: Head) -> bool:
    """Whether a response turns the connection into a WebSocket: 101 with `Upgrade: websocket`."""
    return head.status == 101 and "websocket" in head.tokens("Upgrade")


def key_problem(key: str) -> str:
    """What is wrong with a Sec-WebSocket-Key, which is 16 bytes in Base64 (§4.1), or an empty string."""
    try:
        size = len(base64.b64decode(key.encode("latin-1", "replace"), validate=True))
    except (binascii.Error, ValueError):
        return f"{cut(key, 40)!r} is not Base64; the key is 16 random bytes in Base64 (§4.1)"
    return "" if size == 16 else f"decodes to {size} bytes; the key has 16 (§4.1)"


def request_problems(head: Head) -> dict[str, str]:
    """Header name (lower case; `method`, `version` for the start line) -> what is wrong with an upgrade (§4.2.1)."""
    problems = {}
    if head.method != "GET":
        problems["method"] = f"{head.method}: a WebSocket opens with GET (§4.1)"
    if head.version == "HTTP/1.0":
        problems["version"] = "HTTP/1.0: the opening handshake needs HTTP/1.1 or higher (§4.1)"
    if head.get("Host") is None:
        problems["host"] = "missing; HTTP/1.1 demands it (§4.1)"
    if "websocket" not in head.tokens("Upgrade"):
        problems["upgrade"] = "has no websocket; it must (§4.2.1)"
    if "upgrade" not in head.tokens("Connection"):
        problems["connection"] = "has no Upgrade; it must (§4.2.1)"
    keys = [value for name, value in head.headers if name.lower() == "sec-websocket-key"]
    if len(keys) != 1:
        problems["sec-websocket-key"] = "missing; the server answers 400 (§4.2.1)" if not keys else "there is only one"
    elif problem := key_problem(keys[0]):
        problems["sec-websocket-key"] = problem
    if head.get("Sec-WebSocket-Version") != VERSION:
        stated = head.get("Sec-WebSocket-Version")
        came = "missing" if stated is None else f"version {cut(stated, 20)}"
        problems["sec-websocket-version"] = f"{came}; RFC 6455 is 13, a server answers others with 426 (§4.4)"
    return problems


def response_problems(head: Head, request: Head | None) -> dict[str, str]:
    """Header name (lower case; `status`) -> why a client refuses this 101 (§4.1); `request` is what it answers."""
    problems = {}
    if request is not None and not wants_upgrade(request):
        problems["status"] = "101 to a request that did not ask to upgrade"
        return problems
    if "upgrade" not in head.tokens("Connection"):
        problems["connection"] = "has no Upgrade; the client fails the connection (§4.1)"
    if request is None:
        return problems
    expected, accept = accept_key(request.get("Sec-WebSocket-Key") or ""), head.get("Sec-WebSocket-Accept")
    if accept is None:
        problems["sec-websocket-accept"] = f"missing; for this key it is {expected} (§4.1)"
    elif accept.strip() != expected:
        problems["sec-websocket-accept"] = f"does not match; for this key it is {expected} (§4.1)"
    offered = [value.strip() for value in (request.get("Sec-WebSocket-Protocol") or "").split(",")]
    chosen = head.get("Sec-WebSocket-Protocol")
    if chosen is not None and chosen not in offered:
        problems["sec-websocket-protocol"] = (
            f"{cut(chosen, 20)} was not offered; the client fails the connection (§4.1)"
        )
    return problems


def with_problems(fields: tuple[Field, ...], problems: dict[str, str]) -> tuple[tuple[Field, ...], str]:
    """The fields with their problems, and all of them in one line, those of absent headers included."""
    marked = tuple(
        replace(field, problem=problems[field.name.lower()]) if field.name.lower() in problems else field
        for field in fields
    )
    return marked, "; ".join(f"{_TITLES.get(name, name)} {problem}" for name, problem in problems.items())


_TITLES = {
    "host": "Host",
    "upgrade": "Upgrade",
    "connection": "Connection",
    "sec-websocket-key": "Sec-WebSocket-Key",
    "sec-websocket-version": "Sec-WebSocket-Version",
    "sec-websocket-accept": "Sec-WebSocket-Accept",
    "sec-websocket-protocol": "Sec-WebSocket-Protocol",
}


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What a 101 settled: the subprotocol (or None) and what permessage-deflate may keep between messages.

    `deflate` is None where it is off, else whether (client, server) keep their compression context (RFC 7692 §7.1.1).
    `other_extensions`: something else was negotiated, whose bits and bytes are not understood here.
    """

    subprotocol: str | None = None
    deflate: tuple[bool, bool] | None = None
    other_extensions: bool = False


def negotiated(head: Head) -> Negotiated:
    """Read what the server's 101 says that is spoken from here on."""
    deflate, other = None, False
    for extension in head.tokens("Sec-WebSocket-Extensions"):
        name, *parameters = [part.strip() for part in extension.split(";")]
        if name == "permessage-deflate":
            client, server = (f"{side}_no_context_takeover" not in parameters for side in ("client", "server"))
            deflate = client, server
        else:
            other = True
    return Negotiated(head.get("Sec-WebSocket-Protocol"), deflate, other)
