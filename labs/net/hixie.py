"""The WebSocket of before RFC 6455 (draft-hixie-thewebsocketprotocol-76), which one of SockJS' own tests speaks: it is
answered before its nonce has come, as a proxy may need it. For --sockjs-test-endpoints alone."""

from __future__ import annotations

import asyncio
import hashlib
import struct

from labs.net.front import Exchange
from labs.net.link import ABNORMAL, Receiver
from labs.wire.handshake import build_response
from labs.wire.http_head import Head

NONCE = 8  # bytes behind the head
NONCE_SECONDS = 5.0
MOST = 64 * 1024  # bytes of a message
_MOST_DIGITS = 24
_START, _END, _CLOSING = 0x00, 0xFF, b"\xff\x00"


def is_hixie(head: Head) -> bool:
    """Whether the request is such a handshake."""
    return None not in (_number(head, "Sec-WebSocket-Key1"), _number(head, "Sec-WebSocket-Key2"))


def _number(head: Head, name: str) -> bytes | None:
    """What a key stands for: its digits divided by the number of its spaces, in four bytes (§5.2)."""
    key = head.get(name) or ""
    digits, spaces = "".join(letter for letter in key if letter in "0123456789"), key.count(" ")
    if not 0 < len(digits) <= _MOST_DIGITS or not spaces or int(digits) % spaces or int(digits) // spaces >= 2**32:
        return None
    return struct.pack("!I", int(digits) // spaces)


def upgrade(exchange: Exchange, receiver: Receiver) -> None:
    """Answer the handshake; from then on messages go to `receiver`."""
    head = exchange.request.head
    keys = [_number(head, name) or b"" for name in ("Sec-WebSocket-Key1", "Sec-WebSocket-Key2")]
    link = HixieLink(b"".join(keys), receiver)
    given = exchange.give_away(101, link)
    if given is None:
        return
    transport, early = given
    headers = [
        ("Upgrade", "WebSocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Origin", head.get("Origin") or ""),
        ("Sec-WebSocket-Location", f"ws://{head.get('Host') or ''}{head.target}"),
    ]  # fmt: skip
    transport.write(build_response(101, "WebSocket Protocol Handshake", headers))
    link.begin(transport, early)


class HixieLink(asyncio.Protocol):
    """An open connection, as a channel of text messages."""

    def __init__(self, keys: bytes, receiver: Receiver) -> None:
        self._keys = keys
        self._receiver = receiver
        self._buffer = bytearray()
        self._transport: asyncio.Transport
        self._started = False
        self._timer: asyncio.TimerHandle

    def begin(self, transport: asyncio.Transport, early: bytes) -> None:
        """The head of the answer is written."""
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(NONCE_SECONDS, self.abort)
        self.data_received(early)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._started and len(self._buffer) >= NONCE:
            self._timer.cancel()
            self._transport.write(hashlib.md5(self._keys + self._buffer[:NONCE], usedforsecurity=False).digest())
            del self._buffer[:NONCE]
            self._started = True
            self._receiver.start(self)
        while self._started and self._buffer and not self._transport.is_closing():
            end = self._buffer.find(_END)
            if self._buffer[0] != _START or len(self._buffer) > MOST:
                self.close()
            elif end < 0:
                return
            else:
                message = bytes(self._buffer[1:end])
                del self._buffer[: end + 1]
                self._receiver.received(message, True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        if self._started:
            self._receiver.lost(ABNORMAL, 0)

    def send(self, data: bytes, *, text: bool) -> None:
        """One message; there are no others than text."""
        if not self._transport.is_closing():
            self._transport.write(b"\x00%b\xff" % data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End it: a close frame holds neither of these here."""
        if not self._transport.is_closing():
            self._transport.write(_CLOSING)
            self._transport.close()

    def abort(self) -> None:
        """Cut it."""
        self._transport.abort()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def pause_writing(self) -> None:
        self._receiver.congested()

    def resume_writing(self) -> None:
        self._receiver.writable()
