"""The opening handshake: the sample of RFC 6455 §1.3, and what is wrong with requests and answers."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.wire import handshake
from labs.wire.handshake import (
    Negotiated,
    accept_headers,
    accept_key,
    build_request,
    build_response,
    key_problem,
    negotiated,
    request_problems,
    response_problems,
    upgrade_headers,
    with_problems,
)  # fmt: skip
from labs.wire.http_head import parse_head

SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def test_the_sample_of_the_rfc():
    assert accept_key(SAMPLE_KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_good_handshake_has_no_problem():
    request = parse_head(build_request("/chat", upgrade_headers(SAMPLE_KEY, subprotocols=["v12.stomp", "v11.stomp"])))
    response = parse_head(
        build_response(101, "Switching Protocols", accept_headers(SAMPLE_KEY, subprotocol="v11.stomp"))
    )
    assert handshake.wants_upgrade(request)
    assert handshake.switches(response)
    assert request_problems(request) == {}
    assert response_problems(response, request) == {}
    assert negotiated(response) == Negotiated("v11.stomp")


def without(name: str, replacement: str | None = None) -> bytes:
    headers = [("Host", "h"), *upgrade_headers(SAMPLE_KEY)]
    kept = [(key, value if key != name else replacement) for key, value in headers if key != name or replacement]
    return build_request("/", kept, host=None)


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        (without("Host"), "host", "missing"),
        (without("Upgrade"), "upgrade", "has no websocket"),
        (without("Upgrade", "h2c"), "upgrade", "has no websocket"),
        (without("Connection"), "connection", "has no Upgrade"),
        (without("Connection", "keep-alive"), "connection", "has no Upgrade"),
        (without("Sec-WebSocket-Key"), "sec-websocket-key", "missing; the server answers 400"),
        (without("Sec-WebSocket-Key", "c2hvcnQ="), "sec-websocket-key", "decodes to 5 bytes"),
        (without("Sec-WebSocket-Key", "*not base64*"), "sec-websocket-key", "not Base64"),
        (without("Sec-WebSocket-Version"), "sec-websocket-version", "missing"),
        (without("Sec-WebSocket-Version", "8"), "sec-websocket-version", "version 8"),
        (build_request("/", upgrade_headers(SAMPLE_KEY), method="POST"), "method", "GET"),
        (build_request("/", upgrade_headers(SAMPLE_KEY)).replace(b"HTTP/1.1", b"HTTP/1.0"), "version", "HTTP/1.0"),
        (build_request("/", upgrade_headers(SAMPLE_KEY) * 2), "sec-websocket-key", "only one"),
    ],
)
def test_what_is_wrong_with_a_request(raw: bytes, name: str, words: str):
    found = request_problems(parse_head(raw))
    assert words in found[name]
    assert not set(found) - {name, "sec-websocket-version"}


def test_header_tokens_are_read_in_any_case_and_company():
    raw = build_request(
        "/", [("UPGRADE", "WebSocket"), ("connection", "keep-alive, Upgrade"), *upgrade_headers(SAMPLE_KEY)[2:]]
    )
    assert request_problems(parse_head(raw)) == {}


@pytest.mark.parametrize(
    ("headers", "name", "words"),
    [
        (accept_headers("AAAAAAAAAAAAAAAAAAAAAA=="), "sec-websocket-accept", "does not match"),
        ([("Upgrade", "websocket"), ("Connection", "Upgrade")], "sec-websocket-accept", "missing"),
        ([("Upgrade", "websocket"), ("Sec-WebSocket-Accept", accept_key(SAMPLE_KEY))], "connection", "no Upgrade"),
        (accept_headers(SAMPLE_KEY, subprotocol="mqtt"), "sec-websocket-protocol", "was not offered"),
    ],
)
def test_what_is_wrong_with_an_answer(headers: list[tuple[str, str]], name: str, words: str):
    request = parse_head(build_request("/", upgrade_headers(SAMPLE_KEY)))
    response = parse_head(build_response(101, "Switching Protocols", headers))
    found = response_problems(response, request)
    assert list(found) == [name]
    assert words in found[name]
    fields, problem = with_problems(response.fields, found)
    assert words in problem
    assert [field.name.lower() for field in fields if field.problem] in ([name], [])


def test_a_101_to_a_plain_request():
    request = parse_head(build_request("/"))
    response = parse_head(build_response(101, "Switching Protocols", accept_headers(SAMPLE_KEY)))
    assert "did not ask" in response_problems(response, request)["status"]


@given(st.binary(max_size=40))
def test_a_key_is_good_when_it_is_16_bytes_in_base64(data: bytes):
    assert (key_problem(base64.b64encode(data).decode()) == "") == (len(data) == 16)


@given(st.text(max_size=40))
def test_any_text_can_be_judged_as_a_key(key: str):
    assert isinstance(key_problem(key), str)
    assert accept_key(key)


@pytest.mark.parametrize(
    ("value", "deflate", "other"),
    [
        ("permessage-deflate", (True, True), False),
        ("permessage-deflate; client_no_context_takeover; server_max_window_bits=10", (False, True), False),
        ("permessage-deflate; server_no_context_takeover", (True, False), False),
        ("x-webkit-deflate-frame", None, True),
    ],
)
def test_extensions(value: str, deflate: tuple[bool, bool] | None, other: bool):
    headers = [*accept_headers(SAMPLE_KEY), ("Sec-WebSocket-Extensions", value)]
    assert negotiated(parse_head(build_response(101, "OK", headers))) == Negotiated(None, deflate, other)
