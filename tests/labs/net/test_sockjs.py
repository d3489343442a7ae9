"""SockJS over HTTP and WebSocket as the protocol describes it, against the bases of --sockjs-test-endpoints."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from labs.net.serve import Server
from labs.net.sockjs_session import MOST_WAITING, SockJsLimits
from tests.labs.net.serving import ask, raw, request, serving, until

FAST = SockJsLimits(sockjs_heartbeat=0.05, sockjs_disconnect=0.05)


def with_tests(limits: SockJsLimits | None = None):
    return serving(sockjs_tests=True, sockjs_limits=limits or SockJsLimits())


async def poll(server: Server, path: str, **headers: str) -> bytes:
    answer = await ask(server, "POST", f"{path}/xhr", **headers)
    assert answer.status == 200
    return answer.body


async def test_greeting_info_and_iframe() -> None:
    async with with_tests() as server:
        for path in ("/echo", "/echo/", "/sockjs"):
            assert (await ask(server, "GET", path)).body == b"Welcome to SockJS!\n"
        info = json.loads((await ask(server, "GET", "/sockjs/info")).body)
        assert (info["websocket"], info["cookie_needed"], info["origins"]) == (True, False, ["*:*"])
        assert not json.loads((await ask(server, "GET", "/disabled_websocket_echo/info")).body)["websocket"]
        assert json.loads((await ask(server, "GET", "/cookie_needed_echo/info")).body)["cookie_needed"]
        page = await ask(server, "GET", "/echo/iframe-1.2.html?t=3")
        assert b"SockJS.bootstrap_iframe" in page.body
        assert b'<script src="/sockjs.min.js">' in page.body, "an absolute URL, as sockjs-client and its tests want"
        again = await ask(server, "GET", "/echo/iframe.html", If_None_Match=page.headers["etag"])
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/a", "/a.html", "//", "/a/a", "/a/a/", "/iframe", "/iframe-/.html", "//xhr", "/a./b/xhr"]
)
async def test_other_paths_are_not_found(path: str) -> None:
    async with with_tests() as server:
        assert (await ask(server, "GET", f"/echo{path}")).status == 404


async def test_preflight_and_cors() -> None:
    async with with_tests() as server:
        answer = await ask(server, "OPTIONS", "/echo/a/b/xhr", Origin="test", Access_Control_Request_Headers="a, b, c")
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == "test"
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["access-control-allow-headers"] == "a, b, c"
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert (await ask(server, "GET", "/echo/info")).headers["access-control-allow-origin"] == "*"
        wrong = await ask(server, "PUT", "/echo/a/b/xhr")
        assert (wrong.status, wrong.headers["allow"], wrong.body) == (405, "OPTIONS, POST", b"")
        assert (await ask(server, "GET", "/sockjs/info", Origin="http://evil.example")).status == 403


async def test_polling_echoes_and_ignores_the_server_part() -> None:
    async with with_tests() as server:
        assert await poll(server, "/echo/000/s") == b"o\n"
        sent = await ask(server, "POST", "/echo/000/s/xhr_send", b'["a","b"]')
        assert (sent.status, sent.body) == (204, b"")
        assert (await ask(server, "POST", "/echo/000/s/xhr_send", b"[]")).status == 204
        assert await poll(server, "/echo/999/s") == b'a["a","b"]\n'
        assert (await ask(server, "POST", "/echo/0/unknown/xhr_send", b'["a"]')).status == 404


@pytest.mark.parametrize(
    ("body", "text"), [(b'["x', b"Broken JSON encoding."), (b"", b"Payload expected."), (b"[1]", b"Broken JSON")]
)
async def test_what_is_no_payload_is_said_and_leaves_the_session_open(body: bytes, text: bytes) -> None:
    async with with_tests() as server:
        await poll(server, "/echo/0/s")
        answer = await ask(server, "POST", "/echo/0/s/xhr_send", body)
        assert answer.status == 500
        assert text in answer.body
        assert (await ask(server, "POST", "/echo/0/s/xhr_send", b'["a"]')).status == 204


async def test_what_nobody_reads_is_bounded() -> None:
    async with with_tests() as server:
        await poll(server, "/echo/0/s")
        body = json.dumps(["x" * 900_000]).encode()
        sent = [
            (await ask(server, "POST", "/echo/0/s/xhr_send", body)).status for _ in range(MOST_WAITING // 900_000 + 2)
        ]
        assert (sent[0], sent[-1]) == (204, 404)
        assert await poll(server, "/echo/0/s") == b'c[1008,"too much waits to be read"]\n'


async def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    async with with_tests() as server:
        await poll(server, "/echo/0/s")
        await ask(server, "POST", "/echo/0/s/xhr_send", b'["\\ud800x\\ud83d\\ude00"]')
        assert await poll(server, "/echo/0/s") == b'a["\\ufffdx\\ud83d\\ude00"]\n'


async def test_a_second_response_is_refused_and_an_aborted_one_ends_the_session() -> None:
    async with with_tests() as server:
        async with raw(server) as first:
            first.send(request("POST", "/echo/0/s/xhr_streaming"))
            await first.head()
            assert await first.chunk() == b"h" * 2048 + b"\n"
            assert await first.chunk() == b"o\n"
            assert await poll(server, "/echo/0/s") == b'c[2010,"Another connection still open"]\n'
        await until(lambda: not server.channels, "the session has ended")
        assert await poll(server, "/echo/0/s") == b'c[1002,"Connection interrupted"]\n'


async def test_a_closed_session_says_so_to_every_poll() -> None:
    async with with_tests() as server:
        assert await poll(server, "/close/0/s") == b"o\n"
        for _ in range(2):
            assert await poll(server, "/close/0/s") == b'c[3000,"Go away!"]\n'


STREAMS = {
    "xhr_streaming": ("POST", "", lambda frame: frame + b"\n"),
    "eventsource": ("GET", "", lambda frame: b"data: " + frame + b"\r\n\r\n"),
    "htmlfile": (
        "GET",
        "?c=%63all",
        lambda frame: b"<script>\np(" + json.dumps(frame.decode()).encode() + b");\n</script>\r\n",
    ),
}


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_stream_ends_when_it_has_carried_its_share(transport: str) -> None:
    method, query, wrap = STREAMS[transport]
    async with with_tests() as server, raw(server) as connection:
        connection.send(request(method, f"/echo/0/s/{transport}{query}"))
        assert (await connection.head()).status == 200
        prelude = await connection.chunk()
        assert prelude == b"\r\n" if transport == "eventsource" else len(prelude) > 1024
        assert await connection.chunk() == wrap(b"o")
        await ask(server, "POST", "/echo/0/s/xhr_send", json.dumps(["x" * 4096]).encode())
        assert await connection.chunk() == wrap(b'a["' + b"x" * 4096 + b'"]')
        assert await connection.chunk() == b""


async def test_jsonp() -> None:
    async with with_tests() as server:

        async def get() -> bytes:
            return (await ask(server, "GET", "/echo/0/s/jsonp?c=%63all")).body

        assert await get() == b'/**/call("o");\r\n'
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        assert (await ask(server, "POST", "/echo/0/s/jsonp_send", b"d=%5B%22</x%22%5D", **form)).body == b"ok"
        assert (await ask(server, "POST", "/echo/0/s/jsonp_send", b"p=p", **form)).status == 500
        assert await get() == b'/**/call("a[\\"<\\/x\\"]");\r\n'
        assert (await ask(server, "GET", "/echo/0/t/jsonp")).status == 500
        assert b'invalid "callback"' in (await ask(server, "GET", "/echo/0/t/jsonp?c=alert(1)")).body


async def test_cookie_of_sticky_balancers() -> None:
    async with with_tests() as server:
        path = "/cookie_needed_echo/0"
        fresh = await ask(server, "POST", f"{path}/a/xhr")
        assert fresh.headers["set-cookie"] == "JSESSIONID=dummy; path=/"
        kept = await ask(server, "POST", f"{path}/b/xhr", Cookie="JSESSIONID=abc")
        assert kept.headers["set-cookie"] == "JSESSIONID=abc; path=/"
        odd = await ask(server, "POST", f"{path}/c/xhr", Cookie="JSESSIONID=a b")
        assert odd.headers["set-cookie"] == "JSESSIONID=dummy; path=/"
        assert "set-cookie" not in (await ask(server, "POST", "/echo/0/d/xhr")).headers


async def test_a_session_beats_while_it_waits_and_is_forgotten_without_a_response() -> None:
    async with with_tests(FAST) as server:
        assert await poll(server, "/echo/0/s") == b"o\n"
        assert await poll(server, "/echo/0/s") == b"h\n"
        await until(lambda: not server.channels, "the session has ended")
        assert await poll(server, "/echo/0/s") in (b"o\n", b'c[1002,"Connection interrupted"]\n')


async def test_too_many_sessions_are_refused() -> None:
    async with with_tests(SockJsLimits(sockjs_sessions=1)) as server:
        assert await poll(server, "/echo/0/s") == b"o\n"
        assert (await ask(server, "POST", "/echo/0/t/xhr")).status == 503


async def test_http_1_0_gets_no_chunks() -> None:
    async with with_tests() as server, raw(server) as connection:
        connection.send(b"POST /close/0/s/xhr_streaming HTTP/1.0\r\n\r\n")
        assert "transfer-encoding" not in (await connection.head()).headers
        assert await connection.end() == b"h" * 2048 + b'\no\nc[3000,"Go away!"]\n'


async def test_websocket_transport() -> None:
    async with with_tests(FAST) as server:
        async with connect(f"ws://{server.address}/echo/0/s/websocket") as client:
            assert await client.recv() == "o"
            for message in ("", "[]", '["a","b"]'):
                await client.send(message)
            frames = [await client.recv() for _ in range(3)]
            assert [frame for frame in frames if frame != "h"][:2] == ['a["a"]', 'a["b"]']
            await client.send('["a')
            with pytest.raises(ConnectionClosed):
                while True:
                    await client.recv()
        async with connect(f"ws://{server.address}/close/0/s/websocket") as client:
            assert [await client.recv(), await client.recv()] == ["o", 'c[3000,"Go away!"]']
            with pytest.raises(ConnectionClosed):
                await client.recv()


async def test_raw_websocket_and_the_plain_echo_beside_the_base() -> None:
    async with with_tests() as server:
        for path in ("/echo/websocket", "/echo"):
            async with connect(f"ws://{server.address}{path}") as client:
                await client.send("hello \uffff")
                assert await client.recv() == "hello \uffff"
        async with connect(f"ws://{server.address}/close/websocket") as client:
            with pytest.raises(ConnectionClosed) as caught:
                await client.recv()
            assert caught.value.rcvd is not None
            assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (3000, "Go away!")
        assert (await ask(server, "GET", "/echo/0/0/websocket")).status == 400
        assert (await ask(server, "POST", "/echo/0/0/websocket")).status == 405
        assert (await ask(server, "GET", "/disabled_websocket_echo/websocket")).status == 404


async def test_a_large_body_is_for_who_has_a_session() -> None:
    large = json.dumps(["x" * 100_000]).encode()
    async with with_tests() as server:
        assert (await ask(server, "POST", "/echo/0/s/xhr_send", large)).status == 413
        assert await poll(server, "/echo/0/s") == b"o\n"
        assert (await ask(server, "POST", "/echo/0/s/xhr_send", large)).status == 204
        assert await poll(server, "/echo/0/s") == b"a" + large + b"\n"


async def test_a_websocket_of_before_the_rfc_is_answered_before_its_nonce() -> None:
    keys = {"Sec_WebSocket_Key1": "4 @1  46546xW%0l 1 5", "Sec_WebSocket_Key2": "12998 5 Y3 1  .P00"}
    headers = {"Connection": "Upgrade", "Upgrade": "WebSocket", "Origin": "http://a", **keys}
    async with with_tests() as server, raw(server) as connection:
        connection.send(request("GET", "/echo/000/a/websocket", **headers))
        head = await connection.head()
        assert head.status == 101
        assert head.headers["sec-websocket-location"].endswith("/echo/000/a/websocket")
        assert head.headers["sec-websocket-origin"] == "http://a"
        connection.send(b"aaaaaaaa")
        nonce = b"\xca4\x00\xd8\xa5\x08G\x97,\xd5qZ\xba\xbfC{"
        assert await connection.reader.readexactly(19) == nonce + b"\0o\xff"
        connection.send(b'\0["one"]\xff\0["two')
        assert await connection.reader.readuntil(b"\xff") == b'\0a["one"]\xff'
        connection.send(b'"]\xff\xff\0')
        assert await connection.reader.readuntil(b"\xff") == b'\0a["two"]\xff'
        assert await connection.end() == b"\xff\0"
        assert (await ask(server, "GET", "/sockjs/000/a/websocket", **headers)).status == 403, "nowhere else"
