"""What the kernel knows of a TCP connection (TCP_INFO, Linux), and its keepalive. No privileges are needed."""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass

MEASURABLE = sys.platform == "linux"
TCP_USER_TIMEOUT = 18  # <linux/tcp.h>; Python names it on Linux only
_ESTABLISHED = 1
_INFO = struct.Struct("=8B24I4Q2I")  # <linux/tcp.h>, struct tcp_info up to tcpi_segs_in


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """`probes`: keepalive or zero-window probes without an answer; `unacked`: segments in flight; `retransmits`: of the
    first of them; `ack_age`: milliseconds since an ACK came; `segments_in`: all that came, ACKs among them."""

    established: bool
    retransmits: int
    probes: int
    unacked: int
    ack_age: int
    segments_in: int


def tcp_info(plug: socket.socket) -> TcpInfo:
    """Of this connection; raises OSError."""
    raw = plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    fields = _INFO.unpack(raw)
    words = fields[8:32]
    return TcpInfo(
        established=fields[0] == _ESTABLISHED, retransmits=fields[2], probes=fields[3], unacked=words[4],
        ack_age=words[12], segments_in=fields[37],
    )  # fmt: skip


def keep_alive(plug: socket.socket, idle: int, every: int, count: int) -> None:
    """Probe after `idle` seconds of silence, then every `every` seconds; the peer is dead after `count` unanswered."""
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, every)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, count)


def user_timeout(plug: socket.socket, seconds: float) -> None:
    """Give up when what was sent has not been acknowledged for so long (TCP_USER_TIMEOUT, RFC 5482)."""
    plug.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, int(seconds * 1000))
