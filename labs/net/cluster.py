"""`ws-tutor serve --nodes N`: nodes in processes of their own that are one broker, a store that they share, and a
balancer before them in this process. Each part is another module's; here they are put together and ended."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from labs.net.balancer import Balancer, Options
from labs.net.forwarding import read_networks
from labs.net.health import Checks
from labs.net.overview import Overview
from labs.net.processes import Cast, Child, ProcessError, last_words
from labs.net.serve import ServeOptions
from labs.net.store import Store, StoreError, open_store, start_store
from labs.net.tasks import Tasks, together

# A dead node is noticed at once: the checks are for a frozen one, and not for one that is only busy.
CHECKS = Checks(every=0.5, timeout=1.5)
DRAIN_MARGIN = 2.0  # seconds beyond a node's own bound


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """`options` are what each node is to be, but for its address; `config` says the same as node.py reads it, without
    the relay. `relay`: a store of one's own, else one is started."""

    nodes: int
    options: ServeOptions
    config: dict[str, Any]
    relay: str = ""
    access_log: IO[str] | None = None
    tell: Callable[[str], None] = field(default=lambda text: print(text, file=sys.stderr, flush=True))


class Cluster:
    """Start it, run it, and every part of it ends with it."""

    def __init__(self, options: ClusterOptions) -> None:
        self._options = options
        self._tasks = Tasks()
        self._cast = Cast(self._tasks, lambda part, record: None, self._ended)
        self._children: list[Child] = []
        self._names: dict[str, str] = {}  # of the nodes in the store
        self._store: Store | None = None
        self._balancer: Balancer
        self._address = ""
        self._stopping = False

    async def listen(self) -> None:
        """Start everything; raises StoreError, ProcessError, OSError. aclose() is the caller's in any case."""
        given = self._options
        if given.relay:
            await (await open_store(given.relay)).aclose()
        else:
            self._store = await start_store(self._tasks)
            self._tasks.start(self._watch(self._store), "store")
        host, port = given.options.host, given.options.port
        voucher = secrets.token_hex(16)
        overview = Overview(lambda: self._children, self._tasks)
        own = {"/health": overview.health, "/metrics": overview.metrics}
        limits = given.options.limits
        options = Options(
            host=host, port=port, access_log=given.access_log, own=own, voucher=voucher,
            proxies=read_networks(limits.trusted_proxies), head=limits.head_size, body=limits.body_size,
            checks=CHECKS,
        )  # fmt: skip
        self._balancer = Balancer({}, options, self._tasks)
        self._address = await self._balancer.listen()
        relay = given.relay or (self._store.url if self._store else "")
        ours = {"relay": relay, "front": self._address, "voucher": voucher, "tap": False, "quick": True}
        config = given.config | ours
        names = [f"n{number}" for number in range(1, given.nodes + 1)]
        self._children = await together(*(self._cast.spawn(name, "labs.net.node", dict(config)) for name in names))
        for child, state in zip(
            self._children, await together(*(c.call("state") for c in self._children)), strict=True
        ):
            self._balancer.join(child.id, child.address)
            self._names[child.id] = state["name"]

    def ready(self) -> dict[str, object]:
        """What a client needs to know: the balancer's addresses, and each node's own."""
        at = self._address
        return {
            "ready": True, "ws": f"ws://{at}/ws", "echo": f"ws://{at}/echo", "sockjs": f"http://{at}/sockjs",
            "http": f"http://{at}", "nodes": [f"ws://{child.address}/ws" for child in self._children],
            "pids": [child.process.pid for child in self._children],
        }  # fmt: skip

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then drain."""
        await stop.wait()
        self._stopping = True
        self._balancer.close()
        running = [child for child in self._children if child.running]
        await together(*(self._drain(child) for child in running))

    async def _watch(self, store: Store) -> None:
        """A store that ends is followed by an empty one in its place, which the nodes find."""
        while True:
            await store.process.wait()
            if self._stopping:
                return
            self._options.tell("the store has ended, and what waited in it is lost; another begins in its place")
            try:
                self._store = store = await store.again(self._tasks)
            except StoreError as error:
                self._options.tell(f"{error}; what is sent is refused from now on")
                return

    async def _drain(self, child: Child) -> None:
        child.ending = True
        with contextlib.suppress(ProcessError):
            await child.call("drain", within=self._options.options.limits.drain_time + DRAIN_MARGIN)

    async def aclose(self) -> None:
        """End every part."""
        self._stopping = True
        if self._address:
            self._balancer.abort()
        await self._cast.aclose()
        if self._store is not None:
            await self._store.aclose()
        await self._tasks.aclose()

    def _ended(self, child: Child) -> None:
        if self._stopping or child not in self._children:
            return
        self._options.tell(f"{child.id} has ended: {last_words(child)}; the other nodes go on")
        with contextlib.suppress(KeyError):
            self._balancer.leave(child.id)
        self._tasks.start(self._bury(child), f"{child.id} is dead")

    async def _bury(self, dead: Child) -> None:
        """Have the first node that can do it give to the others what the dead one had."""
        for child in self._children:
            if child.running and dead.id in self._names:
                with contextlib.suppress(ProcessError):
                    await child.call("bury", name=self._names[dead.id])
                    return
