"""What sharing a broker costs: one node by itself, one with a store, and two and three nodes with one, in the same run.

python -m tests.bench.relay        a publisher at the first node, a subscriber at the last; 128-byte bodies
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

from labs.wire.stomp import Frame, encode
from tests.peers.serving import Served, served

BODY = b"x" * 128
MESSAGES = 4000
ROUNDS = 3
WINDOW = 500  # messages sent and not received, at most
PACED = 100  # messages for the latency
PAUSE = 0.01


@dataclass
class Figures:
    """Messages a second, and milliseconds from SEND to MESSAGE."""

    topic: float
    queue: float
    p50: float
    p99: float


def main() -> None:
    """Print the figures of each arrangement, and their ratio to one node without a store."""
    print(f"{MESSAGES} messages of {len(BODY)} bytes, best of {ROUNDS}; latency at {1 / PAUSE:g} messages/s")
    alone: Figures | None = None
    for title, arguments in (
        ("one node", ()), ("one node, with a store", ("--nodes", "1", "--relay")),
        ("two nodes", ("--nodes", "2")), ("three nodes", ("--nodes", "3")),
    ):  # fmt: skip
        figures = measure(arguments)
        alone = alone or figures
        print(
            f"{title:24} topic {figures.topic:7,.0f}/s ({figures.topic / alone.topic:.2f}x)   "
            f"queue with ACK {figures.queue:6,.0f}/s ({figures.queue / alone.queue:.2f}x)   "
            f"p50 {figures.p50:.2f} ms ({figures.p50 / alone.p50:.1f}x)   p99 {figures.p99:.2f} ms"
        )


def measure(arguments: tuple[str, ...]) -> Figures:
    """Run one arrangement; a `--relay` at the end gets a store of its own."""
    if arguments[-1:] != ("--relay",):
        with served(*arguments) as server:
            return asyncio.run(figures_of(server))
    return asyncio.run(with_a_store(arguments))


async def with_a_store(arguments: tuple[str, ...]) -> Figures:
    from labs.net.store import running_store

    async with running_store() as store:
        return await asyncio.to_thread(lambda: figures_with(arguments, store.url))


def figures_with(arguments: tuple[str, ...], url: str) -> Figures:
    with served(*arguments, url) as server:
        return asyncio.run(figures_of(server))


async def figures_of(server: Served) -> Figures:
    topic = max([await throughput(server, f"/topic/{turn}", ack=False) for turn in range(ROUNDS)])
    queue = max([await throughput(server, f"/queue/{turn}", ack=True) for turn in range(ROUNDS)])
    times = sorted(await latencies(server))
    return Figures(topic, queue, statistics.median(times) * 1000, times[int(len(times) * 0.99)] * 1000)


async def throughput(server: Served, destination: str, *, ack: bool) -> float:
    """Messages a second from one publisher to one subscriber."""
    sender, receiver = await session(server.nodes[0]), await session(server.nodes[-1])
    await subscribe(receiver, destination, "client-individual" if ack else "auto")
    raw = text("SEND", BODY, destination=destination)
    room = asyncio.Semaphore(WINDOW)

    async def send() -> None:
        for _ in range(MESSAGES):
            await room.acquire()
            await sender.send(raw)

    start = time.perf_counter()
    sending = asyncio.ensure_future(send())
    for _ in range(MESSAGES):
        message = await frame_of(receiver, "MESSAGE")
        room.release()
        if ack:
            await receiver.send(text("ACK", id=header(message, "ack")))
    seconds = time.perf_counter() - start
    await sending
    for client in (sender, receiver):
        await client.close()
    return MESSAGES / seconds


async def latencies(server: Served) -> list[float]:
    """Seconds from SEND to MESSAGE, one message at a time."""
    sender, receiver = await session(server.nodes[0]), await session(server.nodes[-1])
    await subscribe(receiver, "/topic/slow", "auto")
    raw, times = text("SEND", BODY, destination="/topic/slow"), []
    for _ in range(PACED):
        start = time.perf_counter()
        await sender.send(raw)
        await frame_of(receiver, "MESSAGE")
        times.append(time.perf_counter() - start)
        await asyncio.sleep(PAUSE)
    for client in (sender, receiver):
        await client.close()
    return times


async def session(url: str) -> ClientConnection:
    client = await connect(url, compression=None, max_queue=None, ping_interval=None)
    await client.send(text("CONNECT", accept_version="1.2", host="h", heart_beat="0,0"))
    await frame_of(client, "CONNECTED")
    return client


async def subscribe(client: ClientConnection, destination: str, ack: str) -> None:
    await client.send(text("SUBSCRIBE", id="1", destination=destination, ack=ack, receipt="r"))
    await frame_of(client, "RECEIPT")


def text(command: str, body: bytes = b"", **headers: str) -> str:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return encode(Frame(command, named, body)).decode()


async def frame_of(client: ClientConnection, command: str) -> str:
    """The next message, which is a frame of that command."""
    received = await client.recv()
    assert isinstance(received, str)
    assert received.startswith(command), received
    return received


header: Callable[[str, str], str] = lambda frame, name: frame.partition(f"\n{name}:")[2].partition("\n")[0]  # noqa: E731


if __name__ == "__main__":
    main()
