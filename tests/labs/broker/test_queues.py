"""Queues: one consumer a message, kept while nobody listens, given again when it was not acknowledged."""

from __future__ import annotations

import pytest

from labs.wire.stomp import Frame, Version
from tests.labs.broker.world import Client, World, config


def acknowledge(client: Client, message: Frame, command: str = "ACK", **more: object) -> None:
    """As a client of its version does."""
    if client.version == "1.2":
        client.send(command, id=message.get("ack"), **more)
    else:
        subscription = {} if message.get("subscription") is None else {"subscription": message.get("subscription")}
        client.send(command, message_id=message.get("message-id"), **subscription, **more)


def fill(client: Client, count: int, destination: str = "/queue/a") -> None:
    for number in range(count):
        client.publish(destination, str(number))


def test_each_message_goes_to_one_consumer_in_turn():
    world = World()
    producer, *consumers = (world.client() for _ in range(4))
    for consumer in consumers:
        consumer.subscribe("/queue/a")
    fill(producer, 9)
    assert [consumer.bodies() for consumer in consumers] == [["0", "3", "6"], ["1", "4", "7"], ["2", "5", "8"]]


def test_it_is_kept_while_nobody_listens_first_come_first_served():
    world = World()
    producer, consumer = world.client(), world.client()
    fill(producer, 5)
    producer.lose()
    assert world.broker.counters.queued == 5
    consumer.subscribe("/queue/a")
    assert consumer.bodies() == list("01234")
    assert world.broker.counters.queued == 0


def test_only_so_much_is_unacknowledged_and_others_are_served():
    world = World(config(unacknowledged=2))
    busy, free = world.client(), world.client()
    busy.subscribe("/queue/a", ack="client")
    fill(busy, 5)
    assert len(busy.inbox) == 2
    free.subscribe("/queue/a")
    assert free.bodies() == ["2", "3", "4"]
    acknowledge(busy, busy.inbox[1])
    fill(busy, 2)
    assert sorted(busy.bodies()[2:] + free.bodies()) == ["0", "1"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_what_a_lost_connection_had_is_redelivered_in_order_and_marked(version: Version):
    world = World()
    first, second = world.client(version), world.client(version)
    first.subscribe("/queue/a", ack="client-individual")
    fill(second, 4)
    acknowledge(first, first.inbox[1])
    second.subscribe("/queue/a", ack="client-individual")
    first.lose()
    assert [frame.get("redelivered") for frame in second.inbox] == ["true"] * 3
    assert second.bodies() == ["0", "2", "3"]


def test_what_an_ended_subscription_had_goes_back():
    world = World()
    client, other = world.client(), world.client()
    client.subscribe("/queue/a", "1", "client")
    fill(client, 3)
    other.subscribe("/queue/a", "1", "client")
    client.inbox.clear()
    client.send("UNSUBSCRIBE", id="1", receipt="r")
    client.take("RECEIPT")
    assert other.bodies() == ["0", "1", "2"]


def test_requeued_messages_are_in_order_whoever_had_them():
    world = World()
    one, two, three = (world.client() for _ in range(3))
    one.subscribe("/queue/a", ack="client")
    two.subscribe("/queue/a", ack="client")
    fill(three, 6)
    one.lose()
    two.bodies()
    two.lose()
    three.subscribe("/queue/a")
    assert three.bodies() == list("012345")


def test_a_session_gives_back_what_all_its_subscriptions_had_in_order():
    world = World()
    one, two = world.client(), world.client()
    one.subscribe("/queue/a", "1", "client")
    one.subscribe("/queue/a", "2", "client")
    fill(two, 4)
    two.subscribe("/queue/a")
    one.lose()
    assert two.bodies() == list("0123")


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_cumulative_acknowledgement_is_of_one_subscription(version: Version):
    world = World()
    client = world.client(version)
    client.subscribe("/queue/a", "1", "client")
    client.subscribe("/queue/b", "2", "client")
    for body in "01":
        client.publish("/queue/a", f"a{body}")
        client.publish("/queue/b", f"b{body}")
    acknowledge(client, next(frame for frame in client.inbox if frame.body == b"a1"))
    assert world.broker.counters.unacknowledged == 2
    client.lose()
    other = world.client()
    other.subscribe("/queue/*")
    assert sorted(other.bodies()) == ["b0", "b1"]


def test_individual_acknowledgement_takes_one():
    world = World()
    client = world.client()
    client.subscribe("/queue/a", ack="client-individual")
    fill(client, 3)
    acknowledge(client, client.inbox[2])
    assert world.broker.counters.unacknowledged == 2


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_nack_gives_again_and_cumulatively(version: Version):
    world = World()
    client = world.client(version)
    client.subscribe("/queue/a", ack="client")
    fill(client, 3)
    second = client.inbox[1]
    client.inbox.clear()
    acknowledge(client, second, "NACK")
    assert [frame.get("redelivered") for frame in client.inbox] == ["true", "true"]
    assert client.bodies() == ["0", "1"]


def test_no_message_is_acknowledged_twice():
    client = World().client()
    client.subscribe("/queue/a", ack="client")
    fill(client, 1)
    message = client.take("MESSAGE")
    acknowledge(client, message)
    acknowledge(client, message, receipt="r")
    client.failed("ACK", "awaits acknowledgement", receipt="r")


def test_what_was_sent_automatically_needs_and_takes_no_acknowledgement():
    world = World()
    for version in ("1.0", "1.1"):
        client = world.client(version)
        client.subscribe("/queue/a")
        fill(client, 1)
        acknowledge(client, client.take("MESSAGE"))
        client.failed("ACK")


def test_an_ack_id_belongs_to_its_session():
    world = World()
    mine, theirs = world.client(), world.client()
    mine.subscribe("/queue/a", ack="client")
    theirs.subscribe("/queue/b", ack="client")
    fill(mine, 1, "/queue/a")
    fill(mine, 1, "/queue/b")
    acknowledge(theirs, mine.take("MESSAGE"))
    assert theirs.take("MESSAGE").body == b"0"
    theirs.failed("ACK")
    assert world.broker.counters.unacknowledged == 1


def test_after_enough_tries_it_is_dead_lettered_with_where_it_came_from():
    world = World(config(tries=3))
    client = world.client()
    client.subscribe("/queue/a", "1", "client-individual")
    client.send("SEND", b"x", {"destination": "/queue/a", "foo": "bar", "original-destination": "forged"})
    for tries in range(3):
        message = client.take("MESSAGE")
        assert message.get("redelivered") == ("true" if tries else None)
        acknowledge(client, message, "NACK")
    assert client.inbox == []
    client.subscribe("/queue/dead-letter", "2")
    dead = client.take("MESSAGE")
    assert dead.body == b"x"
    assert (dead.get("original-destination"), dead.get("foo"), dead.get("reason")) == (
        "/queue/a",
        "bar",
        "not acknowledged",
    )
    assert world.broker.counters.dead_lettered == 1


def test_what_waited_too_long_is_dead_lettered_too():
    world = World(config(queue_seconds=10.0))
    client = world.client()
    fill(client, 2)
    world.wait(5)
    fill(client, 1)
    world.wait(6)
    assert world.broker.counters.expired == 2
    client.subscribe("/queue/a", "1")
    assert client.bodies() == ["0"]
    client.subscribe("/queue/dead-letter", "2")
    assert client.bodies() == ["0", "1"]


def test_dead_letters_end_too():
    world = World(config(queue_seconds=10.0))
    fill(world.client(), 3)
    world.wait(60)
    assert world.broker.counters.queued == 0
    assert world.broker.next_deadline() == float("inf")


def test_a_full_queue_refuses_the_sender_and_keeps_what_it_has():
    world = World(config(queue_messages=2))
    producer, consumer = world.client(), world.client()
    fill(producer, 2)
    producer.publish("/queue/a", "2", receipt="r")
    producer.failed("SEND", "'/queue/a' is full", code=1013, receipt="r")
    consumer.subscribe("/queue/a")
    assert consumer.bodies() == ["0", "1"]


def test_all_queues_together_are_bounded():
    world = World(config(stored_bytes=2000))
    client = world.client()
    for number in range(20):
        if client.closed is None:
            client.publish(f"/queue/{number}", "x" * 100)
    client.failed("full", code=1013)
    assert world.broker.counters.queued < 10


def test_what_is_delivered_and_not_acknowledged_takes_room_too():
    world = World(config(stored_bytes=2000))
    consumer, writer = world.client(), world.client()
    consumer.subscribe("/queue/a", ack="client")
    for _ in range(6):
        writer.publish("/queue/a", "x" * 100)
    consumer.send("ACK", id=consumer.inbox[-1].get("ack"))
    for _ in range(20):
        if writer.closed is None:
            writer.publish("/queue/a", "x" * 100)
    writer.failed("full", code=1013)
    assert 12 <= len(consumer.inbox) <= 14, "6, then as many again as fit"
    consumer.lose()
    assert world.broker.counters.unacknowledged == 0


def test_so_are_destinations_of_which_the_unused_give_way():
    world = World(config(destinations=3))
    client = world.client()
    for number in range(10):
        client.publish(f"/topic/{number}", "x")
    for number in range(3):
        client.publish(f"/queue/{number}", "x")
    client.publish("/queue/3", "x")
    client.failed("3 destinations are in use", code=1013)


def test_a_sequence_number_is_never_given_out_twice():
    world = World(config(destinations=2))
    client = world.client()
    client.subscribe("/topic/*")
    for _ in range(3):
        for name in "abc":
            client.publish(f"/topic/{name}", name)
    seen: dict[str, int] = {}
    for frame in client.inbox:
        name, number = frame.body.decode(), int(frame.get("sequence") or 0)
        assert number > seen.get(name, 0)
        seen[name] = number
    assert len(client.inbox) == 9


def test_a_pattern_of_queues_competes_at_each():
    world = World()
    client, other = world.client(), world.client()
    client.subscribe("/queue/orders/*", ack="client")
    for name in ("eu", "us", "eu/x"):
        other.publish(f"/queue/orders/{name}", name)
    assert client.bodies() == ["eu", "us"]
    client.lose()
    other.subscribe("/queue/orders/eu")
    assert other.bodies() == ["eu"]


def test_credit_comes_back_to_every_queue_of_a_pattern():
    world = World(config(unacknowledged=1))
    client = world.client()
    client.subscribe("/queue/*", ack="client-individual")
    for name in "abc":
        client.publish(f"/queue/{name}", name)
    seen = []
    while client.inbox:
        message = client.take("MESSAGE")
        seen.append(message.body)
        acknowledge(client, message)
    assert sorted(seen) == [b"a", b"b", b"c"]


def test_much_that_waits_is_given_out_over_several_ticks():
    world = World(config(outgoing=10**9))
    client, other = world.client(), world.client()
    for _ in range(20):
        client.publish("/queue/a", "x" * 1_000_000)
    other.subscribe("/queue/a")
    assert 0 < len(other.inbox) < 20, "one call does not write everything"
    world.wait(0)
    assert len(other.inbox) == 20
