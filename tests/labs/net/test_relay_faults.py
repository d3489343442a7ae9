"""The store is away, slow, full or another one: nothing is said to have happened that has not, and what can be caught
up with is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest

from labs.net import relay
from labs.net.relay import RelayLimits
from labs.net.store import Store, StoreError, open_store
from labs.net.tasks import Tasks
from tests.labs.net.clustering import QUICK, Client, Cluster, cluster
from tests.labs.net.serving import serving, until


@contextlib.asynccontextmanager
async def frozen(store: Store) -> AsyncIterator[None]:
    os.kill(store.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(store.process.pid, signal.SIGCONT)


async def cut_connections(running: Cluster) -> None:
    """As a network would: every node's connections to the store end at once."""
    client = await open_store(running.store.url)
    await client.client_kill_filter(_type="normal", skipme=True)
    await client.aclose()


async def test_no_store_no_start() -> None:
    with pytest.raises(StoreError, match="has to run there"):
        async with serving(relay="redis://127.0.0.1:1/0"):
            pass


async def test_a_frozen_store_gives_no_receipt_and_then_all_goes_on() -> None:
    async with cluster(2, relay_limits=QUICK) as running:
        one, two, three, four = [await running.client(node) for node in (0, 1, 1, 0)]
        for client in (one, two):
            await client.subscribe("/topic/a")
            await client.subscribe("/queue/a", id="q", ack="client-individual")
        await three.done("SEND", "before", destination="/topic/a")
        await three.done("SEND", "held", destination="/queue/a")
        async with frozen(running.store):
            await three.send("SEND", "lost?", destination="/topic/b", receipt="r")
            await three.failed("store did not answer within 1 s", code=1013, receipt="r")
            await four.send("SUBSCRIBE", id="1", destination="/topic/a", receipt="s")
            await four.failed("SUBSCRIBE", "store did not answer", code=1013, receipt="s")
            newcomer = await running.client(0)
            assert newcomer.connected.command == "ERROR"
            assert "store did not answer" in (newcomer.connected.get("message") or "")
        await joined(running)
        again = await running.client(1)
        await again.done("SEND", "after", destination="/topic/a")
        for number in range(4):
            await again.done("SEND", str(number), destination="/queue/a")
        got = [await one.take() for _ in range(5)] + [await two.take() for _ in range(4)]
        topic = [each.body for each in got if each.get("destination") == "/topic/a"]
        assert topic == [b"before", b"after"] * 2
        queue = [each for each in got if each.get("destination") == "/queue/a"]
        assert sorted(each.body for each in queue) == [b"0", b"1", b"2", b"3", b"held"]
        assert [each.get("redelivered") for each in queue] == [None] * 5, "no node is to blame for it"
        for client in (one, two):
            await client.nothing()


async def joined(running: Cluster) -> None:
    """Every node has found its way back."""
    for index, node in enumerate(running.nodes):
        assert node.relay is not None
        await until(lambda relay=node.relay: relay.connected and not relay._must_admit, f"node {index} is back")
        client = await running.client(index)
        await client.done("SEND", "", destination="/topic/back")


async def test_what_fails_while_the_store_is_dialled_again_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "ANSWER_SECONDS", 0.6)
    async with cluster(1, relay_limits=RelayLimits(relay_wait=0.3, relay_lease=30)) as running:
        clients = [await running.client(0) for _ in range(2)]
        node = running.nodes[0].relay
        assert node is not None
        async with frozen(running.store):
            await clients[0].send("SEND", destination="/topic/a", receipt="r")
            await clients[0].failed("store did not answer", code=1013, receipt="r")
            await until(lambda: not node.connected, "the store is given up")
            await clients[1].send("SEND", destination="/topic/a", receipt="r")
            await clients[1].failed("store did not answer", code=1013, receipt="r")
        await joined(running)


async def test_connections_that_are_cut_in_mid_traffic_lose_and_repeat_nothing() -> None:
    async with cluster(2) as running:
        sender, one, two = await running.client(0), await running.client(0), await running.client(1)
        for client in (one, two):
            await client.subscribe("/topic/a")
        await two.subscribe("/queue/a", id="q", ack="client-individual")

        async def cut() -> None:
            for _ in range(6):
                await asyncio.sleep(0.02)
                await cut_connections(running)

        cutting = asyncio.ensure_future(cut())
        for number in range(300):
            await sender.done("SEND", str(number), destination="/topic/a")
            if number % 3 == 0:
                await sender.done("SEND", str(number), destination="/queue/a")
        await cutting
        assert await one.bodies(300) == [str(number) for number in range(300)]
        got = [await two.take() for _ in range(400)]
        topic = [each.body.decode() for each in got if each.get("destination") == "/topic/a"]
        queue = [each for each in got if each.get("destination") == "/queue/a"]
        assert topic == [str(number) for number in range(300)]
        assert [each.body.decode() for each in queue] == [str(number) for number in range(0, 300, 3)]
        assert all(each.get("redelivered") is None for each in queue)
        for client in (one, two):
            await client.nothing()


async def test_a_store_that_begins_anew_is_joined_by_all_and_numbers_do_not_fall() -> None:
    async with cluster(2, relay_limits=QUICK) as running, Tasks() as tasks:
        sender, one, two = await running.client(0), await running.client(0, "ann"), await running.client(1, "bob")
        for client in (one, two):
            await client.subscribe("/topic/a")
            await client.subscribe("/user/queue/x", id="u")
        await two.subscribe("/queue/a", id="q", ack="client-individual")
        for number in range(5):
            await sender.done("SEND", str(number), destination="/topic/a")
        await sender.done("SEND", "task", destination="/queue/a")
        assert await one.bodies(5) == ["0", "1", "2", "3", "4"]
        got = [await two.take() for _ in range(6)]
        task = next(each for each in got if each.body == b"task")
        running.store.kill()
        await running.store.process.wait()
        store = await running.store.again(tasks)
        try:
            await joined(running)
            await two.ack(task)
            late = await running.client(1)
            await late.done("SEND", "5", destination="/topic/a")
            await late.done("SEND", "hello", destination="/user/ann/queue/x")
            await late.done("SEND", "task 2", destination="/queue/a")
            news, hello = await one.take(), await one.take()
            assert (news.body, hello.body) == (b"5", b"hello")
            assert int(news.get("sequence") or 0) > 5, "it goes on where the nodes were"
            assert sorted(await two.bodies(2)) == ["5", "task 2"]
            await late.send("SUBSCRIBE", id="1", destination="/topic/a", last_seen="3")
            assert (await late.take()).get("replay-gap") is not None, "what the old store had is gone, and told"
        finally:
            for node in running.nodes:
                await node.aclose()
            await store.aclose()


async def test_what_a_new_store_has_before_a_node_is_back_is_heard_there_too() -> None:
    async with cluster(2, relay_limits=QUICK) as running, Tasks() as tasks:
        sender, listener = await running.client(0), await running.client(1)
        await listener.subscribe("/topic/a")
        await sender.done("SEND", "old", destination="/topic/a")
        late, back = running.nodes[1].relay, asyncio.Event()
        assert late is not None
        admit = late._admit

        async def admit_later() -> None:
            await back.wait()
            await admit()

        late._admit = admit_later
        running.store.kill()
        await running.store.process.wait()
        store = await running.store.again(tasks)
        try:
            await sender.done("SEND", "new", destination="/topic/a")
            back.set()
            await sender.done("SEND", "newer", destination="/topic/a")
            got = [await listener.take() for _ in range(3)]
            assert [each.body for each in got] == [b"old", b"new", b"newer"]
            numbers = [int(each.get("sequence") or 0) for each in got]
            assert numbers == sorted(set(numbers)), "though the sender's node did not know how far the first store was"
            await listener.nothing()
        finally:
            back.set()
            for node in running.nodes:
                await node.aclose()
            await store.aclose()


async def test_a_node_that_does_not_keep_up_catches_up_by_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "INBOX_BYTES", 20_000)
    async with cluster(2) as running:
        sender, slow, pattern = await running.client(0), await running.client(1), await running.client(1)
        await slow.subscribe("/topic/a")
        await pattern.subscribe("/topic/*")
        reader = running.nodes[1].relay
        assert reader is not None
        busy = asyncio.Event()
        read = reader._take

        async def late(entries: object) -> None:
            await busy.wait()
            await read(entries)  # type: ignore[arg-type]

        monkeypatch.setattr(reader, "_take", late)
        for number in range(100):
            await sender.done("SEND", f"{number}" + "x" * 500, destination="/topic/a")
        busy.set()
        for client in (slow, pattern):
            assert [body.strip("x") for body in await client.bodies(100)] == [str(number) for number in range(100)]
        await sender.done("SEND", "live", destination="/topic/a")
        for client in (slow, pattern):
            assert await client.bodies(1) == ["live"]


async def test_a_full_store_refuses_and_takes_again_what_fits() -> None:
    async with cluster(2) as running:
        store = await open_store(running.store.url)
        consumer = await running.client(1)
        senders = [await running.client(0) for _ in range(2)]
        await store.config_set("maxmemory", "4mb")
        refused = False
        for _ in range(100):
            await senders[0].send("SEND", "x" * 100_000, destination="/queue/a", receipt="r")
            answer = await receive_any(senders[0])
            if refused := answer[0] == "ERROR":
                assert "full" in answer[1]
                break
        assert refused
        await consumer.send("SUBSCRIBE", id="1", destination="/queue/a")
        assert (await consumer.take()).body == b"x" * 100_000
        await store.config_set("maxmemory", "256mb")
        await store.aclose()
        await senders[1].done("SEND", "fits", destination="/queue/b")


async def receive_any(client: Client) -> tuple[str, str]:
    from tests.labs.net.test_serve_stomp import receive

    frame = await receive(client.socket)
    return frame.command, frame.get("message") or ""


async def test_a_sender_faster_than_the_store_is_read_at_its_pace() -> None:
    async with cluster(2) as running:
        sender, one = await running.client(0), await running.client(1)
        await one.subscribe("/topic/a")
        paused = []
        link = next(iter(running.nodes[0].channels))._channel
        async with frozen(running.store):
            for number in range(3000):
                await sender.send("SEND", f"{number} " + "x" * 300, destination="/topic/a")
            await asyncio.sleep(0.1)
            session = next(iter(running.nodes[0].stomp.broker._sessions.values()))
            paused.append(session.paused)
            assert session.parser.buffered < 1_000_000
        assert link is not None
        assert paused == [True]
        got = [body.split()[0] for body in await one.bodies(3000)]
        assert got == [str(number) for number in range(3000)]
