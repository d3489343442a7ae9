"""Who publishes, who reads and who is in the room, in the replay lab."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labs.net.tap import Tap
from labs.net.tasks import together
from labs.scenarios.replay_steps import HISTORY, LIVE
from labs.wire.stomp import Frame

if TYPE_CHECKING:
    from labs.net.stomp_client import StompClient

BETWEEN_SECONDS = 0.1  # a round trip to somewhere far, between the two frames of a reader that comes back


class Publisher:
    """Sends messages to one topic, numbered from 1, each confirmed before the next, `rate` a second at most. `number`
    is that of the latest."""

    def __init__(self, client: StompClient, topic: str, rate: float, number: int = 0) -> None:
        self._client = client
        self._topic = topic
        self._rate = rate
        self._moved = asyncio.Condition()
        self.number = number

    async def publish(self, count: int) -> None:
        """Send `count` messages at the rate."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for sent in range(count):
            await asyncio.sleep(began + sent / self._rate - loop.time())
            await self._client.confirmed(self._next())
            await self._count()

    async def flood(self, count: int) -> None:
        """Send `count` messages as fast as they go, confirmed as one."""
        for _ in range(count - 1):
            await self._client.send(self._next())
            self.number += 1
        await self._client.confirmed(self._next())
        await self._count()

    async def keep_on(self, stop: asyncio.Event) -> None:
        """Publish until `stop`."""
        while not stop.is_set():
            await self.publish(1)
            await asyncio.sleep(1 / self._rate)

    async def reached(self, number: int) -> None:
        """Wait until message `number` is confirmed."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.number >= number)

    async def leave(self) -> None:
        """Nothing more will be published."""
        await self._client.disconnect()

    def _next(self) -> Frame:
        return Frame("SEND", (("destination", self._topic),), str(self.number + 1).encode())

    async def _count(self) -> None:
        async with self._moved:
            self.number += 1
            self._moved.notify_all()


def subscribe(topic: str, id: str, last_seen: int | None = None, ack: str = "auto") -> Frame:
    """A SUBSCRIBE frame."""
    cursor = [] if last_seen is None else [("last-seen", str(last_seen))]
    return Frame("SUBSCRIBE", (("id", id), ("destination", topic), ("ack", ack), *cursor))


def is_number(number: int) -> Callable[[Frame], bool]:
    """Whether a frame is the message of that number."""
    return lambda frame: frame.command == "MESSAGE" and frame.body == str(number).encode()


async def catch_up(client: StompClient, publisher: Publisher, topic: str, last_seen: int, order: str) -> None:
    """Get what followed `last_seen`, and be subscribed, in two frames; some messages are published between them."""

    async def history() -> None:
        await client.confirmed(subscribe(topic, HISTORY, last_seen))
        await client.send(Frame("UNSUBSCRIBE", (("id", HISTORY),)))

    async def live() -> None:
        await client.confirmed(subscribe(topic, LIVE))

    first, second = (live, history) if order == "subscribe-first" else (history, live)
    await first()
    # The one after the next: it is sent when the first of the two frames has surely taken effect.
    between = publisher.number + 2
    await asyncio.sleep(BETWEEN_SECONDS)
    await publisher.reached(between)
    await second()


@dataclass(slots=True)
class Member:
    """One member of the room: its session, and the numbers of the messages that it had when that ended."""

    name: str
    client: StompClient
    had: set[int] = field(default_factory=set)

    @property
    def cursor(self) -> int:
        """The highest number seen."""
        return max(self.had, default=0)

    def note_received(self) -> None:
        """Remember what has come."""
        bodies = [frame.body for frame in self.client.frames if frame.command == "MESSAGE" and frame.body]
        self.had |= {int(body) for body in bodies}


async def join(tap: Tap, address: str, topic: str, id: str, *, name: str, last_seen: int | None) -> Member:
    """Connect to the room and subscribe under that id; a member without `last_seen` acknowledges for itself."""
    from labs.net.stomp_client import connect

    client = await connect(tap, address, login=name)
    ack = "client-individual" if last_seen is None else "auto"
    await client.confirmed(subscribe(topic, id, last_seen, ack))
    return Member(name, client)


async def join_all(tap: Tap, address: str, topic: str, id: str, cursors: Mapping[str, int | None]) -> list[Member]:
    """All of them at once."""
    return await together(
        *(join(tap, address, topic, id, name=name, last_seen=cursor) for name, cursor in cursors.items())
    )


async def acknowledge(member: Member) -> None:
    """Acknowledge everything that came, and wait until that has taken effect."""
    for frame in list(member.client.frames):
        if frame.command == "MESSAGE" and (id := frame.get("ack")):
            await member.client.confirmed(Frame("ACK", (("id", id),)))


def names(count: int) -> list[str]:
    """`member-1` and so on."""
    return [f"member-{number}" for number in range(1, count + 1)]
