"""IP and TCP headers round bytes that a tape recorded, so that a packet analyser reads them. The payload is real; the
headers are made up here, with right lengths, sequence numbers and checksums (RFC 791, RFC 8200, RFC 9293)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10

MAX_SEGMENT = 65_483  # bytes of data; Linux' segment size on the loopback interface, and within IPv4's total length
_WINDOW = 65_535
_WINDOW_SCALE = 14  # RFC 7323: no direction outruns the window of 1 GiB that this makes
_TTL = 64
_TCP = 6

# Stand-ins for an address that was not recorded (RFC 5737, RFC 3849).
_UNKNOWN = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(ValueError):
    """Not `ip:port`; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection."""

    address: IpAddress
    port: int


def read_endpoints(src: str, dst: str) -> tuple[Endpoint, Endpoint]:
    """The two ends that a tape writes as `ip:port`; `?`, an end that had gone, becomes an address for documentation.

    Raises AddressError.
    """
    ends = [None if text == "?" else _read_endpoint(text) for text in (src, dst)]
    version = next((end.address.version for end in ends if end), 4)
    if any(end and end.address.version != version for end in ends):
        raise AddressError(f"{src} and {dst} are of different versions of IP")
    first, second = (
        end or Endpoint(ipaddress.ip_address(_UNKNOWN[version][place]), 1 + place) for place, end in enumerate(ends)
    )
    return first, second


def _read_endpoint(text: str) -> Endpoint:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65536):
        raise AddressError(f"{text[:60]!r} is not ip:port, as 127.0.0.1:8080 or [::1]:8080")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise AddressError(f"{text[:60]!r} is not ip:port, as 127.0.0.1:8080 or [::1]:8080") from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return Endpoint(mapped or address, int(port))


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071). 2**16 is 1 modulo 65535, so a sum of words with its carries is a remainder."""
    if len(data) % 2:
        data += b"\0"
    total = int.from_bytes(data, "big")
    folded = total % 0xFFFF or (0xFFFF if total else 0)
    return folded ^ 0xFFFF


def ip_packet(source: Endpoint, target: Endpoint, segment: bytes, identification: int = 0) -> bytes:
    """The segment in an IPv4 or IPv6 packet."""
    pair = source.address.packed + target.address.packed
    if source.address.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(segment), _TCP, _TTL) + pair + segment
    size = 20 + len(segment)
    dont_fragment = 0x4000
    before = struct.pack("!BBHHHBB", 0x45, 0, size, identification & 0xFFFF, dont_fragment, _TTL, _TCP)
    return before + struct.pack("!H", checksum(before + b"\0\0" + pair)) + pair + segment


def tcp_segment(
    source: Endpoint, target: Endpoint, *, sequence: int, acknowledged: int, flags: int, data: bytes = b""
) -> bytes:
    """One segment, its checksum over the pseudo-header included; a SYN carries segment size and window scale."""
    options = struct.pack("!BBHBBBB", 2, 4, MAX_SEGMENT, 3, 3, _WINDOW_SCALE, 0) if flags & SYN else b""
    length = 20 + len(options) + len(data)
    start = struct.pack(
        "!HHIIBBH",
        source.port,
        target.port,
        sequence & 0xFFFFFFFF,
        acknowledged & 0xFFFFFFFF,
        (20 + len(options)) // 4 << 4,
        flags,
        _WINDOW,
    )
    rest = options + data
    pseudo = source.address.packed + target.address.packed
    pseudo += struct.pack("!IBBBB", length, 0, 0, 0, _TCP)  # IPv6's; its sum is IPv4's too
    total = checksum(pseudo + start + b"\0\0\0\0" + rest)
    return start + struct.pack("!HH", total, 0) + rest


class Conversation:
    """A TCP connection made of what its two ends wrote: packets out, in order."""

    def __init__(self, client: Endpoint, server: Endpoint) -> None:
        self.client = client
        self._ends = {True: client, False: server}
        self._next = {True: 0, False: 0}  # the next sequence number; relative ones are clearest from zero on
        self._packets = 0

    def open(self) -> Iterator[bytes]:
        """SYN, SYN and ACK, ACK."""
        yield self._packet(True, SYN)
        yield self._packet(False, SYN | ACK)
        yield self._packet(True, ACK)

    def send(self, from_client: bool, data: bytes) -> Iterator[bytes]:
        """What one write carried, in segments; each acknowledges what the other side has sent."""
        for start in range(0, len(data), MAX_SEGMENT):
            piece = data[start : start + MAX_SEGMENT]
            push = PSH if start + MAX_SEGMENT >= len(data) else 0
            yield self._packet(from_client, ACK | push, piece)

    def close(self) -> Iterator[bytes]:
        """FIN from both, each acknowledged."""
        yield self._packet(True, FIN | ACK)
        yield self._packet(False, FIN | ACK)
        yield self._packet(True, ACK)

    def _packet(self, from_client: bool, flags: int, data: bytes = b"") -> bytes:
        source, target = self._ends[from_client], self._ends[not from_client]
        segment = tcp_segment(
            source,
            target,
            sequence=self._next[from_client],
            acknowledged=self._next[not from_client] if flags & ACK else 0,
            flags=flags,
            data=data,
        )
        self._next[from_client] += len(data) + bool(flags & (SYN | FIN))
        self._packets += 1
        return ip_packet(source, target, segment, self._packets)
