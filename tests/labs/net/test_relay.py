"""Several nodes are one broker: what is sent on one is received on all, once and in order, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from labs.net.store import open_store
from labs.wire.stomp import Frame
from tests.labs.net.clustering import QUICK, Client, cluster, vanish
from tests.labs.net.serving import ask, raw
from tests.labs.net.test_serve_echo import upgrade
from tests.labs.net.test_serve_stomp import closed, dial, receive
from tests.labs.net.test_store import programs

SERVERS = pytest.mark.parametrize("program", programs(), ids=lambda path: path.name)


@SERVERS
async def test_a_topic_reaches_all_nodes_once_and_in_one_order(program: Path) -> None:
    async with cluster(3, program=program) as running:
        clients = [await running.client(node) for node in (0, 1, 2, 2)]
        for client in clients:
            await client.subscribe("/topic/a")
        for number in range(40):
            for index, client in enumerate(clients[:3]):
                await client.send("SEND", f"{index}-{number}", destination="/topic/a", foo=f"x:{number}")
        seen = [[await client.take() for _ in range(120)] for client in clients]
        assert [message.get("sequence") for message in seen[0]] == [str(number) for number in range(1, 121)]
        told = [[(each.get("message-id"), each.get("foo"), each.body) for each in messages] for messages in seen]
        assert told[0] == told[1] == told[2] == told[3]
        assert len({message_id for message_id, _, _ in told[0]}) == 120
        for index in range(3):
            mine = [body.decode() for _, _, body in told[0] if body.decode().startswith(f"{index}-")]
            assert mine == [f"{index}-{number}" for number in range(40)], "each sender's own order"


async def test_binary_bodies_and_headers_arrive_as_they_were_sent() -> None:
    async with cluster() as running:
        here, there = await running.client(0), await running.client(1)
        await there.subscribe("/topic/ü:\\")
        body = "a\0b\n\x01€"
        await here.send("SEND", body, destination="/topic/ü:\\", foo="a\nb:c\\d\r€")
        message = await there.take()
        assert (message.body.decode(), message.get("foo")) == (body, "a\nb:c\\d\r€")
        assert message.get("destination") == "/topic/ü:\\"


async def test_who_subscribes_late_gets_nothing_of_before_on_any_node() -> None:
    async with cluster() as running:
        here, there, late = await running.client(0), await running.client(1), await running.client(1)
        await there.subscribe("/topic/a")
        await here.done("SEND", "early", destination="/topic/a")
        await late.subscribe("/topic/a")
        await here.done("SEND", "later", destination="/topic/a")
        assert await there.bodies(2) == ["early", "later"]
        assert await late.bodies(1) == ["later"]
        await late.done("UNSUBSCRIBE", id="1")
        await here.done("SEND", "last", destination="/topic/a")
        assert await there.bodies(1) == ["last"]
        await late.nothing()


async def test_a_client_that_moves_to_another_node_goes_on_where_it_was() -> None:
    async with cluster(2, replay_messages=5) as running:
        sender, first = await running.client(0), await running.client(0)
        await first.subscribe("/topic/a")
        for number in range(1, 4):
            await sender.done("SEND", str(number), destination="/topic/a")
        assert await first.bodies(3) == ["1", "2", "3"]
        first.cut()
        await sender.done("SEND", "4", destination="/topic/a")
        moved = await running.client(1)
        await moved.send("SUBSCRIBE", id="1", destination="/topic/a", last_seen="3")
        for number in range(5, 8):
            await sender.done("SEND", str(number), destination="/topic/a")
        messages = [await moved.take() for _ in range(4)]
        assert [(each.get("sequence"), each.body) for each in messages] == [
            ("4", b"4"), ("5", b"5"), ("6", b"6"), ("7", b"7"),
        ]  # fmt: skip
        old = await running.client(1)
        await old.send("SUBSCRIBE", id="1", destination="/topic/a", last_seen="0")
        assert (await old.take()).get("replay-gap") == "1-2"
        assert await old.bodies(5) == ["3", "4", "5", "6", "7"]
        other = await running.client(1)
        await other.send("SUBSCRIBE", id="1", destination="/topic/a", last_seen="99")
        assert (await other.take()).get("replay-gap") == "100-7", "a cursor of another history"
        assert await other.bodies(5) == ["3", "4", "5", "6", "7"]


async def test_replay_meets_live_messages_without_gap_or_repeat() -> None:
    async with cluster() as running:
        sender = await running.client(0)
        busy = await running.client(1)
        await busy.subscribe("/topic/a")

        async def send() -> None:
            for number in range(1, 401):
                await sender.send("SEND", str(number), destination="/topic/a")
                if number % 10 == 0:
                    await asyncio.sleep(0)

        sending = asyncio.ensure_future(send())
        comers = []
        for _ in range(5):
            comer = await running.client(1)
            await comer.send("SUBSCRIBE", id="1", destination="/topic/a", last_seen="0")
            comers.append(comer)
        await sending
        for client in [busy, *comers]:
            assert await client.bodies(400) == [str(number) for number in range(1, 401)]


async def test_springs_broker_reaches_all_and_confirms_disconnect_only() -> None:
    async with cluster(2, semantics="spring") as running:
        one, two = await running.client(0), await running.client(1)
        for own, client in (("/queue/one", one), ("/queue/two", two)):
            for destination in ("/queue/a", own):
                await client.send("SUBSCRIBE", id=destination, destination=destination, receipt="never")
            await client.send("SEND", "subscribed", destination=own)
            assert (await client.take()).body == b"subscribed"
        await one.send("SEND", "both", destination="/queue/a")
        assert [(await client.take()).body for client in (one, two)] == [b"both", b"both"]
        await one.done("DISCONNECT")


async def test_wildcards_hear_every_node() -> None:
    async with cluster() as running:
        here, there = await running.client(0), await running.client(1)
        await there.subscribe("/topic/**", id="all")
        await there.subscribe("/queue/w.*", id="any", ack="client-individual")
        for destination in ("/topic/a", "/topic/b/c", "/queue/w.1", "/queue/other", "/queue/w.2"):
            await here.done("SEND", destination, destination=destination)
        got = [await there.take() for _ in range(4)]
        assert {each.body.decode() for each in got} == {"/topic/a", "/topic/b/c", "/queue/w.1", "/queue/w.2"}
        late = await running.client(0)
        await late.send("SUBSCRIBE", id="1", destination="/queue/**")
        assert await late.bodies(1) == ["/queue/other"]


@SERVERS
async def test_queue_messages_go_to_one_consumer_each_in_turn(program: Path) -> None:
    async with cluster(3, program=program) as running:
        consumers = [await running.client(node) for node in range(3)]
        for consumer in consumers:
            await consumer.subscribe("/queue/a", ack="client-individual")
        sender = await running.client(0)
        for number in range(30):
            await sender.send("SEND", str(number), destination="/queue/a")
        shares = [[int(body) for body in await consumer.bodies(10)] for consumer in consumers]
        assert sorted(number for share in shares for number in share) == list(range(30))
        assert all(share == sorted(share) for share in shares)


async def test_a_queue_keeps_what_nobody_takes_bounded_and_for_a_time() -> None:
    async with cluster(2, relay_limits=QUICK, queue_messages=3, queue_seconds=1.0) as running:
        sender, other = await running.client(0), await running.client(1)
        for number in range(3):
            await sender.done("SEND", str(number), destination="/queue/a")
        await sender.send("SEND", "too much", destination="/queue/a", receipt="r")
        await sender.failed("/queue/a", "full", code=1013, receipt="r")
        await other.send("SUBSCRIBE", id="1", destination="/queue/a")
        assert await other.bodies(3) == ["0", "1", "2"]
        sender = await running.client(0)
        await sender.done("SEND", "stays", destination="/queue/b")
        await other.subscribe("/queue/dead-letter", id="2")
        dead = await other.take()
        assert (dead.body, dead.get("reason"), dead.get("original-destination")) == (b"stays", "expired", "/queue/b")


async def test_refused_messages_go_elsewhere_and_after_enough_tries_aside() -> None:
    async with cluster(2, tries=3) as running:
        one, two, undertaker = await running.client(0), await running.client(1), await running.client(1)
        await one.subscribe("/queue/a", ack="client-individual")
        await undertaker.done("SEND", "x", destination="/queue/a", foo="1")
        first = await one.take()
        assert first.get("redelivered") is None
        await two.subscribe("/queue/a", ack="client-individual")
        await undertaker.subscribe("/queue/dead-letter")
        await one.ack(first, "NACK")
        await one.ack(await one.take(), "NACK")
        again = await two.take()
        assert again.get("redelivered") == "true"
        await two.ack(again, "NACK")
        dead = await undertaker.take()
        assert (dead.get("reason"), dead.get("foo"), dead.body) == ("not acknowledged", "1", b"x")
        for client in (one, two):
            await client.nothing()


async def test_what_a_lost_client_had_comes_back_in_order_on_another_node() -> None:
    async with cluster() as running:
        one, sender = await running.client(0), await running.client(1)
        await one.subscribe("/queue/a", ack="client")
        for number in range(6):
            await sender.done("SEND", str(number), destination="/queue/a")
        got = [await one.take() for _ in range(6)]
        await one.ack(got[1], receipt="acked")
        await one.take("RECEIPT")
        one.cut()
        two = await running.client(1)
        await two.send("SUBSCRIBE", id="1", destination="/queue/a", ack="client")
        again = [await two.take() for _ in range(4)]
        assert [(each.body.decode(), each.get("redelivered")) for each in again] == [
            (str(number), "true") for number in range(2, 6)
        ]


async def test_what_a_lost_node_had_comes_back_in_order_on_another() -> None:
    async with cluster(2, relay_limits=QUICK) as running:
        one, auto, two = await running.client(0), await running.client(0), await running.client(1, "bob")
        await one.subscribe("/queue/a", ack="client-individual")
        await auto.subscribe("/queue/b")
        for number in range(8):
            await two.done("SEND", str(number), destination="/queue/a")
        await two.done("SEND", "seen", destination="/queue/b")
        got = [await one.take() for _ in range(8)]
        assert await auto.bodies(1) == ["seen"]
        await one.ack(got[3], receipt="acked")
        await one.take("RECEIPT")
        await vanish(running.nodes[0])
        await two.send("SUBSCRIBE", id="1", destination="/queue/a", ack="client-individual")
        again = [await two.take() for _ in range(7)]
        assert [each.body.decode() for each in again] == ["0", "1", "2", "4", "5", "6", "7"]
        assert {each.get("redelivered") for each in again} == {"true"}
        for message in again:
            await two.ack(message)
        await two.subscribe("/queue/b", id="2")
        await two.nothing()


async def test_users_are_found_wherever_their_sessions_are() -> None:
    async with cluster(2, relay_limits=QUICK) as running:
        homes = [await running.client(node, "alice") for node in (0, 1, 1)]
        bob = await running.client(0, "bob")
        for client in [*homes, bob]:
            await client.subscribe("/user/queue/*")
        await bob.done("SEND", "to all", destination="/user/alice/queue/x")
        for client in homes:
            message = await client.take()
            assert (message.body, message.get("destination")) == (b"to all", "/user/queue/x")
        session = homes[2].connected.get("session")
        await bob.done("SEND", "to one", destination=f"/user/{session}/queue/x")
        assert await homes[2].bodies(1) == ["to one"]
        await homes[1].send("SEND", "hi", destination="/app/me")
        for client in homes:
            assert await client.bodies(1) == ["me:alice:hi"]
        await bob.done("SEND", "nobody", destination="/user/nobody/queue/x")
        thief = await running.client(0, "eve")
        await thief.send("SEND", "x", destination=f"/queue/x-user{session}", receipt="r")
        await thief.failed("another session's", code=1008, receipt="r")
        for name in ("queue", "topic"):
            thief = await running.client(0, "eve")
            await thief.send("SUBSCRIBE", id="1", destination=f"/{name}/x-user{session}", receipt="r")
            await thief.failed("another session's", code=1008, receipt="r")
        lurker = await running.client(0, "eve")
        for number, pattern in enumerate(("/queue/*", "/queue/**", "/topic/**", f"/queue/*-user{session}")):
            await lurker.done("SUBSCRIBE", id=f"p{number}", destination=pattern)
        await bob.done("SEND", "again to one", destination=f"/user/{session}/queue/x")
        assert await homes[2].bodies(1) == ["again to one"]
        await lurker.nothing()
        for client in [*homes, bob]:
            await client.nothing()
        await vanish(running.nodes[0])
        await homes[1].send("SEND", "still here", destination="/user/alice/queue/x")
        assert await homes[2].bodies(1) == ["still here"]


@pytest.mark.parametrize("limit", ["sessions_per_user", "sessions_per_address"])
async def test_sessions_are_counted_on_all_nodes_together(limit: str) -> None:
    async def attempt(node: int) -> Client | None:
        socket = await dial(running.nodes[node], login="alice")
        answer = await receive(socket)
        if answer.command == "CONNECTED":
            running._clients.append(Client(socket, answer))
            return running._clients[-1]
        assert "at most 3 sessions" in (answer.get("message") or "")
        assert (await closed(socket))[0] == 1008
        return None

    async with cluster(2, relay_limits=QUICK, **{limit: 3}) as running:
        tries = await asyncio.gather(*(attempt(number % 2) for number in range(6)))
        inside = [client for client in tries if client is not None]
        assert len(inside) == 3
        await inside[0].send("DISCONNECT", receipt="bye")
        await inside[0].take("RECEIPT")
        again = await attempt(1)
        assert again is not None, "who left makes room, on whichever node"
        await vanish(running.nodes[1])
        for _ in range(100):  # leases
            if await attempt(0) is not None:
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("who was on a node that is dead makes no room")


async def test_transactions_are_whole_on_every_node_or_not_at_all() -> None:
    async with cluster(2, queue_messages=3) as running:
        one, two = await running.client(0), await running.client(1)
        await two.subscribe("/topic/a")
        await one.subscribe("/queue/in", ack="client-individual")
        await two.done("SEND", "task", destination="/queue/in")
        task = await one.take()
        await one.send("BEGIN", transaction="t")
        await one.send("SEND", "held", destination="/topic/a", transaction="t", receipt="s")
        await one.send("SEND", "out", destination="/queue/out", transaction="t")
        await one.ack(task, transaction="t", receipt="a")
        await two.nothing()
        await one.send("COMMIT", transaction="t", receipt="c")
        assert [(await one.take("RECEIPT")).get("receipt-id") for _ in range(3)] == ["s", "a", "c"]
        assert await two.bodies(1) == ["held"]
        await two.done("SEND", "task 2", destination="/queue/in")
        task = await one.take()
        await one.send("BEGIN", transaction="t")
        for destination in ("/topic/a", *["/queue/full"] * 4):
            await one.send("SEND", "never", destination=destination, transaction="t")
        await one.ack(task, transaction="t")
        await one.send("COMMIT", transaction="t", receipt="c")
        await one.failed("COMMIT", "/queue/full", code=1013, receipt="c")
        await two.nothing()
        await two.send("SUBSCRIBE", id="2", destination="/queue/*", ack="client-individual")
        got = {(each.body, each.get("redelivered")) for each in [await two.take(), await two.take()]}
        assert got == {(b"out", None), (b"task 2", "true")}


async def test_a_lost_transaction_gives_back_what_it_held() -> None:
    async with cluster() as running:
        one, two = await running.client(0), await running.client(1)
        await one.subscribe("/queue/in", ack="client-individual")
        await two.subscribe("/topic/a")
        await two.done("SEND", "task", destination="/queue/in")
        await one.send("BEGIN", transaction="t")
        await one.send("SEND", "never", destination="/topic/a", transaction="t")
        await one.ack(await one.take(), transaction="t")
        await one.done("UNSUBSCRIBE", id="1")
        await two.subscribe("/queue/in", id="2", ack="client-individual")
        await two.nothing()
        one.cut()
        again = await two.take()
        assert (again.body, again.get("redelivered")) == (b"task", "true")


async def test_a_repeated_send_has_one_effect_on_whichever_node() -> None:
    async with cluster() as running:
        one, two = await running.client(0, "alice"), await running.client(1, "alice")
        bob = await running.client(1, "bob")
        await one.subscribe("/topic/a")
        for client in (one, two, bob):
            await client.send("SEND", "x", destination="/topic/a", idempotency_key="k", receipt="r")
        assert (await two.take("RECEIPT")).get("receipt-id") == "r"
        got = sorted([(await receive_any(one)).command for _ in range(3)])
        assert got == ["MESSAGE", "MESSAGE", "RECEIPT"]
        await one.nothing()


async def receive_any(client: Client) -> Frame:
    from tests.labs.net.test_serve_stomp import receive

    return await receive(client.socket)


async def test_a_ticket_is_good_once_on_any_node() -> None:
    async with cluster(2, auth="token") as running:
        one, two = running.nodes
        token = json.loads((await ask(one, "POST", "/token", b'{"user": "alice"}')).body)["token"]
        tickets = [
            json.loads((await ask(node, "POST", "/ticket", Authorization=f"Bearer {token}")).body)["ticket"]
            for node in (one, two)
        ]
        for ticket in tickets:
            statuses = []
            for node in (two, one, two):
                async with raw(node) as connection:
                    connection.send(upgrade(f"/ws?ticket={ticket}"))
                    statuses.append((await connection.head()).status)
            assert statuses == [101, 401, 401]
        async with raw(one) as connection:
            connection.send(upgrade("/ws?ticket=guess"))
            assert (await connection.answer()).status == 401
        ticket = json.loads((await ask(one, "POST", "/ticket", Authorization=f"Bearer {token}")).body)["ticket"]
        for path in ("/sockjs/info", "/sockjs/0/a/xhr_send", "/ws", "/"):
            await ask(one, "GET", f"{path}?ticket={ticket}")  # opens no session, so the ticket is as good as before
        welcome = await running.client(1, ticket=ticket)
        assert welcome.connected.get("user-name") == "alice"
        refused = await running.client(0, ticket=ticket)
        assert refused.connected.command == "ERROR"


async def test_the_store_is_left_as_it_was_found() -> None:
    async with cluster(2) as running:
        client, other = await running.client(0, "alice"), await running.client(1)
        await client.subscribe("/topic/**", id="t")
        await client.subscribe("/user/queue/x", id="u")
        await client.subscribe("/queue/a", id="q")
        await other.done("SEND", "x", destination="/queue/a")
        await client.take()
        client.cut()
        other.cut()
        for node in running.nodes:
            await node.drain()
        store = await open_store(running.store.url)
        names = {name.decode().split(":")[1] for name in await store.keys("*")}
        await store.aclose()
    assert names <= {"seq", "meta", "queues", "op", "refused"}, names
