"""The failover lab's steps about what joins the nodes: without a relay, and with the way to the store cut."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from labs.net.processes import Child
from labs.net.store import Store
from labs.net.tap import Tap
from labs.net.tasks import Tasks, first_of, together
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_clients import Returning
from labs.scenarios.replay_clients import Publisher, is_number, subscribe
from labs.stage import Stage, StageError
from labs.wire.stomp import Frame

RATE = 20.0  # messages a second
PUBSUB = "pubsub"  # the way of the plain subscriber, and its channel
BACK_SECONDS = 10.0


async def relay_off(stage: Stage, publishing: Tap, reading: Tap, first: Child, second: Child) -> None:
    """Publish on one node that knows of no other; read on both."""
    from labs.net.stomp_client import connect

    await stage.step(steps.RELAY_OFF)
    here, there, beside = await together(
        connect(publishing, first.address), connect(reading, second.address), connect(reading, first.address)
    )
    await together(*(reader.confirmed(subscribe(steps.ALONE_TOPIC, "alone")) for reader in (there, beside)))
    publisher = Publisher(here, steps.ALONE_TOPIC, 1000.0)
    await publisher.publish(steps.ALONE_MESSAGES)
    await beside.until(is_number(steps.ALONE_MESSAGES))
    await there.confirmed(Frame("SEND", (("destination", steps.ALONE_TOPIC),), steps.MARKER.encode()))
    await there.until(lambda frame: frame.body == steps.MARKER.encode())
    await together(*(client.disconnect() for client in (here, there, beside)))
    await stage.judge("relay-off-loses")


class StoreCut:
    """A node is cut off from the store, and a subscriber of plain pub/sub with it. `ways` is the process that the way
    of each to the store leads through."""

    def __init__(self, stage: Stage, ways: Child, store: Store, publishing: Tap) -> None:
        self._stage = stage
        self._ways = ways
        self._store = store
        self._publishing = publishing
        self._number = 0

    async def cut(self, node: str, other: str, readers: list[Returning]) -> None:
        """Cut `node` off for a while, with messages published on the other one before, during and after; its readers
        wait for the last of them."""
        from labs.net.stomp_client import connect

        stage = self._stage
        client = await connect(self._publishing, other)
        publisher = Publisher(client, steps.CUT_TOPIC, 1000.0, self._number)
        async with Tasks() as tasks:
            broken = self._store.url.replace(self._store.address, self._ways.addresses[PUBSUB])
            plain = PlainPubSub(self._store.url, broken)
            tasks.start(plain.listen(), "plain pub/sub")
            await plain.reached()
            await publisher.publish(1)
            await together(*(reader.heard(steps.CUT_TOPIC, str(publisher.number)) for reader in readers))
            stage.fault(steps.CUT, node)
            await self._each(node, "reset")
            await self._each(node, "stop")
            published = await self._publish(publisher, plain)
            await self._each(node, "go_on")
            stage.fault(steps.JOIN, node)
            await plain.reached()
            stage.metric(steps.CUT_METRICS[0], published, "messages", "store")
            stage.metric(steps.CUT_METRICS[1], plain.numbered, "messages", "store")
            await plain.close()
        await publisher.publish(1)
        await together(*(reader.heard(steps.CUT_TOPIC, str(publisher.number)) for reader in readers))
        self._number = publisher.number
        await publisher.leave()
        await stage.judge("store-cut")

    async def _each(self, node: str, command: str) -> None:
        await together(*(self._ways.call(command, route=route) for route in (node, PUBSUB)))

    async def _publish(self, publisher: Publisher, plain: PlainPubSub) -> int:
        """By both ways at once, for as long as the cut lasts; how many by each."""
        loop = asyncio.get_running_loop()
        until, count = loop.time() + steps.CUT_SECONDS, 0
        plain.numbered = 0
        while loop.time() < until:
            count += 1
            await publisher.publish(1)
            await plain.publish(str(count))
            await asyncio.sleep(1 / RATE)
        return count


class PlainPubSub:
    """Redis pub/sub as a relay of few lines has it: one publishes by `url`, one is subscribed by `broken`, and
    subscribes anew when its connection broke. `numbered` counts the numbered messages that came."""

    def __init__(self, url: str, broken: str) -> None:
        from labs.net.store import store_client

        self._publisher: Any = store_client(url)
        self._subscriber: Any = store_client(broken, socket_timeout=BACK_SECONDS)
        self._probes: set[str] = set()
        self._news = asyncio.Event()
        self.numbered = 0

    async def publish(self, text: str) -> None:
        """To whoever is subscribed at this moment."""
        await self._publisher.publish(PUBSUB, text)

    async def listen(self) -> None:
        """Receive, for as long as the task runs."""
        from redis.exceptions import RedisError

        pubsub = self._subscriber.pubsub(ignore_subscribe_messages=True)
        while True:
            with contextlib.suppress(RedisError, OSError):
                await pubsub.subscribe(PUBSUB)
                while True:
                    message = await pubsub.get_message(timeout=None)
                    if message is not None:
                        self._take(message["data"].decode())
            await asyncio.sleep(0.02)

    async def reached(self) -> None:
        """Publish until something of it comes: the subscription stands. Raises StageError."""
        self._news.clear()
        end = asyncio.get_running_loop().time() + BACK_SECONDS
        while not self._news.is_set():
            if asyncio.get_running_loop().time() > end:
                raise StageError(f"the subscriber of pub/sub was not back within {BACK_SECONDS:g} s")
            await self.publish("probe")
            await first_of(self._news.wait(), 0.05)

    async def close(self) -> None:
        """Hang up."""
        await self._publisher.aclose()
        await self._subscriber.aclose()

    def _take(self, text: str) -> None:
        if text.isdigit():
            self.numbered += 1
        else:
            self._news.set()
