"""Joins a broker to the store that several nodes share: carries its demands there in order, each once, hands it what
comes, renews this node's lease, and finds its way back when the store was away. What happens there is in relay.lua."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from labs.broker.config import BrokerConfig
from labs.broker.demands import Answer, Arrival, Demand, Failed, Placed
from labs.net.outbox import BATCH, Outbox
from labs.net.relay_codec import PREFIX, read_entry, script
from labs.net.store import StoreError, open_store, shown_url, store_client
from labs.net.tasks import Tasks
from labs.rules.setting import setting

if TYPE_CHECKING:
    from redis.asyncio import Redis

ANSWER_SECONDS = 2.0  # of the store, then the connection is given up
BLOCK_MS = 1000
TRIM_BYTES = 256 * 1024  # read from the inbox, until the store is told
INBOX_BYTES = 32 * 1024 * 1024  # waiting for a node; a topic's message is not added beyond
REPEAT_SECONDS = 60.0  # how long the store knows which steps were done
RETRY_SECONDS = (0.05, 1.0)  # between two tries to reach the store: at first, at most
LIFE = 2**32  # how far apart the sequence numbers of two lives of a store begin
LAST_SECONDS = 1.0  # to say what is left to say
_ON_LIMITS = frozenset({"submit"})  # what is refused when the store is full; all else goes on


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """How a node behaves towards the store. Times in seconds."""

    relay_wait: float = setting(5.0, "seconds that a frame waits for a store that is away, then ERROR", 1013)
    relay_lease: float = setting(3.0, "seconds without a sign from a node, then others get what its consumers had")


class Node(Protocol):
    """The broker's side."""

    def answered(self, step: int, answer: Answer) -> None: ...

    def arrived(self, arrivals: Sequence[Arrival]) -> None: ...

    def readmitted(self) -> None: ...

    def counted(self, waiting: int, dead: int, expired: int) -> None:
        """So many messages of all nodes' queues wait, and were dead-lettered, and expired, so far."""

    @property
    def busy(self) -> bool: ...

    @property
    def highest(self) -> int: ...


class Relay:
    """One node's way to the store at `url`. `config.node` names it there."""

    def __init__(self, url: str, config: BrokerConfig, limits: RelayLimits, node: Node) -> None:
        self._url = url
        self._limits = limits
        self._name = config.node
        self._node = node
        self._inbox = f"{PREFIX}in:{config.node}"
        self._outbox = Outbox(config.node, limits.relay_wait)
        self._scripts = {over: self._script(config, over) for over in (False, True)}
        self._hashes: dict[bool, str] = {}
        self._generation = 0
        self._epoch = b""  # the name of the store's life
        self._floor = 0  # no sequence number is lower
        self._last = "0-0"
        self._unread = 0  # bytes read that the store was not told of
        self._cursor: str | int = 0
        self._must_admit = self._renewing = False
        self._delay = RETRY_SECONDS[0]
        self._client: Redis
        self._reader: Redis
        self._running: list[asyncio.Task[None]] = []
        self.connected = self._open = self._over = False

    def _script(self, config: BrokerConfig, over_memory: bool) -> str:
        return script(
            config.limits, lease=self._limits.relay_lease, inbox=INBOX_BYTES, repeat=REPEAT_SECONDS,
            dead_letters=config.dead_letters, over_memory=over_memory,
        )  # fmt: skip

    async def start(self, tasks: Tasks) -> None:
        """Connect, and keep connected; raises StoreError where there is no store to begin with."""
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError

        await (await open_store(self._url)).aclose()
        options = {"protocol": 2, "socket_connect_timeout": ANSWER_SECONDS, "retry": Retry(NoBackoff(), 0)}
        self._client = store_client(self._url, socket_timeout=ANSWER_SECONDS, **options)
        self._reader = store_client(self._url, socket_timeout=BLOCK_MS / 1000 + ANSWER_SECONDS, **options)
        try:
            await self._admit()
        except RedisError as error:
            raise StoreError(f"{shown_url(self._url)}: {error}") from None
        self._open = True
        self._running = [
            tasks.start(self._write(), "relay: to the store"),
            tasks.start(self._read(), "relay: from the store"),
            tasks.start(self._keep(), "relay: lease"),
        ]

    def demand(self, demand: Demand) -> None:
        """Carry it out behind all others; what has a step is answered, by a Failed when it takes too long."""
        self._outbox.demand(demand, self._now())

    def bury(self, name: str) -> None:
        """The node of that name is dead, as its owner knows: do not wait for the end of its lease."""
        self._outbox.say("bury", name)

    async def close(self) -> None:
        """Say what is left to say, take leave of the other nodes, hang up; once."""
        if not self._open:
            return
        self._open = False
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LAST_SECONDS):
                left = asyncio.Event()
                self._outbox.say("quit", done=lambda reply: left.set())
                await left.wait()
        self._over = True  # the client may take a cancellation for a timeout of its own
        for task in self._running:
            task.cancel()
        await asyncio.wait(self._running, timeout=LAST_SECONDS)
        for client in (self._client, self._reader):
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LAST_SECONDS):
                    await client.aclose()

    # What the whole cluster must not do twice, beside the broker's matters.

    async def put_once(self, name: str, value: dict[str, Any], seconds: float) -> None:
        """Keep `value` under `name` for one take_once() on any node. Raises ConnectionError when the store is away."""
        await self._reached(self._client.set(f"{PREFIX}once:{name}", json.dumps(value), px=round(seconds * 1000)))

    async def take_once(self, name: str) -> dict[str, Any] | None:
        """What put_once() kept, to the first who asks; raises ConnectionError when the store is away."""
        found = await self._reached(self._client.getdel(f"{PREFIX}once:{name}"))
        value = None if found is None else json.loads(found)
        return value if isinstance(value, dict) else None

    @staticmethod
    async def _reached(asked: Awaitable[Any]) -> Any:
        from redis.exceptions import RedisError

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asked
        except (RedisError, OSError) as error:
            raise ConnectionError("the store cannot be reached") from error

    # To the store.

    async def _write(self) -> None:
        while not self._over:
            await self._outbox.wake.wait()
            if self._must_admit:
                await self._trying(self._admit)
            elif self._outbox.take():
                await self._trying(self._send)

    async def _trying(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`; when the store does not answer, wait longer each time."""
        from redis.exceptions import RedisError

        try:
            await work()
        except (RedisError, OSError) as error:
            if _is_unknown_script(error):
                self._hashes.clear()
                return
            self.connected = False
            await self._client.connection_pool.disconnect()
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.0))
            self._delay = min(2 * self._delay, RETRY_SECONDS[1])
            self._hashes.clear()
        else:
            self.connected, self._delay = True, RETRY_SECONDS[0]

    async def _send(self) -> None:
        """Have the store do what was taken from the queue, and hear its answers."""
        from redis.exceptions import ResponseError

        await self._load()
        if not self._outbox.take():  # loading took so long that they have failed meanwhile
            return
        pipeline = self._client.pipeline(transaction=False)
        sent = self._outbox.sent
        for step in sent:
            arguments = self._outbox.arguments(step)
            pipeline.evalsha(self._hashes[arguments[0] not in _ON_LIMITS], 0, *arguments)
        for reply in await pipeline.execute(raise_on_error=False):
            told = reply
            if isinstance(reply, ResponseError) and not _is_unknown_script(reply):
                told = Failed(_in_words(reply))
            elif isinstance(reply, Exception):
                raise reply
            elif reply[:1] == [b"expelled"]:
                self._must_admit = True
                return
            step = sent.pop(0)
            if (answer := self._outbox.replied(step, told)) is not None:
                self._node.answered(step.awaited, answer)

    async def _load(self) -> None:
        for over, source in self._scripts.items():
            if over not in self._hashes:
                self._hashes[over] = await self._client.script_load(source)

    async def _call(self, verb: str, *arguments: Any) -> Any:
        await self._load()
        return await self._client.evalsha(self._hashes[True], 0, verb, self._name, *arguments)

    # Being one of the nodes.

    async def _admit(self) -> None:
        """Begin, or begin anew: whatever the store had of this node is given back to others."""
        next_life = (self._floor // LIFE + 1) * LIFE
        told = await self._call("admit", secrets.token_hex(8), self._node.highest, self._epoch, next_life)
        self._epoch, self._floor = told[0], int(told[1])
        self._must_admit = self._renewing = False
        self._generation += 1
        self._last, self._unread = "0-0", 0
        self._outbox.begin_anew()
        self.connected = True
        self._node.readmitted()

    async def _keep(self) -> None:
        """Renew the lease, and tell those who have waited too long."""
        renewed = 0.0
        while not self._over:
            await asyncio.sleep(min(0.1, self._limits.relay_lease / 10))
            now, lease = self._now(), self._limits.relay_lease
            due = now - renewed > (lease if self._renewing else lease / 3)
            if due and self._open and not self._must_admit:  # behind its leave it would be admitted again
                renewed, self._renewing = now, True
                self._outbox.say("renew", self._cursor, done=self._renewed)
            if self._outbox.overfull:
                self._must_admit = True
                self._outbox.give_up()
            self._fail_late(now)

    def _renewed(self, reply: Any) -> None:
        self._renewing = False
        self._cursor = reply[1]
        self._node.counted(*map(int, reply[2:5]))

    def _fail_late(self, now: float) -> None:
        for step in self._outbox.late(now):
            sure = "" if step.attempt == 0 else "; whether it took effect is not known"
            text = f"the nodes' store did not answer within {self._limits.relay_wait:g} s{sure}; try again later"
            self._node.answered(step.awaited, Failed(text))

    # From the store.

    async def _read(self) -> None:
        from redis.exceptions import RedisError

        while not self._over:
            generation = self._generation
            try:
                found: Any = await self._reader.xread({self._inbox: self._last}, count=BATCH, block=BLOCK_MS)
            except (RedisError, OSError):
                await self._reader.connection_pool.disconnect()
                await asyncio.sleep(self._delay)
                continue
            if found and generation == self._generation:
                await self._take(found[0][1])

    async def _take(self, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> None:
        """Hand on what has come, in order; at the place of an answer wait for it."""
        generation = self._generation
        arrivals: list[Arrival] = []
        for _, fields in entries:
            entry = read_entry(fields[b"e"])
            self._unread += len(fields[b"e"])
            if not isinstance(entry, tuple):
                arrivals.append(entry)
                continue
            if (place := self._outbox.place(*entry)) is None:
                continue
            if not place.answer.done():
                self._node.arrived(arrivals)
                arrivals = []
            answer = await place.answer
            if generation != self._generation:
                return
            if answer is not None and self._outbox.tell(place):
                arrivals.append(Placed(place.step.awaited, answer))
        self._node.arrived(arrivals)
        for _ in iter(lambda: self._node.busy, False):  # it works on at every turn of the loop
            await asyncio.sleep(0)
        if generation == self._generation:
            self._last = entries[-1][0].decode()
            if self._unread > TRIM_BYTES or len(entries) == BATCH:
                self._tell_read()

    def _tell_read(self) -> None:
        self._outbox.say("read", self._last, self._unread)
        self._unread = 0

    @staticmethod
    def _now() -> float:
        return time.monotonic()


def _is_unknown_script(error: object) -> bool:
    return str(error).startswith("NOSCRIPT") or type(error).__name__ == "NoScriptError"


def _in_words(error: Exception) -> str:
    """A client's text for what the store refused."""
    full = "OOM" in str(error) or type(error).__name__ == "OutOfMemoryError"
    return "the nodes' store is full; consume, then try again" if full else f"the nodes' store refused: {error}"
