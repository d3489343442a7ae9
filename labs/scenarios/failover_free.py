"""Free play of the failover lab: any fault at any time. Each acts at once, and lasts until the learner ends it.
Messages are published meanwhile, and what came of it all is judged as soon as everybody is back and has them."""

from __future__ import annotations

import asyncio
import contextlib

from labs.net.resuming import SendError
from labs.net.tasks import Tasks
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_nodes import URGENT, Behind
from labs.scenarios.failover_store import StoreCut
from labs.stage import Fault, FaultRefused, Stage, StageError

RATE = 20.0  # messages a second: free play may last
LOAD_SECONDS = 0.2  # of publishing before a node is killed
PATIENCE_SECONDS = 8.0  # for everybody to be back, until the learner is told why nothing is judged
JUDGED = (
    "kill-is-1006", "backoff-in-bounds", "moved-to-a-living-node", "session-restored", "nothing-lost", "nothing-twice",
    "drain-order",
)  # fmt: skip
WAY_OUT = {
    "up": "it is up: freeze it first",
    "down": "it is down; restart starts it again",
    "frozen": "it is frozen; thaw lets it go on, restart kills it and starts it again",
    "draining": "it is draining; restart brings it back",
}


class FreePlay:
    """`tasks` end with it."""

    def __init__(self, stage: Stage, tasks: Tasks, behind: Behind, store: StoreCut) -> None:
        self._stage = stage
        self._tasks = tasks
        self._behind = behind
        self._store = store
        self._stop = asyncio.Event()
        self._load: asyncio.Task[None] | None = None
        behind.press.rate = RATE

    @property
    def faults(self) -> dict[str, Fault]:
        """By their ids in the catalogue."""
        return {
            "kill": self._kill, "freeze": self._freeze, "thaw": self._thaw, "drain": self._drain,
            "restart": self._restart, "cut-off": self._cut_off,
        }  # fmt: skip

    async def settled(self) -> None:
        """Wait until everybody is back and has what was published, and judge."""
        self._publish()
        told = False
        while not await self._caught_up():
            if not told:
                self._stage.note("Nothing is judged yet: not everybody is back. Thaw or restart a node.")
            told = True
        self._stop.set()
        if self._load is not None:
            await asyncio.wait([self._load])
        await self._stage.judge(*JUDGED)
        self._behind.tell_timeline()

    async def _caught_up(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._behind.caught_up()
        except (TimeoutError, StageError):
            return False
        return True

    # What each fault does.

    async def _kill(self, node: str) -> None:
        self._must_be(node, "up", "frozen", "draining")
        self._publish()
        await asyncio.sleep(LOAD_SECONDS)
        for _ in range(URGENT):
            self._tasks.start(self._urgent(), "an urgent message")
        await self._behind.kill_now(node)

    async def _freeze(self, node: str) -> None:
        self._must_be(node, "up", "draining")
        self._publish()
        self._stage.fault("freeze", node)
        await self._stage.parts.freeze(node)

    async def _thaw(self, node: str) -> None:
        self._must_be(node, "frozen")
        self._stage.fault("thaw", node)
        await self._stage.parts.thaw(node)
        self._behind.tell_state(node)

    async def _drain(self, target: str) -> None:
        if target not in steps.NODES:
            self._all_up("to compare the two orders")
            await self._behind.drain()
            return
        self._must_be(target, "up")
        await self._behind.deregister(target)
        self._stage.fault(steps.TELL, target)
        await self._stage.parts.child(target).call("tell")

    async def _restart(self, node: str) -> None:
        self._stage.fault("restart", node)
        if self._behind.state(node) in ("up", "draining"):
            await self._behind.take_out(node)
            await self._stage.parts.drain(node)
        await self._behind.start_again(node)

    async def _cut_off(self, node: str) -> None:
        self._all_up("so that somebody publishes meanwhile")
        on = await self._behind.on()
        if not any(on[reader.name] == node for reader in self._behind.readers):
            raise FaultRefused(f"no reader is on {node}, who would miss something; cut off one that has readers")
        await self._behind.cut(self._store, node)

    def _must_be(self, node: str, *states: str) -> None:
        state = self._behind.state(node)
        if state not in states:
            raise FaultRefused(f"{node}: {WAY_OUT[state]}")

    def _all_up(self, why: str) -> None:
        for node in steps.NODES:
            state = self._behind.state(node)
            if state != "up":
                raise FaultRefused(f"it takes three nodes that are up, {why}; {node}: {WAY_OUT[state]}")

    # What is published meanwhile.

    def _publish(self) -> None:
        """Until what comes of the fault is over."""
        self._stop.clear()
        if self._load is None or self._load.done():
            self._load = self._tasks.start(self._keep_on(), "publishing")

    async def _keep_on(self) -> None:
        with contextlib.suppress(SendError):
            await self._behind.press.keep_on(self._stop)

    async def _urgent(self) -> None:
        with contextlib.suppress(SendError):
            await self._behind.press.urgent()
