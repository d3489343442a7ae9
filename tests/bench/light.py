"""A client that is not the bottleneck: plain sockets, frames made beforehand, bytes that are counted and not looked at.
Linux only."""

from __future__ import annotations

import re
import select
import socket
import struct
import time
from collections.abc import Sequence

SECONDS = 60.0  # until something that should come is given up
PIECE = 256 * 1024
END = b"x\0"  # of a message here: a NUL alone is also in a frame's length
_ACK = re.compile(rb"\nack:([^\n]+)\n")


def frame(payload: bytes) -> bytes:
    """A client's text frame. Its masking key is zero, which leaves the payload as it is (RFC 6455 §5.3)."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
    return b"\x81" + length + bytes(4) + payload


def stomp(command: str, *headers: str, body: bytes = b"") -> bytes:
    """A STOMP frame in a frame."""
    return frame("\n".join((command, *headers, "", "")).encode() + body + b"\0")


def connect(port: int, path: str) -> socket.socket:
    """A WebSocket: the socket behind a handshake that was accepted."""
    plug = socket.create_connection(("127.0.0.1", port), SECONDS)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plug.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = read_until(plug, b"\r\n\r\n")
    assert b" 101 " in head, head
    return plug


def read_until(plug: socket.socket, end: bytes) -> bytes:
    """Everything up to `end`, which is the last thing that comes."""
    data = b""
    while not data.endswith(end):
        piece = plug.recv(PIECE)
        assert piece, f"the connection ended after {data!r}"
        data += piece
    return data


def session(port: int, *subscribe: str) -> socket.socket:
    """A STOMP 1.2 session without heart-beats; `subscribe` are the headers of its subscription, if it has one."""
    plug = connect(port, "/ws")
    plug.sendall(stomp("CONNECT", "accept-version:1.2", "host:bench", "heart-beat:0,0"))
    assert b"CONNECTED" in read_until(plug, b"\0")
    if subscribe:
        plug.sendall(stomp("SUBSCRIBE", *subscribe, "receipt:r"))
        assert b"RECEIPT" in read_until(plug, b"\0")
    return plug


class Audience:
    """Sockets that all get the same number of bytes."""

    def __init__(self, plugs: Sequence[socket.socket]) -> None:
        self._plugs = plugs
        self._by_fd = {plug.fileno(): plug for plug in plugs}
        self._poll = select.epoll()
        self._buffer = memoryview(bytearray(PIECE))
        for plug in plugs:
            plug.setblocking(False)
            self._poll.register(plug, select.EPOLLIN)

    def hear(self, publisher: socket.socket, one: bytes, messages: int, burst: int) -> float:
        """Seconds until everybody has `messages` messages, sent as frames `one`, so many at once as `burst` says; the
        next when all have the last."""
        start = time.perf_counter()
        for _ in range(0, messages, burst):
            self._hear(publisher, one * burst, burst)
        return time.perf_counter() - start

    def _hear(self, publisher: socket.socket, frames: bytes, messages: int) -> None:
        first, buffer = self._plugs[0].fileno(), self._buffer
        total, heard = 0, bytearray()
        publisher.sendall(frames)
        while heard.count(END) < messages or total < len(heard) * len(self._plugs):
            ready = self._poll.poll(SECONDS)
            assert ready, f"{heard.count(END)} of {messages} messages came, {total} bytes"
            for fd, _ in ready:
                size = self._by_fd[fd].recv_into(buffer)
                assert size, "a subscriber was disconnected"
                total += size
                if fd == first:
                    heard += buffer[:size]
        assert total == len(heard) * len(self._plugs), (total, len(heard))

    def close(self) -> None:
        for plug in self._plugs:
            plug.close()
        self._poll.close()


def consume(producer: socket.socket, consumer: socket.socket, one: bytes, messages: int, *, acks: bool) -> float:
    """Seconds until `messages` messages, sent as frames `one`, have come out at the consumer, and with `acks` have been
    acknowledged one by one. So many are on their way at once that neither end ever waits for the other."""
    window, batch = 800, 50
    sent = done = 0
    rest = b""
    start = time.perf_counter()
    while done < messages:
        while sent < messages and sent - done <= window - batch:
            producer.sendall(one * min(batch, messages - sent))
            sent += batch
        data = rest + consumer.recv(PIECE)
        cut = data.rfind(END) + len(END)
        whole, rest = (data[:cut], data[cut:]) if cut > 1 else (b"", data)
        done += whole.count(END)
        if acks:
            answers = b"".join(frame(b"ACK\nid:%b\n\n\0" % key) for key in _ACK.findall(whole))
            if answers:
                consumer.sendall(answers)
    if acks:
        consumer.sendall(stomp("SEND", "destination:/topic/nobody", "receipt:end"))
        read_until(consumer, b"receipt-id:end\n\n\0")
    return time.perf_counter() - start
