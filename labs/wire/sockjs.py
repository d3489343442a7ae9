"""SockJS framing: what a SockJS session writes into WebSocket messages (or HTTP bodies), and how to read it.
Sessions and transports are not its matter. https://github.com/sockjs/sockjs-protocol"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from labs.wire.fields import Field
from labs.wire.printable import cut, quoted

_WEBSOCKET_PATH = re.compile(r"/[^/.]+/[^/.]+/websocket\Z")


def is_sockjs_path(target: str) -> bool:
    """Whether a request target names SockJS' WebSocket transport: `<base>/<server>/<session>/websocket`."""
    return _WEBSOCKET_PATH.search(target.partition("?")[0]) is not None


class Kind(Enum):
    """The frames of SockJS; the value is what a reader calls it."""

    OPEN = "open"
    HEARTBEAT = "heartbeat"
    ARRAY = "array"
    MESSAGE = "message"
    CLOSE = "close"
    FROM_CLIENT = "messages"


_LETTERS = {"o": Kind.OPEN, "h": Kind.HEARTBEAT, "a": Kind.ARRAY, "m": Kind.MESSAGE, "c": Kind.CLOSE}


@dataclass(frozen=True, slots=True)
class SockJsFrame:
    """One frame: its messages, or a close frame's code and reason."""

    kind: Kind
    messages: tuple[str, ...] = ()
    code: int = 0
    reason: str = ""


class SockJsError(ValueError):
    """Bytes that are no SockJS frame; the text says what they are and what would be right."""


def encode_open() -> str:
    """What a server sends first."""
    return "o"


def encode_heartbeat() -> str:
    """What a server sends, every 25 s by default, so that proxies keep the connection."""
    return "h"


def encode_messages(messages: Iterable[str]) -> str:
    """`a["…","…"]`. Everything but ASCII is escaped, since browsers lose some characters (SockJS, Framing)."""
    return "a" + json.dumps(list(messages), separators=(",", ":"))


def encode_close(code: int, reason: str) -> str:
    """`c[3000,"Go away!"]`: the session is over."""
    return "c" + json.dumps([code, reason], separators=(",", ":"))


def encode_from_client(messages: Iterable[str]) -> str:
    """`["…","…"]`: what a client sends has no letter in front."""
    return json.dumps(list(messages), separators=(",", ":"))


def decode(payload: bytes, *, from_client: bool) -> SockJsFrame:
    """The frame that a WebSocket message carries. Raises SockJsError."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise SockJsError(f"not UTF-8 at byte {error.start}") from None
    if from_client:
        value = _json(text)
        return SockJsFrame(Kind.FROM_CLIENT, _strings([value] if isinstance(value, str) else value))
    kind, rest = _LETTERS.get(text[:1]), text[1:]
    if kind is None:
        raise SockJsError(f"begins with {cut(text[:1], 8)!r}; a server's frame begins with o, h, a, m or c")
    if kind in (Kind.OPEN, Kind.HEARTBEAT):
        if rest:
            raise SockJsError(f"bytes behind {text[0]}, which stands alone")
        return SockJsFrame(kind)
    value = _json(rest)
    if kind is Kind.CLOSE:
        return _close(value)
    return SockJsFrame(kind, _strings([value] if kind is Kind.MESSAGE else value))


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        raise SockJsError(f"{quoted(text, 20)} is not JSON") from None
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SockJsError('not an array of strings; it reads ["…","…"]')
    return tuple(value)


def _close(value: object) -> SockJsFrame:
    if not isinstance(value, list) or [type(item) for item in value] != [int, str]:
        raise SockJsError('not a close frame; it reads c[3000,"Go away!"]')
    code, reason = value
    return SockJsFrame(Kind.CLOSE, code=code, reason=reason)


_MEANINGS = {
    Kind.OPEN: "the session is open",
    Kind.HEARTBEAT: "keeps proxies from cutting an idle connection",
    Kind.ARRAY: "an array of messages",
    Kind.MESSAGE: "one message",
    Kind.CLOSE: "the session is over",
}


def sockjs_fields(raw: bytes, frame: SockJsFrame) -> tuple[Field, ...]:
    """The fields of a frame in its bytes: the letter, where there is one, and what follows."""
    if frame.kind is Kind.FROM_CLIENT:
        return (Field("messages", 0, len(raw), quoted(raw), "a JSON array of strings"),)
    letter = Field("type", 0, 1, f"{chr(raw[0])} {frame.kind.value}", _MEANINGS[frame.kind])
    if len(raw) == 1:
        return (letter,)
    name = "code and reason" if frame.kind is Kind.CLOSE else "messages"
    return letter, Field(name, 1, len(raw), quoted(raw[1:]), "JSON")


def sockjs_summary(frame: SockJsFrame) -> str:
    """The frame in a few words: `open`, `2 messages "a" "b"`, `close 3000 "Go away!"`."""
    if frame.kind is Kind.CLOSE:
        return f"close {frame.code} {quoted(frame.reason, 40)}"
    if frame.kind in (Kind.OPEN, Kind.HEARTBEAT):
        return str(frame.kind.value)
    shown = " ".join(quoted(message, 30) for message in frame.messages[:2])
    more = " …" if len(frame.messages) > 2 else ""
    return f"{len(frame.messages)} message{'s' * (len(frame.messages) != 1)} {shown}{more}".rstrip()
