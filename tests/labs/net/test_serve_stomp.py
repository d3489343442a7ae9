"""STOMP at /ws and over SockJS: subprotocols, identities, expiry, drain, slow readers, garbage."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Opcode
from websockets.frames import Frame as WebSocketFrame
from websockets.typing import Subprotocol

from labs.broker import BrokerConfig, Limits
from labs.net.serve import Server, ServerLimits
from labs.wire.stomp import Frame, StompParser, encode
from tests.labs.net.serving import SECONDS, ask, raw, serving, until
from tests.labs.net.test_serve_echo import upgrade


def frame(command: str, body: str = "", **headers: str) -> str:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return encode(Frame(command, named, body.encode())).decode()


async def receive(client: ClientConnection) -> Frame:
    """The next frame; heart-beats are passed over."""
    while True:
        async with asyncio.timeout(SECONDS):
            data = await client.recv()
        (event,) = StompParser().receive(data.encode() if isinstance(data, str) else data)
        if isinstance(event, Frame):
            return event


async def dial(
    server: Server, query: str = "", offered: Sequence[str] = ("v12.stomp",), **headers: str
) -> ClientConnection:
    protocols = [Subprotocol(name) for name in offered]
    client = await connect(f"ws://{server.address}/ws{query}", subprotocols=protocols or None)
    await client.send(frame("CONNECT", accept_version="1.2", host="h", heart_beat="0,0", **headers))
    return client


async def closed(client: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(SECONDS):
            while True:
                await client.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["v10.stomp", "v11.stomp", "v12.stomp"], "v12.stomp"),
        (["other", "v11.stomp"], "v11.stomp"),
        (["other"], None),
        ([], None),
    ],
)
async def test_the_subprotocol_is_the_best_of_those_offered(offered: list[str], chosen: str | None) -> None:
    async with serving() as server:
        client = await dial(server, offered=offered)
        assert client.subprotocol == chosen
        assert (await receive(client)).command == "CONNECTED"
        await client.close()


async def test_the_raw_websocket_of_sockjs_has_subprotocols_too() -> None:
    async with (
        serving() as server,
        connect(f"ws://{server.address}/sockjs/websocket", subprotocols=[Subprotocol("v12.stomp")]) as client,
    ):
        assert client.subprotocol == "v12.stomp"
        await client.send(frame("CONNECT", accept_version="1.2", host="h"))
        assert (await receive(client)).command == "CONNECTED"


async def test_one_message_reaches_a_socket_and_a_sockjs_session() -> None:
    async with serving() as server:
        client = await dial(server, login="alice")
        assert (await receive(client)).get("user-name") == "alice"
        await client.send(frame("SUBSCRIBE", id="1", destination="/topic/a", receipt="r"))
        assert (await receive(client)).command == "RECEIPT"
        assert (await ask(server, "POST", "/sockjs/0/s/xhr")).body == b"o\n"
        connecting = [frame("CONNECT", accept_version="1.2", host="h", heart_beat="0,0")]
        sending = [frame("SUBSCRIBE", id="1", destination="/topic/a"), frame("SEND", "both", destination="/topic/a")]
        for messages in (connecting, sending):
            body = json.dumps(messages).encode()
            assert (await ask(server, "POST", "/sockjs/0/s/xhr_send", body)).status == 204
        binary = encode(Frame("SEND", (("destination", "/topic/a"),), b"\xff"))
        await client.send(binary + frame("SEND", "late", destination="/topic/a").encode())
        assert [(await receive(client)).body for _ in range(3)] == [b"both", b"\xff", b"late"]
        polled = (await ask(server, "POST", "/sockjs/0/s/xhr")).body
        assert polled.startswith(b'a["CONNECTED')
        assert b"both" in polled
        metrics = (await ask(server, "GET", "/metrics")).body
        assert b'stomp_delivery_latest_seconds{quantile="0.99"}' in metrics
        assert b"\nstomp_delivery_seconds_count 3.0\n" in metrics
        assert b"late" in polled, "a message that SockJS cannot carry is left out, and the session goes on"
        await client.close()


async def test_a_token_is_demanded_and_its_end_ends_the_session() -> None:
    async with serving(auth="token") as server:
        nobody = await dial(server, login="alice")
        assert (await receive(nobody)).command == "ERROR"
        assert (await closed(nobody))[0] == 4401
        token = json.loads((await ask(server, "POST", "/token", b'{"user": "alice", "seconds": 1}')).body)["token"]
        ticket = json.loads((await ask(server, "POST", "/ticket", Authorization=f"Bearer {token}")).body)["ticket"]
        clients = [
            await dial(server, f"?token={token}"),
            await dial(server, f"?ticket={ticket}"),
            await dial(server, offered=["v12.stomp", f"bearer.{token}"]),
            await dial(server, Authorization=f"Bearer {token}"),
        ]
        for client in clients:
            assert (await receive(client)).get("user-name") == "alice"
        async with raw(server) as connection:
            connection.send(upgrade(f"/ws?ticket={ticket}"))
            assert (await connection.answer()).status == 401
        for client in clients:
            ended = await receive(client)
            assert (ended.command, token in str(ended)) == ("ERROR", False)
            assert (await closed(client))[0] == 4401


@pytest.mark.parametrize(("limits", "code"), [({}, 1001), ({"restart_delay": 2.0}, 1012)])
async def test_draining_waits_for_acknowledgements_and_tells_everyone(limits: dict[str, Any], code: int) -> None:
    async with serving(limits=ServerLimits(**limits)) as server:
        client, idle = await dial(server), await dial(server)
        echo = await connect(f"ws://{server.address}/echo")
        assert [(await receive(each)).command for each in (client, idle)] == ["CONNECTED"] * 2
        await client.send(frame("SUBSCRIBE", id="1", destination="/queue/q", ack="client-individual"))
        await client.send(frame("SEND", "task", destination="/queue/q"))
        task = await receive(client)
        draining = asyncio.ensure_future(server.drain())
        assert (await closed(idle))[0] == code
        assert (await closed(echo))[0] == code
        assert not draining.done()
        await client.send(frame("ACK", id=task.get("ack") or "", receipt="acknowledged"))
        assert (await receive(client)).get("receipt-id") == "acknowledged"
        ended = await closed(client)
        assert ended[0] == code
        assert ("2 s" in ended[1]) == (code == 1012)
        await draining


@pytest.mark.parametrize("path", ["/ws", "/sockjs/0/s/websocket"])
async def test_a_bomb_ends_with_an_error_and_1009(path: str) -> None:
    config = BrokerConfig(limits=replace(Limits(), message=10_000))
    async with serving(broker=config) as server:
        client = await connect(f"ws://{server.address}{path}", compression="deflate")
        await client.send("x" * 1_000_000)
        said = ""
        with pytest.raises(ConnectionClosed) as caught:
            while True:
                said += str(await client.recv())
        assert "ERROR" in said
        assert "more than 10000 bytes" in said
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009


async def test_a_slow_reader_is_ended_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labs.net.link.CLOSE_SECONDS", 0.3)
    config = BrokerConfig(limits=replace(Limits(), outgoing=100_000))
    async with serving(broker=config) as server:
        async with raw(server) as slow:
            slow.send(upgrade("/ws"))
            await slow.head()
            quick = await dial(server)
            assert (await receive(quick)).command == "CONNECTED"
            for each in (
                frame("CONNECT", accept_version="1.2", host="h", heart_beat="0,0"),
                frame("SUBSCRIBE", id="1", destination="/topic/big", receipt="r"),
            ):
                slow.send(WebSocketFrame(Opcode.TEXT, each.encode()).serialize(mask=True))
            await until(lambda: server.stomp.broker.counters.connected == 2, "both are connected")
            await quick.send(frame("SUBSCRIBE", id="1", destination="/topic/big"))
            slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
            body = "x" * 50_000
            for _ in range(400):
                await quick.send(frame("SEND", body, destination="/topic/big"))
                assert (await receive(quick)).body == body.encode()
                if server.stomp.broker.counters.connected == 1:
                    break
            await until(lambda: server.stomp.broker.counters.connected == 1, "the slow one is out")
            await asyncio.sleep(0.5)
            slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
            said = await slow.end()
            assert b"ERROR\nmessage:too slow" in said
            close = Close(1008, "too slow: what is for this session does not fit any more").serialize()
            assert said.endswith(WebSocketFrame(Opcode.CLOSE, close).serialize(mask=False))
        await quick.close()


async def test_a_message_that_grows_before_connect_is_bounded_and_one_behind_it_is_not() -> None:
    config = BrokerConfig(limits=replace(Limits(), before_connect=10_000))
    async with serving(broker=config) as server:
        stranger = await connect(f"ws://{server.address}/ws", compression=None)
        sending = asyncio.ensure_future(stranger.send("CONNECT\nlogin:" + "x" * 3_000_000))
        assert "more than 40000 bytes and no CONNECT" in str(await stranger.recv())
        assert (await closed(stranger))[0] == 1009
        await asyncio.gather(sending, return_exceptions=True)
        client = await dial(server)
        await client.send(frame("SEND", "x" * 3_000_000, destination="/topic/a", receipt="r"))
        assert [(await receive(client)).command for _ in range(2)] == ["CONNECTED", "RECEIPT"]
        await client.close()


async def test_garbage_to_ws_leaks_no_session() -> None:
    chance = random.Random(11)
    start = frame("CONNECT", accept_version="1.2", host="h").encode()
    async with serving() as server:
        for _ in range(60):
            async with raw(server) as connection:
                connection.send(upgrade("/ws"))
                for data in (start[: chance.randrange(len(start) + 1)], chance.randbytes(chance.randrange(1, 300))):
                    connection.send(WebSocketFrame(Opcode.BINARY, data).serialize(mask=True))
                connection.writer.write_eof()
                await connection.end()
        await until(lambda: not server.channels, "every channel is gone")
        assert (server.stomp.sessions, server.stomp.broker.counters.sessions) == (0, 0)
