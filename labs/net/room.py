"""A chat room's server as many write it, for the replay lab: each message goes into Redis, then to the members one by
one. Runs as a child process, and can be told to die in the middle of that.

Redis has of each topic a replay buffer (a sorted set by time), which answers `last-seen`, and a pending set, shared by
all: who subscribes without `last-seen` gets what is in it, and the first ACK of a message takes it out.

config: `store`, the address of Redis (redis://…); `age`, seconds that a message is kept in the buffers of some topics:
`trimmed`, by score, and `expiring`, by EXPIRE on the key; of all others everything is kept. Command: `die`, by SIGKILL,
after a message has been written to so many members.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from labs.net.control import Running
from labs.net.quiet import quiet_logger
from labs.net.server import CLOSE_SECONDS, OPEN_SECONDS, tapped
from labs.net.store import open_store
from labs.net.tap import Tap, address_of
from labs.net.tasks import Tasks
from labs.wire.stomp import Frame, StompParser, encode


@dataclass(frozen=True, slots=True)
class Member:
    """One subscription."""

    connection: ServerConnection
    id: str
    topic: str


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Listen on a free port of loopback."""
    store = await open_store(config["store"])
    room = Room(store, config["age"], frozenset(config["trimmed"]), frozenset(config["expiring"]))
    server = await serve(
        room.talk, "127.0.0.1", 0, create_connection=tapped(tap), logger=quiet_logger(), compression=None,
        subprotocols=[Subprotocol("v12.stomp")], server_header=None, open_timeout=OPEN_SECONDS,
        close_timeout=CLOSE_SECONDS, ping_interval=None,
    )  # fmt: skip
    tasks.start(server.serve_forever(), "room")
    return Running({"main": address_of(server.sockets[0].getsockname())}, {"die": room.die})


class Room:
    """Publishing and subscribing are done one at a time, so that nothing falls between history and what follows."""

    def __init__(self, store: Any, age: float, trimmed: frozenset[str], expiring: frozenset[str]) -> None:
        self._age = age
        self._trimmed = trimmed
        self._expiring = expiring
        self._store = store
        self._members: list[Member] = []
        self._turn = asyncio.Lock()
        self._die_after = 0

    def die(self, after: int) -> None:
        """Die by SIGKILL when a message has been written to `after` members."""
        self._die_after = after

    async def talk(self, connection: ServerConnection) -> None:
        """One connection, until it ends."""
        try:
            with contextlib.suppress(ConnectionClosed):  # how it ended is on the tape
                async for data in connection:
                    for event in StompParser().receive(data.encode() if isinstance(data, str) else data):
                        if isinstance(event, Frame):
                            await self._obey(connection, event)
        finally:
            self._members = [member for member in self._members if member.connection is not connection]

    async def _obey(self, connection: ServerConnection, frame: Frame) -> None:
        topic = frame.get("destination") or ""
        match frame.command:
            case "CONNECT":
                name = frame.get("login") or ""
                await _write(connection, "CONNECTED", [("version", "1.2"), ("user-name", name), ("heart-beat", "0,0")])
            case "SUBSCRIBE":
                async with self._turn:
                    member = Member(connection, frame.get("id") or "", topic)
                    await self._catch_up(member, frame.get("last-seen"))
                    self._members.append(member)
            case "SEND":
                async with self._turn:
                    await self._publish(topic, frame.body)
            case "ACK":
                acked, _, number = (frame.get("id") or "").rpartition("#")
                await self._store.hdel(f"pending:{acked}", number)
        if (receipt := frame.get("receipt")) is not None:
            await _write(connection, "RECEIPT", [("receipt-id", receipt)])

    async def _publish(self, topic: str, body: bytes) -> None:
        """Keep it, then write it to the members, one by one."""
        number = await self._store.incr(f"sequence:{topic}")
        await self._store.zadd(f"buffer:{topic}", {b"%d:%s" % (number, body): time.time()})
        if topic in self._expiring:
            await self._store.pexpire(f"buffer:{topic}", int(self._age * 1000))
        await self._store.hset(f"pending:{topic}", number, body)
        members = [member for member in self._members if member.topic == topic]
        for written, member in enumerate(members, 1):
            await _deliver(member, number, body)
            if written == self._die_after:
                os.kill(os.getpid(), signal.SIGKILL)

    async def _catch_up(self, member: Member, last_seen: str | None) -> None:
        topic = member.topic
        if last_seen is None:
            pending = await self._store.hgetall(f"pending:{topic}")
            for number in sorted(pending, key=int):
                await _deliver(member, int(number), pending[number])
            return
        if topic in self._trimmed:
            await self._store.zremrangebyscore(f"buffer:{topic}", "-inf", time.time() - self._age)
        kept = [entry.partition(b":") for entry in await self._store.zrange(f"buffer:{topic}", 0, -1)]
        newer = sorted((int(number), body) for number, _, body in kept if int(number) > int(last_seen))
        head = int(await self._store.get(f"sequence:{topic}") or 0)
        oldest = newer[0][0] if newer else head + 1
        if oldest > int(last_seen) + 1:
            told = ("replay-gap", f"{int(last_seen) + 1}-{oldest - 1}")
            await _write(member.connection, "MESSAGE", [*_of(member), ("message-id", "gap"), told])
        for number, body in newer:
            await _deliver(member, number, body)


async def _deliver(member: Member, number: int, body: bytes) -> None:
    id = f"{member.topic}#{number}"
    headers = [*_of(member), ("message-id", id), ("ack", id), ("sequence", str(number))]
    await _write(member.connection, "MESSAGE", headers, body)


def _of(member: Member) -> list[tuple[str, str]]:
    return [("subscription", member.id), ("destination", member.topic)]


async def _write(connection: ServerConnection, command: str, headers: list[tuple[str, str]], body: bytes = b"") -> None:
    with contextlib.suppress(ConnectionClosed):  # it is gone, and will be back
        await connection.send(encode(Frame(command, tuple(headers), body)).decode())
