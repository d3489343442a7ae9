"""A message in the broker, and the frames that the server sends: what is the same for every subscriber is encoded once
for each STOMP version."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from labs.wire.stomp import Headers, Version, header_line, plain_lines

# Of a SEND, never passed on: asked of this broker, or given by it alone.
NOT_PASSED_ON = frozenset(
    {
        "receipt", "transaction", "message-id", "subscription", "ack", "redelivered", "destination", "content-length",
        "sequence", "replay-gap", "idempotency-key",
    }
)  # fmt: skip
_OVERHEAD = 200  # bytes that a stored message costs beside its text, roughly
HEART_BEAT = b"\n"


def passed_on(headers: Headers) -> Headers:
    """What subscribers get of a SEND's headers, of repeated ones the first (STOMP 1.2, Repeated Header Entries)."""
    first: dict[str, str] = {}
    for name, value in headers:
        if name not in NOT_PASSED_ON:
            first.setdefault(name, value)
    return tuple(first.items())


class Message:
    """One message: of a topic, waiting in a queue, or on its way to a user. `born` is when it was accepted; `tries`
    counts its deliveries from a queue. `sequence` is None where its destination has none (a user's)."""

    __slots__ = ("_tails", "binary", "body", "born", "destination", "headers", "id", "sequence", "size", "tries")

    def __init__(
        self, destination: str, headers: Headers, body: bytes, *, message_id: str, sequence: int | None, born: float
    ) -> None:
        self.destination = destination
        self.headers = headers
        self.body = body
        self.id = message_id
        self.sequence = sequence
        self.born = born
        self.tries = 0
        self.binary = _is_binary(headers, body)
        self.size = len(body) + _OVERHEAD + sum(map(len, chain.from_iterable(headers)))
        self._tails: dict[Version, bytes] = {}

    def tail(self, version: Version) -> bytes:
        """All of its MESSAGE frame but the command and the headers that differ by subscription."""
        tail = self._tails.get(version)
        if tail is None:
            sequence = () if self.sequence is None else (("sequence", str(self.sequence)),)
            headers = (("destination", self.destination), ("message-id", self.id), *sequence, *self.headers)
            lines = plain_lines(headers)
            if lines is None:
                lines = "\n".join(header_line(name, value, version) for name, value in headers)
            head = f"{lines}\ncontent-length:{len(self.body)}\n\n"
            tail = self._tails[version] = head.encode() + self.body + b"\0"
        return tail


def _is_binary(headers: Headers, body: bytes) -> bool:
    """Whether the body must not travel in a text message: it says so (octet-stream), or it is not UTF-8."""
    for name, value in headers:
        if name == "content-type":
            if value.startswith("application/octet-stream"):
                return True
            break
    if body.isascii():
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def message_head(subscription: str | None, version: Version) -> bytes:
    """What begins a MESSAGE of this subscription; in 1.0 it may have no id."""
    if subscription is None:
        return b"MESSAGE\n"
    return f"MESSAGE\n{header_line('subscription', subscription, version)}\n".encode()


def connected(headers: Iterable[tuple[str, str]]) -> bytes:
    """A CONNECTED frame; its headers are never escaped (STOMP 1.2, Value Encoding)."""
    lines = "\n".join(header_line(name, value, "1.0", escaped=False) for name, value in headers)
    return f"CONNECTED\n{lines}\n\n\0".encode()


def receipt(receipt_id: str, version: Version) -> bytes:
    """A RECEIPT frame."""
    return f"RECEIPT\n{header_line('receipt-id', receipt_id, version)}\n\n\0".encode()


def error(text: str, receipt_id: str | None, version: Version | None, headers: Headers = ()) -> bytes:
    """An ERROR frame: the text is its `message` and, on a line of its own, its body.

    Without a version, to a client whose version is not known, the header holds nothing that any of them would unescape.
    """
    body = f"{text}\n".encode(errors="replace")
    if version is None:
        version, text = "1.0", text.replace("\\", "/")
    lines = [header_line("message", text, version)]
    if receipt_id is not None:
        lines.append(header_line("receipt-id", receipt_id, version))
    lines += [header_line(name, value, version) for name, value in headers]
    lines += ["content-type:text/plain;charset=utf-8", f"content-length:{len(body)}"]
    return ("ERROR\n" + "\n".join(lines) + "\n\n").encode() + body + b"\0"
