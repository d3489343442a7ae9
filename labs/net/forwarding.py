"""The heads that a balancer sends on: hop-by-hop headers stay behind, its own come in (RFC 9110 §7.6.1). Every other
line goes as it came."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence, Set

from labs.net.http import Request
from labs.wire.http_head import Head

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
)
FORWARDED_FOR = "X-Forwarded-For"
VOUCHER = "X-Forwarded-Voucher"  # what nobody but the balancer and its nodes know: a client's own word is none

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks with commas between them; raises ValueError."""
    return tuple(ipaddress.ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip())


def client_of(request: Request, peer: str, trusted: Sequence[Network]) -> str:
    """The address that a request from `peer` is for: as long as that is a `trusted` proxy's, the one before it in
    X-Forwarded-For, to which each proxy adds whom it got the request from."""
    told = [each.strip() for each in (request.get(FORWARDED_FOR) or "").split(",") if each.strip()]
    while told and _is_in(peer, trusted):
        peer = told.pop()[:64]
    return peer


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(known in network for network in networks)


def forwarded_request(request: Request, peer: str, voucher: str = "") -> bytes:
    """The request as the node gets it, from a client at `peer`: of one connection, but for an upgrade, and with its
    body's length, however the body came. By the `voucher` the node knows that its balancer says whom it is for."""
    head = request.head
    upgrade = head.get("Upgrade")
    own = [("Connection", "Upgrade" if upgrade is not None and "upgrade" in head.tokens("Connection") else "close")]
    if upgrade is not None:  # also where Connection does not name it: the node says what is wrong with that
        own.append(("Upgrade", upgrade))
    if request.body or head.get("Content-Length") is not None:
        own.append(("Content-Length", str(len(request.body))))
    before = head.get(FORWARDED_FOR)
    own.append((FORWARDED_FOR, f"{before}, {peer}" if before else peer))
    if voucher:
        own.append((VOUCHER, voucher))
    names = {FORWARDED_FOR.lower(), VOUCHER.lower(), "content-length"}
    dropped = _HOP_BY_HOP | set(head.tokens("Connection")) | names
    return _rewritten(request.raw_head, dropped - {"host"}, own) + request.body


def forwarded_response(raw_head: bytes, head: Head, own: list[tuple[str, str]], *, closes: bool) -> bytes:
    """The head of the node's response as the client gets it, with `own` headers added; `closes`: the client's
    connection ends behind it."""
    if head.status == 101:
        return _rewritten(raw_head, frozenset(), own)
    # The framing of the body passes through with the body.
    dropped = (_HOP_BY_HOP | set(head.tokens("Connection"))) - {"transfer-encoding", "trailer"}
    return _rewritten(raw_head, dropped, [*own, ("Connection", "close")] if closes else own)


def _rewritten(raw: bytes, dropped: Set[str], own: list[tuple[str, str]]) -> bytes:
    # A bare CR is a space here (RFC 9112 §2.2): a node that took it for the end of a line would see other headers.
    start, *lines = raw.strip(b"\r\n").replace(b"\r\n", b"\n").replace(b"\r", b" ").split(b"\n")
    kept = [line for line in lines if line and line.partition(b":")[0].decode("latin-1").lower() not in dropped]
    added = [f"{name}: {value}".encode("latin-1", "replace") for name, value in own]
    return b"\r\n".join([start, *kept, *added, b"", b""])
