"""/echo and the link below it: messages, compression, limits, garbage."""

from __future__ import annotations

import asyncio
import os
import random
import zlib

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from labs.net.auth import AuthLimits
from labs.net.serve import ServerLimits
from tests.labs.net.serving import Raw, raw, request, serving, until

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def upgrade(path: str = "/echo", **headers: str) -> bytes:
    named = {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Key": KEY, "Sec_WebSocket_Version": "13",
    }  # fmt: skip
    return request("GET", path, **(named | headers))


def masked(opcode: Opcode, data: bytes, *, fin: bool = True, rsv1: bool = False) -> bytes:
    raw_frame = bytearray(Frame(opcode, data, fin).serialize(mask=True))
    raw_frame[0] |= 0x40 if rsv1 else 0
    return bytes(raw_frame)


async def close_code(connection: Raw) -> int:
    """The code of the close frame that the stream ends in."""
    rest = await connection.end()
    at = rest.rindex(b"\x88")
    return int.from_bytes(rest[at + 2 : at + 4])


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_every_message_comes_back_as_it_was(compression: str | None) -> None:
    async with serving() as server, connect(f"ws://{server.address}/echo", compression=compression) as client:
        for message in ("", "hello €", b"", b"\x00\xff", "x" * 70_000, os.urandom(200_000)):
            await client.send(message)
            assert await client.recv() == message
        await client.send(["frag", "men", "ted"])
        assert await client.recv() == "fragmented"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Connection": "close"}, 400),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
async def test_a_handshake_at_fault_is_refused(headers: dict[str, str], status: int) -> None:
    async with serving() as server, raw(server) as connection:
        connection.send(upgrade(**headers))
        answer = await connection.answer()
        assert answer.status == status
        assert answer.body.count(b"\n") == 1


async def test_the_own_origin_and_a_listed_one_may_connect() -> None:
    allowed = AuthLimits(allowed_origins="http://localhost:5173, https://a.example")
    async with serving(auth_limits=allowed) as server:
        port = server.address.rpartition(":")[2]
        for origin in (f"http://localhost:{port}", f"http://{server.address}", "https://a.example"):
            async with connect(f"ws://{server.address}/echo", origin=origin):
                pass
        with pytest.raises(InvalidStatus):  # a name that was made to resolve to loopback
            await connect(f"ws://{server.address}/echo", origin=f"http://rebound.example:{port}")


async def test_frames_behind_the_handshake_in_one_write_are_answered_in_order() -> None:
    async with serving() as server, raw(server) as connection:
        connection.send(
            upgrade()
            + masked(Opcode.TEXT, b"a", fin=False)
            + masked(Opcode.PING, b"p")
            + masked(Opcode.CONT, b"b")
            + masked(Opcode.CLOSE, b"\x03\xe8")
            + masked(Opcode.TEXT, b"late")
        )
        assert (await connection.head()).status == 101
        assert await connection.end() == b"\x8a\x01p" + b"\x81\x02ab" + b"\x88\x02\x03\xe8"


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (masked(Opcode.TEXT, b"\xff"), 1007),
        (masked(Opcode.TEXT, b"\xf0", fin=False) + masked(Opcode.CONT, b"a"), 1007),
        (b"\x81\x01a", 1002),
        (masked(Opcode.CONT, b"a"), 1002),
        (b"\x83\x80abcd", 1002),
        (masked(Opcode.TEXT, b"a", rsv1=True), 1002),
        (b"\x82\xff" + (2**40).to_bytes(8) + b"mask", 1009),
    ],
    ids=["not UTF-8", "not UTF-8 across", "unmasked", "no beginning", "opcode 3", "RSV1", "too big"],
)
async def test_what_breaks_the_protocol_is_closed_with_its_code(frames: bytes, code: int) -> None:
    async with serving() as server, raw(server) as connection:
        connection.send(upgrade() + frames)
        assert (await connection.head()).status == 101
        assert await close_code(connection) == code


async def test_an_endless_message_of_fragments_ends_with_1009() -> None:
    async with serving(limits=ServerLimits(echo_size=10_000)) as server, raw(server) as connection:
        connection.send(upgrade() + masked(Opcode.BINARY, b"", fin=False))
        for _ in range(200):
            connection.send(masked(Opcode.CONT, b"x" * 100, fin=False))
        assert (await connection.head()).status == 101
        assert await close_code(connection) == 1009


async def test_a_bomb_ends_with_1009_and_is_not_inflated() -> None:
    deflater = zlib.compressobj(wbits=-15)
    bomb = deflater.compress(bytes(50_000_000)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    async with serving(limits=ServerLimits(echo_size=100_000)) as server, raw(server) as connection:
        connection.send(upgrade(Sec_WebSocket_Extensions="permessage-deflate"))
        assert "permessage-deflate" in (await connection.head()).headers["sec-websocket-extensions"]
        connection.send(masked(Opcode.BINARY, bomb[:-4], rsv1=True))
        assert await close_code(connection) == 1009


async def test_a_client_that_does_not_read_is_not_read_from() -> None:
    async with serving() as server, raw(server) as connection:
        connection.send(upgrade())
        await connection.head()
        frame = masked(Opcode.BINARY, b"x" * 60_000)
        with pytest.raises(TimeoutError):  # the buffers of both kernels are full, and the server keeps no more
            async with asyncio.timeout(1):
                for _ in range(2000):
                    connection.send(frame)
                    await connection.writer.drain()
        connection.writer.transport.abort()


async def test_a_client_that_vanishes_is_forgotten() -> None:
    async with serving() as server:
        async with raw(server) as connection:
            connection.send(upgrade())
            await connection.head()
            assert len(server.channels) == 1
            connection.writer.transport.abort()
        await until(lambda: not server.channels, "the channel is forgotten")


async def test_garbage_never_hangs_and_leaks_nothing() -> None:
    chance = random.Random(7)
    async with serving(limits=ServerLimits(request_time=0.5)) as server:
        for _ in range(60):
            async with raw(server) as connection:
                if chance.random() < 0.7:
                    connection.send(upgrade(chance.choice(["/echo", "/sockjs/websocket", "/sockjs/0/a/websocket"])))
                connection.send(chance.randbytes(chance.randrange(1, 400)))
                connection.writer.write_eof()
                await connection.end()
        await until(lambda: not server.channels and not server.connections, "nothing is left")


async def test_a_server_that_closes_waits_for_the_answer() -> None:
    async with serving() as server, connect(f"ws://{server.address}/echo") as client:
        for channel in list(server.channels):
            channel.close(1012, "back in 2 s")
        with pytest.raises(ConnectionClosed) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1012, "back in 2 s")
