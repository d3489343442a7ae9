"""A STOMP frame as a reader sees it: its fields with their spans, and its summary. The parser of stomp.py keeps no
spans, being in the broker's way; here the few bytes of one event are gone over again."""

from __future__ import annotations

from labs.wire.fields import Field
from labs.wire.printable import clean, count, cut, printable, quoted
from labs.wire.stomp import Event, Frame, HeartBeat, StompError

_COMMAND_MEANINGS = {
    "CONNECT": "opens the STOMP session",
    "STOMP": "opens the STOMP session (1.1 and later)",
    "CONNECTED": "the session is open",
    "SEND": "a message to a destination",
    "SUBSCRIBE": "asks for the messages of a destination",
    "UNSUBSCRIBE": "ends a subscription",
    "ACK": "the message was consumed",
    "NACK": "the message was not consumed",
    "BEGIN": "starts a transaction",
    "COMMIT": "carries a transaction out",
    "ABORT": "drops a transaction",
    "DISCONNECT": "ends the session; with a receipt, cleanly",
    "MESSAGE": "a message of a subscription",
    "RECEIPT": "the frame that asked for this receipt was processed",
    "ERROR": "something went wrong; the server closes after it",
}

_HEADER_MEANINGS = {
    "accept-version": "the versions that the client speaks",
    "version": "the version that is spoken from here on",
    "host": "the virtual host",
    "heart-beat": "what I can send, what I want to get: milliseconds, 0 for none",
    "content-length": "bytes of the body, NULs included",
    "content-type": "what the body is",
    "destination": "where the message goes",
    "id": "of the subscription; each has its own",
    "subscription": "the subscription that this message is for",
    "message-id": "of this message",
    "ack": "auto, client or client-individual",
    "receipt": "asks for a RECEIPT with this id",
    "receipt-id": "the receipt that was asked for",
    "transaction": "the transaction that this belongs to",
    "session": "the id of this session",
    "server": "the software of the broker",
    "user-name": "whom the broker takes this session for",
    "login": "the user's name",
    "redelivered": "it was delivered before, and not acknowledged",
    "sequence": "its number in this destination",
    "message": "what went wrong",
}

# Where a header means something else in one command.
_MEANINGS_IN = {
    ("MESSAGE", "ack"): "what an ACK or NACK of it must name",
    ("MESSAGE", "destination"): "where the message comes from",
    ("SUBSCRIBE", "destination"): "what is subscribed to",
    ("ACK", "id"): "the ack header of what was consumed",
    ("NACK", "id"): "the ack header of what was not consumed",
}

# What a summary names of each command, besides a body.
_SUMMARY_HEADERS = {
    "CONNECT": ("accept-version",),
    "STOMP": ("accept-version",),
    "CONNECTED": ("version",),
    "SEND": ("destination",),
    "MESSAGE": ("destination",),
    "SUBSCRIBE": ("id", "destination"),
    "UNSUBSCRIBE": ("id",),
    "ACK": ("id",),
    "NACK": ("id",),
    "BEGIN": ("transaction",),
    "COMMIT": ("transaction",),
    "ABORT": ("transaction",),
    "RECEIPT": ("receipt-id",),
    "ERROR": ("message",),
    "DISCONNECT": ("receipt",),
}
_DEFAULTS = {"accept-version": "1.0", "version": "1.0"}  # of a peer that names none


def stomp_fields(raw: bytes, event: Event) -> tuple[Field, ...]:
    """The fields of one event of a StompParser in its bytes: command, a field a header line, body, NUL."""
    if isinstance(event, HeartBeat):
        return (Field("heart-beat", 0, len(raw), quoted(raw), f"{count(event.count, 'end')} of line"),)
    if isinstance(event, StompError):
        return (Field("bytes", 0, len(raw), quoted(raw), problem=event.text),)
    fields: list[Field] = []
    at = 0
    while True:
        newline = raw.index(b"\n", at)
        end = newline - 1 if raw[newline - 1 : newline] == b"\r" else newline
        if end == at:
            break
        fields.append(_line_field(raw, at, end, len(fields), event))
        at = newline + 1
    body = newline + 1
    fields.append(Field("blank line", at, body, "", "ends the headers"))
    if event.body:
        value = quoted(event.body)
        fields.append(Field("body", body, len(raw) - 1, value, count(len(event.body), "byte")))
    fields.append(Field("NUL", len(raw) - 1, len(raw), "0", "ends the frame"))
    return tuple(fields)


def _line_field(raw: bytes, start: int, end: int, number: int, frame: Frame) -> Field:
    if number == 0:
        return Field("command", start, end, frame.command, _COMMAND_MEANINGS[frame.command])
    name, value = frame.headers[number - 1]
    written = raw[start:end].decode("utf-8", "replace").partition(":")[2]
    if any(name == earlier for earlier, _ in frame.headers[: number - 1]):
        meaning = "repeated: the first one counts"
    elif "\\" in written and written != value:
        meaning = f"escaped on the wire: {clean(written[:60])}"
    else:
        meaning = _MEANINGS_IN.get((frame.command, name)) or _HEADER_MEANINGS.get(name, "")
    return Field(cut(name) or "header", start, end, printable(value), meaning)


def stomp_summary(event: Event) -> str:
    """The event in a few words: `SEND /topic/chat "hello"`, `heart-beat`."""
    if isinstance(event, HeartBeat):
        return "heart-beat" if event.count == 1 else f"heart-beat ×{event.count}"
    if isinstance(event, StompError):
        return "not STOMP"
    words = [event.command]
    for name in _SUMMARY_HEADERS[event.command]:
        value = event.get(name) or _DEFAULTS.get(name)
        if value:
            words.append(cut(value, 30))
    if event.get("redelivered") == "true":
        words.append("redelivered")
    if event.body and event.command != "ERROR":  # whose body says once more, and at length, what its message does
        words.append(quoted(event.body, 40))
    return " ".join(words)
