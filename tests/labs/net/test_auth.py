"""Tokens, tickets and origins."""

from __future__ import annotations

import io
import json
import time

import jwt
import pytest

from labs.broker import Identity, Peer, Refused
from labs.net.auth import Auth, AuthError, AuthLimits, offered_subprotocols, read_origins
from labs.net.http import HttpLimits, Request, RequestReader
from labs.net.knobs import SettingError
from labs.net.options import serve_options
from labs.net.serve import ServerLimits
from tests.labs.net.serving import ask, raw, request, serving
from tests.labs.net.test_serve_echo import upgrade

SECRET = b"s" * 32


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def auth(mode: str = "token", **limits: float) -> tuple[Auth, Clock]:
    clock = Clock()
    return Auth(mode, SECRET, AuthLimits(**limits), clock), clock  # type: ignore[arg-type]


def handshake(path: str = "/ws", **headers: str) -> Request:
    reader = RequestReader(HttpLimits())
    reader.feed(request("GET", path, **headers))
    found = reader.next_request()
    assert found is not None
    return found


def test_a_token_names_its_user_until_it_expires() -> None:
    door, clock = auth()
    identity = door.check_token(door.issue_token("alice", 60))
    assert identity.user == "alice"
    assert identity.expires == pytest.approx(clock.now + 60, abs=1.1)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        jwt.encode({"sub": "a", "exp": time.time() - 1}, SECRET, "HS256"),
        jwt.encode({"sub": "a", "exp": time.time() + 60}, b"x" * 32, "HS256"),
        jwt.encode({"sub": "a", "exp": time.time() + 60}, None, "none"),
        jwt.encode({"sub": "a"}, SECRET, "HS256"),
        jwt.encode({"exp": time.time() + 60}, SECRET, "HS256"),
        jwt.encode({"sub": 7, "exp": time.time() + 60}, SECRET, "HS256"),
        jwt.encode({"sub": "", "exp": time.time() + 60}, SECRET, "HS256"),
    ],
    ids=[
        "empty",
        "no token",
        "expired",
        "other secret",
        "unsigned",
        "no expiry",
        "no subject",
        "odd subject",
        "nobody",
    ],
)
def test_a_bad_token_is_refused_and_not_repeated(token: str) -> None:
    door, _ = auth()
    with pytest.raises(AuthError) as caught:
        door.check_token(token)
    assert not token or token not in str(caught.value)
    with pytest.raises(Refused) as refused:
        door.authenticate(Peer("::1"), {"Authorization": f"Bearer {token}"}, 0.0)
    assert refused.value.code == 4401


def test_a_ticket_is_good_once_and_for_a_while() -> None:
    door, clock = auth(ticket_time=30)
    first, second = door.issue_ticket(Identity("alice")), door.issue_ticket(Identity("bob"))
    assert door.use_ticket(first).user == "alice"
    with pytest.raises(AuthError, match="used already"):
        door.use_ticket(first)
    clock.now += 31
    with pytest.raises(AuthError, match="older than 30 s"):
        door.use_ticket(second)


def test_every_place_of_a_handshake_is_read() -> None:
    door, _ = auth()
    token = door.issue_token("alice", 60)
    places = [
        handshake(f"/ws?token={token}"),
        handshake(Authorization=f"Bearer {token}"),
        handshake(Cookie=f"a=b; token={token}"),
        handshake(Sec_WebSocket_Protocol=f"v12.stomp, bearer.{token}"),
        handshake(Sec_WebSocket_Protocol=f"v12.stomp, {token}"),
        handshake(f"/ws?access_token={token}"),
        handshake(f"/ws?ticket={door.issue_ticket(Identity('alice'))}"),
        handshake(Sec_WebSocket_Protocol=f"access_token.{token}, v12.stomp"),
    ]
    assert [identity.user for each in places if (identity := door.identify(each))] == ["alice"] * 8
    assert offered_subprotocols(places[7]) == ["v12.stomp"]
    assert offered_subprotocols(places[3]) == offered_subprotocols(places[4]) == ["v12.stomp"]
    assert door.identify(handshake()) is None


def test_connect_may_bring_the_token_and_open_doors_ask_for_a_name_only() -> None:
    door, _ = auth()
    token = door.issue_token("alice", 60)
    assert door.authenticate(Peer(), {"Authorization": f"Bearer {token}"}, 0.0).user == "alice"
    assert door.authenticate(Peer(), {"token": token}, 0.0).user == "alice"
    assert door.authenticate(Peer(), {"X-Authorization": f"Bearer {token}"}, 0.0).user == "alice"
    assert door.authenticate(Peer(), {"Authorization": token}, 0.0).user == "alice"
    assert door.authenticate(Peer(), {"login": "bob", "passcode": token}, 0.0).user == "alice"
    assert door.authenticate(Peer("", Identity("carol")), {"login": "bob"}, 0.0).user == "carol"
    ticket = {"ticket": door.issue_ticket(Identity("dora"))}
    assert door.authenticate(Peer(), ticket, 0.0).user == "dora"
    with pytest.raises(Refused, match="used already"):
        door.authenticate(Peer(), ticket, 0.0)
    with pytest.raises(Refused):
        door.authenticate(Peer(), {"login": "bob", "passcode": "guest"}, 0.0)
    with pytest.raises(Refused):
        door.authenticate(Peer(), {}, 0.0)
    opened, _ = auth("open")
    assert opened.authenticate(Peer(), {"login": "bob", "passcode": "guest"}, 0.0).user == "bob"
    assert opened.authenticate(Peer(), {}, 0.0).user is None
    with pytest.raises(Refused):
        opened.authenticate(Peer(), {"login": "bob", "passcode": f"{token}x"}, 0.0)


def test_origins_are_read_from_a_list() -> None:
    assert read_origins(" https://A.example/, http://b:1,") == {"https://a.example", "http://b:1"}


async def test_token_and_ticket_by_http_and_neither_in_the_log() -> None:
    log = io.StringIO()
    async with serving(auth="token", access_log=log, limits=ServerLimits()) as server:
        answer = json.loads((await ask(server, "POST", "/token", b'{"user": "alice", "seconds": 60}')).body)
        assert (answer["user"], answer["expires_in"]) == ("alice", 60)
        token = answer["token"]
        given = await ask(server, "POST", "/ticket", Authorization=f"Bearer {token}")
        ticket = json.loads(given.body)["ticket"]
        assert (await ask(server, "POST", "/ticket")).status == 401
        assert (await ask(server, "POST", "/ticket", Authorization="Bearer x.y.z")).status == 401
        async with raw(server) as connection:
            connection.send(upgrade(f"/ws?token={token}x"))
            assert (await connection.answer()).status == 401
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert [(line["path"], line["status"]) for line in lines if line["path"] == "/ws"] == [("/ws", 401)]
        assert token not in log.getvalue()
        assert ticket not in log.getvalue()


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"user": 1}', b'{"user":"a","seconds":"x"}', b"{" * 5000])
async def test_a_token_for_nobody_is_not_issued(body: bytes) -> None:
    async with serving() as server:
        assert (await ask(server, "POST", "/token", body)).status == 400


async def test_off_loopback_a_token_is_issued_to_who_has_the_secret() -> None:
    async with serving(host="0.0.0.0", auth="token", secret=SECRET) as server:
        assert (await ask(server, "POST", "/token", b'{"user":"a"}')).status == 401
        shown = await ask(server, "POST", "/token", b'{"user":"a"}', Authorization=f"Bearer {SECRET.decode()}")
        assert shown.status == 200


async def test_whom_a_balancer_speaks_for_is_believed_by_its_voucher() -> None:
    log = io.StringIO()
    async with serving(access_log=log, front="127.0.0.1:1", voucher="v") as server:
        for voucher in ("", "w", "v"):
            given = {"X_Forwarded_Voucher": voucher} if voucher else {}
            await ask(server, "GET", "/health", X_Forwarded_For="192.0.2.1, 192.0.2.2", **given)
        peers = [json.loads(line)["peer"] for line in log.getvalue().splitlines()]
    assert peers == ["127.0.0.1", "127.0.0.1", "192.0.2.2"]


async def test_whom_a_trusted_proxy_got_a_request_from_is_its_peer() -> None:
    log = io.StringIO()
    async with serving(access_log=log, limits=ServerLimits(trusted_proxies="127.0.0.1, 198.51.100.0/24")) as server:
        for told in ("192.0.2.1", "192.0.2.1, 192.0.2.2", "192.0.2.1, 198.51.100.7", "198.51.100.7", "?"):
            await ask(server, "GET", "/health", X_Forwarded_For=told)
        await ask(server, "GET", "/health")
        peers = [json.loads(line)["peer"] for line in log.getvalue().splitlines()]
    assert peers == ["192.0.2.1", "192.0.2.2", "192.0.2.1", "198.51.100.7", "?", "127.0.0.1"]


def test_trusted_proxies_are_addresses() -> None:
    with pytest.raises(SettingError, match="trusted-proxies=proxy: 'proxy' does not appear to be"):
        serve_options(settings=["trusted-proxies=proxy"])
