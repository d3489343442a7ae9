"""Several servers of the test's own loop that share a real store, and raw clients of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection

from labs.broker import BrokerConfig, Limits
from labs.broker.config import Semantics
from labs.net.relay import RelayLimits
from labs.net.serve import Server
from labs.net.store import Store, StoreOptions, running_store
from labs.wire.stomp import Frame
from tests.labs.net.serving import serving, until
from tests.labs.net.test_serve_stomp import closed, dial, frame, receive

QUICK = RelayLimits(relay_wait=1.0, relay_lease=0.6)
PATIENT = RelayLimits(relay_wait=10.0, relay_lease=5.0)


@dataclass
class Cluster:
    store: Store
    nodes: list[Server]
    _clients: list[Client] = field(default_factory=list)

    async def client(self, node: int, login: str = "", **headers: str) -> Client:
        """Connected to that node."""
        socket = await dial(self.nodes[node], **({"login": login} if login else {}), **headers)
        client = Client(socket, await receive(socket))
        self._clients.append(client)
        return client


@dataclass
class Client:
    socket: ClientConnection
    connected: Frame

    async def send(self, command: str, body: str = "", **headers: str) -> None:
        await self.socket.send(frame(command, body, **headers))

    async def take(self, command: str = "MESSAGE") -> Frame:
        """The next frame, which is of that command."""
        received = await receive(self.socket)
        assert received.command == command, received
        return received

    async def bodies(self, count: int) -> list[str]:
        return [(await self.take()).body.decode() for _ in range(count)]

    async def done(self, command: str, body: str = "", **headers: str) -> None:
        """Send a frame and wait for its RECEIPT, before which nothing else comes."""
        await self.send(command, body, receipt="done", **headers)
        assert (await self.take("RECEIPT")).get("receipt-id") == "done"

    async def subscribe(self, destination: str, id: str = "1", ack: str = "auto", **headers: str) -> None:
        """Without a message that waits for it."""
        await self.done("SUBSCRIBE", id=id, destination=destination, ack=ack, **headers)

    async def ack(self, message: Frame, command: str = "ACK", **headers: str) -> None:
        await self.send(command, id=message.get("ack") or "", **headers)

    async def nothing(self, settle: float = 0.05) -> None:
        """What was asked of all nodes before has been done, and nothing came of it here."""
        await asyncio.sleep(settle)
        await self.done("SUBSCRIBE", id="nothing", destination="/topic/nothing")
        await self.done("UNSUBSCRIBE", id="nothing")

    async def failed(self, *words: str, code: int, receipt: str | None = None) -> None:
        error = await self.take("ERROR")
        assert all(word in (error.get("message") or "") for word in words), error
        assert error.get("receipt-id") == receipt
        assert (await closed(self.socket))[0] == code

    def cut(self) -> None:
        self.socket.transport.abort()


@contextlib.asynccontextmanager
async def cluster(
    count: int = 2,
    relay_limits: RelayLimits = PATIENT,
    program: Any = None,
    auth: str = "open",
    semantics: Semantics = "full",
    **limits: Any,
) -> AsyncIterator[Cluster]:
    secret = b"one secret for all of the nodes of a test"
    config = BrokerConfig(semantics, Limits(**limits), heart_beat=(0, 0))
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(running_store(StoreOptions(program=program)))
        nodes = [
            await stack.enter_async_context(
                serving(relay=store.url, relay_limits=relay_limits, broker=config, secret=secret, auth=auth)
            )
            for _ in range(count)
        ]
        running = Cluster(store, nodes)
        try:
            yield running
        finally:
            for client in running._clients:
                client.cut()
            await until(lambda: not any(node.channels for node in nodes), "every client is gone")
            for node in nodes:
                await node.aclose()


async def vanish(node: Server) -> None:
    """End a node as SIGKILL would: it takes no leave of anyone."""
    assert node.relay is not None
    node.relay._over = True
    await node._tasks.aclose()
    node.abort()
