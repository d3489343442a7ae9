"""The HTTP archive: its shape (HAR 1.2), and the messages of a WebSocket as Chrome writes them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest

from labs.har import to_har
from labs.tape import Bytes, Event, LabStarted
from labs.wire import frames
from labs.wire.frames import encode_close, encode_frame
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\1\2\3\4"


def lab(started: str = "2026-01-02T03:04:05+00:00") -> LabStarted:
    return LabStarted(
        t=0.0, name="echo", title="An echo", questions=["Q1"], knobs={}, version="1.2.3", started=started, host={}
    )


def passed(t: float, sender: str, data: bytes, conn: str = "c1") -> Bytes:
    receiver = "server" if sender == "client" else "client"
    src, dst = ("127.0.0.1:50000", "127.0.0.1:8080") if sender == "client" else ("127.0.0.1:8080", "127.0.0.1:50000")
    return Bytes(t=t, conn=conn, sender=sender, receiver=receiver, src=src, dst=dst, at=sender, hex=data.hex())


def log(*events: Event) -> dict[str, Any]:
    out = to_har(enumerate([lab(), *events], 1))
    assert json.loads(json.dumps(out)) == out
    return out["log"]


def upgrade(extensions: str = "") -> list[Event]:
    more = [("Sec-WebSocket-Extensions", extensions)] if extensions else []
    answer = build_response(101, "Switching Protocols", [*accept_headers(KEY), *more])
    return [
        passed(0.0, "client", build_request("/echo?a=1&b=", [*upgrade_headers(KEY), *more])),
        passed(0.25, "server", answer),
    ]


def test_every_entry_has_what_har_1_2_demands():
    body = build_response(200, "OK", [("Content-Type", "text/plain")], b"hello")
    whole = log(passed(0.0, "client", build_request("/x")), passed(0.5, "server", body))
    assert (whole["version"], whole["creator"]) == ("1.2", {"name": "ws-tutor", "version": "1.2.3"})
    (entry,) = whole["entries"]
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
    assert entry["startedDateTime"] == "2026-01-02T03:04:05.000Z"
    assert entry["time"] == sum(entry["timings"].values()) == pytest.approx(500)
    request = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
    assert request <= set(entry["request"])
    response = {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize"}
    assert response | {"bodySize"} <= set(entry["response"])
    assert entry["request"]["url"] == "http://localhost/x"
    assert entry["response"]["content"] == {"size": 5, "mimeType": "text/plain", "text": "hello"}


def test_the_messages_of_a_websocket():
    (entry,) = log(
        *upgrade(),
        passed(1.0, "client", encode_frame(frames.TEXT, "Hellö".encode(), mask_key=MASK)),
        passed(2.0, "server", encode_frame(frames.BINARY, b"\0\xff", fin=False)),
        passed(2.1, "server", encode_frame(frames.PING, b"p") + encode_frame(frames.CONTINUATION, b"!")),
        passed(3.0, "client", encode_close(1000, mask_key=MASK)),
    )["entries"]
    assert (entry["_resourceType"], entry["request"]["url"]) == ("websocket", "ws://localhost/echo?a=1&b=")
    assert entry["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert entry["response"]["status"] == 101
    start = 1767323045.0  # 2026-01-02T03:04:05Z
    assert entry["_webSocketMessages"] == [
        {"type": "send", "time": start + 1.0, "opcode": 1, "data": "Hellö"},
        {"type": "receive", "time": start + 2.1, "opcode": 9, "data": base64.b64encode(b"p").decode()},
        {"type": "receive", "time": start + 2.1, "opcode": 2, "data": base64.b64encode(b"\0\xff!").decode()},
        {"type": "send", "time": start + 3.0, "opcode": 8, "data": base64.b64encode(b"\x03\xe8").decode()},
    ]


def test_compressed_messages_are_inflated():
    deflate = zlib.compressobj(wbits=-15)
    data = [(deflate.compress(b"Hello") + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4] for _ in range(2)]
    (entry,) = log(
        *upgrade("permessage-deflate"),
        *(passed(1.0, "client", encode_frame(frames.TEXT, part, rsv=frames.RSV1, mask_key=MASK)) for part in data),
    )["entries"]
    assert [message["data"] for message in entry["_webSocketMessages"]] == ["Hello", "Hello"]


def test_bodies_in_chunks_and_bodies_that_are_not_text():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    entries = log(
        passed(0.0, "client", build_request("/a") + build_request("/b") + build_request("/c")),
        passed(0.1, "server", chunked + build_response(200, "OK", [], b"\xff")),
    )["entries"]
    contents = [entry["response"]["content"] for entry in entries]
    assert contents[0]["text"] == "abcde"
    assert contents[1] == {"size": 1, "mimeType": "x-unknown", "text": "/w==", "encoding": "base64"}
    assert entries[2]["response"]["status"] == 0  # never answered


def test_what_no_browser_would_send_can_be_archived():
    junk = [passed(0.0, "client", b"junk\r\n\r\n"), passed(0.1, "server", b"HTTP/1.1 200 OK\r\n\r\nto the end")]
    assert log(*junk)["entries"] == []
    query = build_request("/?" + "a&" * 1000)
    assert log(passed(1e300, "client", query))["entries"][0]["request"]["queryString"] == []
    broken = encode_frame(frames.TEXT, b"\xff", mask_key=MASK)[:-1]
    assert log(*upgrade(), passed(1.0, "client", broken))["entries"][0]["_webSocketMessages"] == []
