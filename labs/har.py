"""A tape as an HTTP archive (HAR 1.2), with the frames of each WebSocket as browsers write them, for network panels."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from labs.export import epoch
from labs.tape import Bytes, Event, LabStarted
from labs.wire.dissect import Dissector
from labs.wire.frames import TEXT, is_control
from labs.wire.handshake import negotiated, switches, wants_upgrade
from labs.wire.http_head import Head, parse_head
from labs.wire.message import Message
from labs.wire.reassembly import Assembler, Inflater

Json = dict[str, Any]

_NO_HEAD = Head("", "", 0, "", "", (), 0, ())  # of a response that never came
_MAX_QUERY = 100  # parameters of a query that are listed


def to_har(events: Iterable[tuple[int, Event]]) -> Json:
    """The archive of the events of a tape with their line numbers; raises what `events` raises.

    Data messages are put together from their fragments and inflated; control frames are listed too. Payloads that are
    not text are in Base64, as Chrome writes them.
    """
    archive = _Archive()
    for _, event in events:
        archive.add(event)
    return archive.finish()


class _Archive:
    def __init__(self) -> None:
        self._dissector = Dissector()
        self._epoch = 0.0
        self._version = ""
        self._comment = ""
        self._connections: dict[str, _Connection] = {}
        self._entries: list[Json] = []

    def add(self, event: Event) -> None:
        if isinstance(event, LabStarted):
            self._epoch, self._version = epoch(event.started), event.version
            self._comment = f"lab {event.name}: {event.title}; read from the bytes of a tape"
        elif isinstance(event, Bytes):
            fed = self._dissector.feed(event.t, event.conn, event.sender, event.receiver, event.at, event.data)
            for message in fed:
                self._add_message(message, event.dst)

    def finish(self) -> Json:
        for message in self._dissector.finish():
            self._add_message(message, "")
        for connection in self._connections.values():
            connection.end_body()
        creator = {"name": "ws-tutor", "version": self._version}
        return {"log": {"version": "1.2", "creator": creator, "entries": self._entries, "comment": self._comment}}

    def _add_message(self, message: Message, address: str) -> None:
        connection = self._connections.setdefault(message.conn, _Connection(self._epoch, self._entries))
        if message.proto == "ws":
            connection.add_frame(message)
        elif message.proto == "http" and message.fields:
            connection.add_http(message, address)


class _Connection:
    """One connection's entries: requests wait for their responses, and an upgraded one collects frames."""

    def __init__(self, start: float, entries: list[Json]) -> None:
        self._start = start
        self._entries = entries
        self._waiting: deque[tuple[Json, float, Head]] = deque()
        self._content: Json = {}  # of the latest response, whose body may still come in chunks
        self._body = bytearray()
        self._socket: Json | None = None
        self._client = ""
        self._assemblers: dict[bool, Assembler] = {}

    def add_http(self, message: Message, address: str) -> None:
        # A head begins with its start line; anything else is a piece of the body of the response before it.
        first = message.fields[0].name
        if first == "method":
            self._add_request(message, address)
        elif first == "version":
            self._add_response(message)
        else:
            for field in message.fields:
                if field.name == "body":
                    self._body += message.raw[field.start : field.stop]

    def end_body(self) -> None:
        """The body of the latest response is whole: put it down. What is not text stands there in Base64."""
        body, content = bytes(self._body), self._content
        if not body:
            return
        content["size"] = len(body)
        try:
            content["text"] = body.decode()
        except UnicodeDecodeError:
            content["text"], content["encoding"] = base64.b64encode(body).decode(), "base64"

    def add_frame(self, message: Message) -> None:
        if self._socket is None or message.frame is None:
            return
        from_client = message.sender == self._client
        whole = len(message.frame.payload) == message.frame.length
        share = self._assemblers[from_client].add(message.frame, whole)
        payload = share.content if is_control(share.opcode) else share.message
        if payload is None or not whole:
            return
        text = share.opcode == TEXT
        self._socket["_webSocketMessages"].append(
            {
                "type": "send" if from_client else "receive",
                "time": self._start + message.t,
                "opcode": share.opcode,
                "data": payload.decode("utf-8", "replace") if text else base64.b64encode(payload).decode(),
            }
        )

    def _add_request(self, message: Message, address: str) -> None:
        head = parse_head(message.raw)
        entry: Json = {
            "startedDateTime": _iso(self._start + message.t),
            "time": 0,
            "connection": message.conn,
            "request": _request(head, message.raw[head.size :], address),
            "response": _response(_NO_HEAD),
            "cache": {},
            "timings": {"send": 0, "wait": 0, "receive": 0},
        }
        self._entries.append(entry)
        self._waiting.append((entry, message.t, head))

    def _add_response(self, message: Message) -> None:
        head = parse_head(message.raw)
        if not self._waiting or (head.status < 200 and head.status != 101):
            return
        entry, sent, request = self._waiting.popleft()
        wait = max(0.0, (message.t - sent) * 1000)
        entry["time"] = entry["timings"]["wait"] = wait
        self.end_body()
        entry["response"] = _response(head)
        self._content, self._body = entry["response"]["content"], bytearray(message.raw[head.size :])
        if switches(head) and wants_upgrade(request):
            self._upgrade(entry, message, head)

    def _upgrade(self, entry: Json, message: Message, head: Head) -> None:
        entry["_resourceType"] = "websocket"
        entry["_webSocketMessages"] = []
        self._socket, self._client = entry, message.receiver
        client_keeps, server_keeps = negotiated(head).deflate or (None, None)
        for from_client, keeps in ((True, client_keeps), (False, server_keeps)):
            self._assemblers[from_client] = Assembler(None if keeps is None else Inflater(keeps))


def _request(head: Head, body: bytes, address: str) -> Json:
    scheme = "ws" if wants_upgrade(head) else "http"
    host = head.get("Host") or address or "unknown"
    url = head.target if "://" in head.target else f"{scheme}://{host}{head.target}"
    out: Json = {
        "method": head.method,
        "url": url,
        "httpVersion": head.version,
        "cookies": [],
        "headers": _headers(head),
        "queryString": _query(head.target),
        "headersSize": head.size,
        "bodySize": len(body),
    }
    if body:
        out["postData"] = {"mimeType": head.get("Content-Type") or "", "text": body.decode("utf-8", "replace")}
    return out


def _response(head: Head) -> Json:
    return {
        "status": head.status,
        "statusText": head.reason,
        "httpVersion": head.version,
        "cookies": [],
        "headers": _headers(head),
        "content": {"size": 0, "mimeType": head.get("Content-Type") or "x-unknown"},
        "redirectURL": head.get("Location") or "",
        "headersSize": head.size,
        "bodySize": -1,  # HAR for: not known, as where the body comes in chunks
    }


def _headers(head: Head) -> list[Json]:
    return [{"name": name, "value": value} for name, value in head.headers]


def _query(target: str) -> list[Json]:
    try:
        pairs = parse_qsl(urlsplit(target).query, keep_blank_values=True, max_num_fields=_MAX_QUERY)
    except ValueError:
        return []
    return [{"name": name, "value": value} for name, value in pairs]


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):  # a tape may state any time
        return "1970-01-01T00:00:00.000Z"
