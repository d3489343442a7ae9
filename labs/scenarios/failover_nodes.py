"""The failover lab's steps behind the balancer: who goes where, what a kill and a deployment do to whom."""

from __future__ import annotations

import asyncio
from collections import Counter

from labs.net.processes import Child
from labs.net.tasks import together
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_clients import Press, Returning
from labs.scenarios.failover_reading import nodes_of, timeline
from labs.scenarios.failover_store import StoreCut
from labs.stage import Stage, StageError

RATE = 100.0  # messages a second
AROUND = 10  # messages before a fault and after it
URGENT = 5  # messages that are on their way when the node is killed
SHOWN = 40  # lines of a timeline


class Behind:
    """One step each. All clients are behind the balancer, all nodes are one broker."""

    def __init__(self, stage: Stage, balancer: Child, clients: dict[str, Returning]) -> None:
        self._stage = stage
        self._dead = ""
        self._draining: set[str] = set()
        self._balancer = balancer
        self._clients = clients
        self.press = Press(clients[steps.PRESS], steps.NEWS, RATE)

    async def cookie(self) -> None:
        """All have come; all are cut off and return."""
        await together(*(client.cut() for client in self._clients.values()))
        await self._stage.judge("cookie-set", "sticky-on-reconnect")

    async def open(self) -> None:
        """A node gets nothing new; what is open there goes on."""
        await self._stage.step(steps.OPEN)
        node, there = await self._fullest()
        await self.deregister(node)
        for number in range(1, 4):
            await together(*(client.client.send(steps.OPEN_TOPIC, str(number)) for client in there))
        await self._register(node)
        await self._stage.judge("open-socket-never-moves")

    async def kill(self) -> None:
        """SIGKILL under traffic; everybody comes back."""
        stage, stop = self._stage, asyncio.Event()

        async def killing() -> None:
            await self.press.goes_on(AROUND)
            on = await self.on()
            self._dead = node = on[steps.PRESS]
            there = [client for client in self._clients.values() if on[client.name] == node]
            ended = {client.name: client.ended for client in there}
            await together(*(self.press.urgent() for _ in range(URGENT)), self.kill_now(node))
            await together(*(client.noticed(ended[client.name]) for client in there))
            await together(*(client.returned() for client in there))
            await self._private(there)
            await self.press.goes_on(AROUND)
            stop.set()

        await together(self.press.keep_on(stop), killing())
        await self.press.publish()
        await together(*(reader.heard(steps.NEWS, str(self.press.number)) for reader in self.readers))
        await stage.judge("kill-is-1006", "backoff-in-bounds", "moved-to-a-living-node", "session-restored")
        await stage.judge("nothing-lost", "nothing-twice")
        self.tell_timeline()

    async def kill_now(self, node: str) -> None:
        """At once: what was just sent has no receipt yet."""
        self._stage.fault("kill", node)
        child = self._stage.parts.child(node)
        child.kill()
        await child.over.wait()

    def tell_timeline(self) -> None:
        """Who noticed the latest fault, and when."""
        for told in timeline(self._stage.tape)[:SHOWN]:
            self._stage.note(told)

    async def whole(self) -> None:
        """Start the node again that was killed."""
        node, self._dead = self._dead, ""
        if node:
            await self.start_again(node)

    async def start_again(self, node: str) -> None:
        """A new process in the place of the node's, which is killed where it runs; the balancer is told."""
        await self._stage.parts.restart(node)
        await self._balancer.call("join", node=node, address=self._stage.parts.child(node).address)
        if node in self._draining:  # HAProxy remembers it
            self._draining.discard(node)
            await self._balancer.call("undrain", node=node)

    def state(self, node: str) -> str:
        """up, down, frozen or draining."""
        child = self._stage.parts.child(node)
        if not child.running:
            return "down"
        return "frozen" if child.frozen else "draining" if node in self._draining else "up"

    async def drain(self) -> None:
        """Two nodes are taken out, in the wrong order and in the right one."""
        stage = self._stage
        first, _ = await self._fullest()
        await self._tell(first)
        await self.deregister(first)
        await self._tell(first)
        await self._register(first)
        second, _ = await self._fullest(but=first)
        await self.deregister(second)
        await self._tell(second)
        await self._register(second)
        await stage.judge("drain-order")

    async def cut(self, store: StoreCut, node: str = "") -> None:
        """A node without the store, for a while."""
        on = await self.on()
        counts = Counter(on[reader.name] for reader in self.readers)
        node = node or counts.most_common(1)[0][0]
        other = next(name for name in steps.NODES if name != node and self.state(name) == "up")
        there = [reader for reader in self.readers if on[reader.name] == node]
        await store.cut(node, self._stage.parts.child(other).address, there)

    @property
    def readers(self) -> list[Returning]:
        """All but the publisher."""
        return [client for name, client in self._clients.items() if name != steps.PRESS]

    def tell_state(self, node: str) -> None:
        """Put it on the tape."""
        child = self._stage.parts.child(node)
        self._stage.part(node, "node", self.state(node), pid=child.process.pid, address=child.address)

    async def caught_up(self) -> None:
        """Wait until everybody has what has just been published, and each reader a word of its own."""
        await self.press.goes_on(AROUND)
        number = str(self.press.number)
        await together(*(reader.heard(steps.NEWS, number) for reader in self.readers))
        await self._private(self.readers)

    async def _private(self, there: list[Returning]) -> None:
        """A word for each reader of those, from the publisher."""
        for client in there:
            if client.name != steps.PRESS:
                words = f"for {client.name}, {client.ended}"
                await self._clients[steps.PRESS].client.send(f"/user/{client.name}{steps.PRIVATE}", words)
                await client.heard(f"/user{steps.PRIVATE}", words)

    async def _tell(self, node: str) -> None:
        """The node sends its clients away, and goes on listening; they come back."""
        on = await self.on()
        there = [client for client in self._clients.values() if on[client.name] == node]
        ended = {client.name: client.ended for client in there}
        self._stage.fault(steps.TELL, node)
        await self._stage.parts.child(node).call("tell")
        await together(*(client.noticed(ended[client.name]) for client in there))
        await together(*(client.returned() for client in there))

    async def deregister(self, node: str) -> None:
        """The balancer gives it nothing new."""
        self._stage.fault(steps.DEREGISTER, node)
        await self.take_out(node)
        self.tell_state(node)

    async def take_out(self, node: str) -> None:
        """The same, as a part of something else."""
        self._draining.add(node)
        await self._balancer.call("drain", node=node)

    async def _register(self, node: str) -> None:
        self._draining.discard(node)
        await self._balancer.call("undrain", node=node)
        self.tell_state(node)

    async def on(self) -> dict[str, str]:
        """Client -> node, as it is now."""
        await self._stage.flush()
        return nodes_of(self._stage.tape)

    async def _fullest(self, but: str = "") -> tuple[str, list[Returning]]:
        """The node that most clients are on, and these."""
        on = await self.on()
        counts = Counter(node for node in on.values() if node != but)
        if not counts:
            raise StageError("no client is on any other node")
        node = counts.most_common(1)[0][0]
        return node, [client for client in self._clients.values() if on[client.name] == node]
