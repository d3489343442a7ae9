"""The clients of the failover lab, which come back by themselves: each step of that is told on the tape."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from labs.net.tasks import Tasks
from labs.scenarios.failover_reading import BOUND, CLIENTS, WAIT
from labs.stage import Stage, StageError
from labs.tables import cell
from labs.timeline import CODE, SESSIONS
from labs.wire.stomp import Frame

if TYPE_CHECKING:
    from labs.net.resuming import Event

BASE_SECONDS, CAP_SECONDS, STABLE_SECONDS = 0.1, 2.0, 1.0  # of their backoff, which the lab keeps short
WAIT_SECONDS = 10.0  # for what should come
BEAT_MS = 1500  # between the heart-beats that they want of a node: one that is frozen falls silent


class Returning:
    """One user's client, behind the balancer. `ended` counts the connections, and attempts at one, that are over."""

    def __init__(self, stage: Stage, name: str, address: str) -> None:
        from labs.net.client import Opening
        from labs.net.resuming import ClientOptions, ResumingClient
        from labs.rules.backoff import Policy

        self.name = name
        self.ended = self._sessions = 0
        self._stage = stage
        options = ClientOptions(
            opening=Opening("/ws", subprotocols=("v12.stomp",), queue=None),
            connect={"login": name},
            heart_beat=(0, BEAT_MS),
            policy=Policy(BASE_SECONDS, CAP_SECONDS, STABLE_SECONDS),
        )
        self.client = ResumingClient(stage.host(name, "client"), lambda: address, options, self._told)
        self._heard_of: set[tuple[str, str]] = set()
        self._news = asyncio.Event()

    def start(self, tasks: Tasks, *destinations: str) -> None:
        """Connect and stay connected; subscribe to topics from the beginning of what is kept, to a user's own from now
        on."""
        for destination in destinations:
            last_seen = 0 if destination.startswith("/topic/") else None
            self.client.subscribe(destination, partial(self._heard, destination), last_seen=last_seen)
        tasks.start(self.client.run(), f"client {self.name}")

    async def heard(self, destination: str, body: str) -> None:
        """Wait until a message of that body has come on a subscription to `destination`; raises StageError."""
        await self._until(lambda: (destination, body) in self._heard_of, f"{body!r} for {self.name}")

    async def noticed(self, ended: int) -> None:
        """Wait until more than `ended` connections have ended for it; raises StageError."""
        await self._until(lambda: self.ended > ended, f"the end of {self.name}'s connection")

    async def returned(self) -> None:
        """Wait until it is connected and subscribed, again or for the first time; raises StageError."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self.client.ready()
        except TimeoutError:
            raise StageError(f"{self.name} did not come back within {WAIT_SECONDS:g} s") from None

    async def cut(self) -> None:
        """Break its connection, and wait until it is back."""
        before = self.ended
        self.client.cut()
        await self.noticed(before)
        await self.returned()

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise StageError(f"{what} did not come within {WAIT_SECONDS:g} s") from None

    def _heard(self, destination: str, frame: Frame) -> None:
        self._heard_of.add((destination, frame.body.decode()))
        self._news.set()

    def _told(self, event: Event) -> None:
        from labs.net.resuming import Ended, GaveUp, Lost, Opened
        from labs.rules.backoff import Wait

        match event:
            case Opened():
                self._sessions += 1
                self._measured(SESSIONS, self._sessions)
            case Ended(code, reason):
                self.ended += 1
                self._news.set()
                self._measured(CODE, code)
                if reason:
                    self._stage.note(f"{self.name}: {reason}")
            case Wait():
                self._measured(WAIT, event.seconds, "s")
                self._measured(BOUND, event.at_least + event.bound, "s")
            case Lost(destination, gap):
                self._stage.note(f"{self.name}: {gap.first} to {gap.last} of {destination} are gone")
            case GaveUp(why):
                self._stage.note(f"{self.name} gives up: {why}")

    def _measured(self, column: str, value: float, unit: str = "") -> None:
        self._stage.metric(cell(CLIENTS, self.name, column), round(value, 4), unit, self.name)


class Press:
    """Publishes numbered messages to one topic while it runs, each until the broker has it; `rate` of them a second."""

    def __init__(self, client: Returning, topic: str, rate: float) -> None:
        self._client = client
        self._topic = topic
        self.rate = rate
        self._moved = asyncio.Event()
        self.number = self.urgents = 0

    async def publish(self, count: int = 1) -> None:
        """Send `count` messages at the rate; a break does not lose one, it takes longer."""
        for _ in range(count):
            await self._client.client.send(self._topic, str(self.number + 1))
            self.number += 1
            self._moved.set()
            await asyncio.sleep(1 / self.rate)

    async def urgent(self) -> None:
        """One message out of turn."""
        self.urgents += 1
        await self._client.client.send(self._topic, f"urgent {self.urgents}")

    async def keep_on(self, stop: asyncio.Event) -> None:
        """Publish until `stop`."""
        while not stop.is_set():
            await self.publish()

    async def goes_on(self, count: int) -> None:
        """Wait until `count` more have been published."""
        until = self.number + count
        while self.number < until:
            self._moved.clear()
            await self._moved.wait()
