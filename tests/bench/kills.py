"""Messages lost and repeated in random kills: `python -m tests.bench.kills [KILLS] [FILE]`.

Three nodes with a store behind the balancer, as `serve --nodes 3` has them; readers and a publisher that come back by
themselves. A random node is killed (SIGKILL) at a random moment, again and again, while messages are published. Both
counts must be 0. Beside them the time from a kill until each client that was there has its session again.

It goes in batches, each on a cluster of its own. With FILE what has been done is kept there, and the next run goes on.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from labs.net.client import Opening
from labs.net.processes import Cast, Child
from labs.net.resuming import ClientOptions, Ended, Event, Opened, ResumingClient
from labs.net.store import running_store
from labs.net.tap import Tap
from labs.net.tasks import Tasks, together
from labs.rules.backoff import Policy
from labs.wire.stomp import Frame
from tests.labs.waiting import until

KILLS, BATCH = 200, 25
NODES, READERS = 3, 5
RATE = 200.0  # messages a second, at most
MOMENT = 0.1  # seconds, at random before each kill
TOPIC = "/topic/kills"
PATIENCE = 30.0  # seconds


@dataclass
class Figures:
    """What came of it so far. Seconds."""

    kills: int = 0
    published: int = 0
    lost: int = 0
    repeated: int = 0
    dropped: int = 0
    resumed: list[float] = field(default_factory=list)

    def show(self) -> None:
        """One line."""
        ordered = sorted(self.resumed)
        p95 = ordered[int(len(ordered) * 0.95)] if ordered else 0.0
        p50 = statistics.median(ordered) if ordered else 0.0
        print(
            f"{self.kills} kills, {self.published} messages to {READERS} readers: {self.lost} lost, {self.repeated} "
            f"repeated; {self.dropped} came twice and were dropped by number; from kill to resumed "
            f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms ({len(ordered)} times)",
            flush=True,
        )


class Client:
    """One that comes back; it knows when a kill hit it, and when it was there again."""

    def __init__(self, address: str, login: str) -> None:
        self.bodies: list[str] = []
        self.resumed: list[float] = []
        self.killed_at = 0.0
        self._hit = False
        opening = Opening("/ws", subprotocols=("v12.stomp",), queue=None)
        options = ClientOptions(opening, connect={"login": login}, policy=Policy(0.1, 2.0, 1.0))
        self.client = ResumingClient(Tap(lambda record: None), lambda: address, options, self._told)

    def heard(self, frame: Frame) -> None:
        self.bodies.append(frame.body.decode())

    def _told(self, event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, Ended):
            self._hit = self._hit or self.killed_at > 0
        elif isinstance(event, Opened) and self._hit:
            self.resumed.append(now - self.killed_at)
            self._hit = False


async def batch(kills: int, figures: Figures) -> None:
    """Kill so often on one cluster, then count."""
    async with running_store() as store, Tasks() as tasks:
        cast = Cast(tasks, lambda part, record: None)
        try:
            names = [f"n{number}" for number in range(NODES)]
            config = {"relay": store.url, "tap": False}
            nodes = dict(
                zip(
                    names,
                    await together(*(cast.spawn(each, "labs.net.node", dict(config)) for each in names)),
                    strict=True,
                )
            )
            backends = {name: child.address for name, child in nodes.items()}
            balancer = await cast.spawn("balancer", "labs.net.balancer", {"backends": backends})
            clients = [Client(balancer.address, f"user-{number}") for number in range(READERS + 1)]
            for reader in clients[1:]:
                reader.client.subscribe(TOPIC, reader.heard, last_seen=0)
            for each in clients:
                tasks.start(each.client.run(), "client")
            await together(*(each.client.ready() for each in clients))
            published = await _kill_on(kills, cast, nodes, balancer, clients)
            await _last(clients)
            _count(clients, published, kills, figures)
            await together(*(each.client.close() for each in clients))
        finally:
            await cast.aclose()


async def _kill_on(kills: int, cast: Cast, nodes: dict[str, Child], balancer: Child, clients: list[Client]) -> int:
    """Publish while nodes are killed and started again; how many messages."""
    stop, published = asyncio.Event(), 0

    async def publish() -> None:
        nonlocal published
        while not stop.is_set():
            await clients[0].client.send(TOPIC, str(published + 1))
            published += 1
            await asyncio.sleep(1 / RATE)

    async def kill() -> None:
        for _ in range(kills):
            await asyncio.sleep(random.uniform(0, MOMENT))
            name = random.choice(list(nodes))
            for each in clients:
                each.killed_at = time.monotonic()
            nodes[name].kill()
            await nodes[name].over.wait()
            nodes[name] = await cast.spawn(name, "labs.net.node", nodes[name].config)
            await balancer.call("join", node=name, address=nodes[name].address)
            await together(*(each.client.ready() for each in clients))
        stop.set()

    async with asyncio.timeout(PATIENCE * kills):
        await together(publish(), kill())
    return published


async def _last(clients: list[Client]) -> None:
    """One message more: who has it has got everything before it that will come."""
    await clients[0].client.send(TOPIC, "the last")
    await until(lambda: all(reader.bodies[-1:] == ["the last"] for reader in clients[1:]), PATIENCE)


def _count(clients: list[Client], published: int, kills: int, figures: Figures) -> None:
    expected = [*map(str, range(1, published + 1)), "the last"]
    for reader in clients[1:]:
        got = Counter(reader.bodies)
        figures.lost += sum(body not in got for body in expected)
        figures.repeated += sum(times - 1 for times in got.values())
        figures.dropped += reader.client.repeats
    figures.kills += kills
    figures.published += published
    figures.resumed += [round(seconds, 4) for each in clients for seconds in each.resumed]


def main() -> None:
    """Print a line after each batch; exit status 1 when anything was lost or repeated."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    file = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    figures = Figures(**json.loads(file.read_text())) if file and file.exists() else Figures()
    while figures.kills < kills:
        asyncio.run(batch(min(BATCH, kills - figures.kills), figures))
        figures.show()
        if file:
            file.write_text(json.dumps(asdict(figures)))
    sys.exit(1 if figures.lost or figures.repeated else 0)


if __name__ == "__main__":
    main()
