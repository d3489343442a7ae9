"""The replay lab's steps in the chat room: its server is killed, what is in Redis is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from labs.net.processes import Child
from labs.net.store import Store
from labs.net.tap import Tap
from labs.net.tasks import together
from labs.scenarios import replay_steps as steps
from labs.scenarios.replay_clients import (
    Member,
    Publisher,
    acknowledge,
    is_number,
    join_all,
    names,
)
from labs.stage import Stage

ROOM = "labs.net.room"
KILLED = 2  # the message in whose broadcast the server is killed
SAMPLES = 8  # messages in a second of traffic, for the buffers' ages


class Crash:
    """One step each, in this order."""

    def __init__(self, stage: Stage, store: Store, publishing: Tap, audience: Tap) -> None:
        self._stage = stage
        self._store = store
        self._publishing = publishing
        self._audience = audience
        self._server: Child
        self._cursors: dict[str, int] = {}  # the highest number that each member had at the crash
        self._sent: dict[str, int] = {}  # the number of the latest message, by topic

    async def crash(self) -> None:
        """SIGKILL after some of the writes of message 2."""
        await self._start()
        await self._stage.step(steps.CRASH)
        await self._crash(steps.ROOM, steps.WRITES)

    async def shared(self) -> None:
        """Who returns gets what is pending; the first ACK ends that for all."""
        await self._start()
        await self._stage.step(steps.SHARED)
        first = max(self._cursors, key=lambda name: self._cursors[name])
        early = await self._join(steps.ROOM, steps.PENDING, {first: None})
        await acknowledge(early[0])
        others = dict.fromkeys(name for name in self._cursors if name != first)
        late = await self._join(steps.ROOM, steps.PENDING, others)
        await self._last_of(steps.ROOM, early + late)
        await self._stage.judge("shared-ack-loses")

    async def cursor(self) -> None:
        """The same return, each with its own cursor; unless the knob asks for the other design."""
        await self._stage.step(steps.cursor(str(self._stage.knobs["design"])))
        await self._return(steps.ROOM)

    async def kill(self, topic: str, writes: int) -> None:
        """Another crash in the room, and the return from it."""
        await self._crash(topic, writes)
        await self._start()
        await self._return(topic)

    async def _crash(self, topic: str, writes: int) -> None:
        publisher = await self._publisher(topic)
        members = await self._join(topic, steps.JOINED, dict.fromkeys(names(steps.MEMBERS)))
        await publisher.publish(1)
        await together(*(_take(member, 1) for member in members))
        self._server.ending = True
        await self._server.call("die", after=writes)
        self._stage.metric(steps.WRITES_METRIC, writes, "writes", "room")
        self._stage.fault("kill", "room")
        await publisher.publish(1)
        codes = Counter(await together(*(_until_cut(member) for member in members)))
        for code, times in codes.items():
            self._stage.metric(f"{steps.SEEN}{code}", times, "members", "audience")
        await self._server.over.wait()
        self._cursors = {member.name: member.cursor for member in members}
        await self._stage.judge("crash-mid-broadcast")

    async def _return(self, topic: str) -> None:
        by_cursor = self._stage.knobs["design"] == "cursor"
        cursors = {name: cursor if by_cursor else None for name, cursor in self._cursors.items()}
        await self._last_of(topic, await self._join(topic, steps.CURSOR, cursors))
        await self._stage.judge("cursor-per-client-keeps")

    async def trim(self) -> None:
        """Traffic for longer than messages are kept, then a look at what is kept."""
        await self._stage.step(steps.TRIM)
        rate = SAMPLES / steps.AGE
        aged, expiring = await self._publisher(steps.AGED, rate=rate), await self._publisher(steps.EXPIRING, rate=rate)
        count = SAMPLES + SAMPLES // 2
        await together(aged.publish(count), expiring.publish(count))
        for topic in (steps.AGED, steps.EXPIRING):
            (reader,) = await self._join(topic, steps.CURSOR, {"latecomer": 0})
            await reader.client.disconnect()
        await aged.leave()
        await expiring.leave()
        await self._stage.judge("buffer-trimmed-by-age")

    async def _start(self) -> None:
        self._server = await self._stage.spawn(
            "room", "server", ROOM, store=self._store.url, age=steps.AGE, trimmed=[steps.AGED],
            expiring=[steps.EXPIRING],
        )  # fmt: skip

    async def _publisher(self, topic: str, number: int = 0, rate: float = 1000.0) -> Publisher:
        from labs.net.stomp_client import connect

        return Publisher(await connect(self._publishing, self._server.address, login="publisher"), topic, rate, number)

    async def _join(self, topic: str, id: str, cursors: Mapping[str, int | None]) -> list[Member]:
        return await join_all(self._audience, self._server.address, topic, id, cursors)

    async def _last_of(self, topic: str, members: list[Member]) -> None:
        """One more message: whoever has it has got everything before it that will come. Then all leave."""
        number = self._sent[topic] = self._sent.get(topic, KILLED) + 1
        publisher = await self._publisher(topic, number - 1)
        await publisher.publish(1)
        await together(*(_take(member, number) for member in members))
        await together(*(member.client.disconnect() for member in members))
        await publisher.leave()


async def _until_cut(member: Member) -> int:
    """Read to the end of the connection; the close code that the API reports for that."""
    await member.client.until(lambda frame: False)
    member.note_received()
    return member.client.connection.close_code or 0


async def _take(member: Member, number: int) -> None:
    await member.client.until(is_number(number))
    member.note_received()
