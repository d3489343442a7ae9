"""What a stranger may cost: each limit ends the session with a clear ERROR and its close code, and in little memory."""

from __future__ import annotations

import tracemalloc
from itertools import chain, repeat

import pytest

from labs.broker import Peer
from tests.labs.broker.world import Client, World, config

SUBSCRIBE = "SUBSCRIBE\nid:{}\ndestination:/topic/a\n\n\0"


@pytest.mark.parametrize(
    ("limits", "data", "words", "code"),
    [
        ({"message": 100}, "\n" * 101, "a message of 101 bytes; at most 100", 1009),
        ({"header_bytes": 100}, "SEND\nh:" + "x" * 200, "more than 100 bytes of headers", 1009),
        ({"headers": 3}, "SEND\na:\nb:\nc:\nd:\n\n\0", "4 headers; at most 3", 1009),
        ({"line": 20}, "SEND\nh:" + "x" * 30 + "\n\n\0", "a line of more than 20", 1009),
        ({"body": 10}, "SEND\ndestination:/topic/a\n\n" + "x" * 11, "a body of more than 10", 1009),
        ({"body": 10}, "SEND\ndestination:/topic/a\ncontent-length:11\n\n", "a body of 11 bytes; at most 10", 1009),
        ({"destination": 20}, "SEND\ndestination:/topic/" + "é" * 10 + "\n\n\0", "27 bytes; at most 20", 1008),
        ({"wildcards": 2}, "SUBSCRIBE\nid:1\ndestination:/topic/*/*/*/*/*\n\n\0", "too many wildcards", 1008),
        ({"subscriptions": 2}, "".join(SUBSCRIBE.format(n) for n in range(3)), "at most 2 subscriptions", 1008),
        ({"frames_per_second": 1.0, "frames_burst": 2}, SUBSCRIBE.format(1) * 3, "in use", 1002),
        (
            {"frames_per_second": 1.0, "frames_burst": 2},
            "SEND\ndestination:/topic/a\n\n\0" * 3,
            "more than 1 frames a second",
            1008,
        ),
    ],
)
def test_each_limit_has_its_words_and_its_code(limits: dict[str, float], data: str, words: str, code: int):
    client = World(config(**limits)).client() if "message" not in limits else World(config(**limits)).open()
    client.write(data)
    client.failed(words, code=code)


def test_what_is_at_the_limit_passes():
    client = World(config(headers=3, line=20, body=10, subscriptions=2)).client()
    client.write("SEND\ndestination:/topic/\na:\nb:\n\n\0".replace("/topic/", "/topic/a"))
    client.write("SEND\ndestination:/topic/a\ncontent-length:10\n\n0123456789\0")
    client.subscribe("/topic/a", 1)
    assert (client.inbox, client.closed) == ([], None)


def test_a_session_that_pauses_may_go_on():
    world = World(config(frames_per_second=2.0, frames_burst=2))
    client = world.client()
    for _ in range(10):
        client.publish("/topic/a", "x")
        world.wait(0.5)
    assert client.closed is None


def test_bytes_before_connect():
    world = World(config(before_connect=1000))
    client = world.open()
    for _ in range(100):
        if client.closed is None:
            client.write("\n" * 11)
    client.failed("more than 1000 bytes and no CONNECT", code=1009)


def test_sessions_of_an_address_and_of_a_user():
    world = World(config(sessions_per_address=2, sessions_per_user=2))
    clients = [world.open(peer=Peer("10.0.0.9")) for _ in range(3)]
    assert [client.closed for client in clients[:2]] == [None, None]
    clients[2].failed("an address has at most 2 sessions", code=1008)
    world.open(peer=Peer("10.0.0.8"))
    clients[2].lose()
    clients[0].lose()
    assert world.open(peer=Peer("10.0.0.9")).closed is None
    ann = [world.open(peer=Peer(str(number))) for number in range(3)]
    for client in ann:
        client.send("CONNECT", accept_version="1.2", login="ann")
    ann[2].failed("a user has at most 2 sessions", code=1008)
    ann[0].lose()
    ann[2].lose()
    again = world.open(peer=Peer("a"))
    again.connect(login="ann")


ENDLESS = {
    "a header": (b"SEND\nh:", b"x" * 50_000),
    "headers": (b"SEND\n", b"h:x\n" * 10_000),
    "a body": (b"SEND\ndestination:/topic/a\n\n", b"x" * 50_000),
    "a command": (b"", b"X" * 50_000),
    "a claimed body": (b"SEND\ndestination:/topic/a\ncontent-length:4000000000\n\n", b"x" * 50_000),
}


@pytest.mark.parametrize("case", ENDLESS)
@pytest.mark.parametrize("connected", [True, False])
def test_what_never_ends_costs_a_bounded_amount_and_ends_with_an_error(case: str, connected: bool):
    world = World()
    client = world.client() if connected else world.open()
    tracemalloc.start()
    sent = 0
    start, more = ENDLESS[case]
    for chunk in chain([start], repeat(more)):
        client.write(chunk)
        sent += len(chunk)
        if client.closed is not None or sent > 64_000_000:
            break
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert client.closed is not None
    assert client.closed[0] == 1009
    assert client.take().command == "ERROR"
    limits = world.broker.config.limits
    assert sent <= (limits.body if connected else limits.before_connect) + 300_000
    assert peak < 3 * sent + 1_000_000


def test_heart_beats_without_end_cost_nothing():
    client = World().client()
    tracemalloc.start()
    for _ in range(20):
        client.write(b"\n" * 100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert client.closed is None
    assert peak < 500_000


def test_one_message_cannot_make_the_broker_write_without_end():
    world = World(config(message=10**6))
    client, other = world.client(), world.client()
    for number in range(200):
        client.subscribe("/topic/a", number)
    client.write("SEND\ndestination:/topic/a\n\n\0" * 400)
    written = len(client.inbox)
    assert written < 200 * 400, "the rest waits for the next tick"
    assert client.paused, "and what it sends meanwhile waits in the network"
    assert world.broker.next_deadline() <= world.now
    other.publish("/topic/b", "x", receipt="r")
    other.take("RECEIPT")
    world.wait(0)
    assert len(client.inbox) == 200 * 400
    assert not client.paused


def test_those_who_send_much_at_once_take_turns():
    world = World(config(message=10**6))
    reader, *writers = (world.client() for _ in range(3))
    for number in range(40):
        reader.subscribe("/topic/a", number)
    for name, writer in zip("ab", writers, strict=True):
        writer.write(f"SEND\ndestination:/topic/a\n\n{name * 10_000}\0" * 45)
    turns = ["".join(dict.fromkeys(body[0] for body in reader.bodies()))]
    while world.broker.next_deadline() <= world.now:
        world.carry_out(world.broker.tick(world.now))
        turns.append("".join(dict.fromkeys(body[0] for body in reader.bodies())))
    assert turns[:6] == ["ab", "a", "b", "a", "b", "a"], turns


def test_a_queue_goes_on_beside_one_who_sends_without_end():
    world = World(config(message=10**6))
    flooder, consumer = world.client(), world.client()
    for number in range(200):
        flooder.subscribe("/topic/a", number)
    for _ in range(90):
        flooder.publish("/queue/q", "x" * 100_000)
    flooder.write(f"SEND\ndestination:/topic/a\n\n{'x' * 1000}\0" * 100)
    consumer.subscribe("/queue/q")
    assert len(consumer.inbox) < 90, "the rest waits for the next ticks"
    for _ in range(2):
        world.carry_out(world.broker.tick(world.now))
    assert len(consumer.inbox) == 90
    assert flooder.paused


def test_who_sends_faster_than_it_can_be_carried_out_is_cut_off():
    world = World(config(message=100_000, body=100_000))
    client = world.client()
    for number in range(1000):
        client.subscribe("/topic/a", number)
    flood = b"SEND\ndestination:/topic/a\n\n" + b"x" * 70 + b"\0"
    for _ in range(10):
        if client.closed is None:
            world.broker._outbound.spent = 1 << 40  # a call that has done its share already
            client.write(flood * 900)
    assert client.closed is not None
    assert client.closed[0] == 1008


def slow(policy: str, **limits: object) -> tuple[World, Client, Client]:
    world = World(config(slow=policy, **limits))
    reader, writer = world.client(), world.client()
    reader.subscribe("/topic/a", "a")
    reader.subscribe("/topic/b", "b")
    world.carry_out(world.broker.congested(reader.name, world.now))
    return world, reader, writer


def catch_up(world: World, client: Client) -> None:
    world.carry_out(world.broker.writable(client.name, world.now))


def test_what_is_for_a_slow_consumer_waits_in_order():
    world, reader, writer = slow("disconnect")
    writer.publish("/topic/a", "1")
    reader.publish("/queue/x", "x", receipt="r")
    writer.publish("/topic/b", "2")
    assert reader.inbox == []
    catch_up(world, reader)
    assert [frame.command for frame in reader.inbox] == ["MESSAGE", "RECEIPT", "MESSAGE"]
    writer.publish("/topic/a", "3")
    assert reader.take("MESSAGE").body == b"1"
    assert reader.inbox[-1].body == b"3"
    assert world.broker.counters.slow == 0


def test_a_slow_consumer_is_disconnected_and_nobody_else_waits():
    world, reader, writer = slow("disconnect", outgoing=5000)
    other = world.client()
    other.subscribe("/topic/a")
    for number in range(100):
        writer.publish("/topic/a", f"{number:0100}")
    reader.failed("too slow", code=1008)
    assert len(other.inbox) == 100
    assert world.broker.counters.slow == 0


def test_or_loses_the_oldest():
    world, reader, writer = slow("drop-oldest", outgoing=5000)
    for number in range(100):
        writer.publish("/topic/a", f"{number:0100}")
    writer.publish("/topic/b", "last")
    catch_up(world, reader)
    bodies = reader.bodies()
    assert bodies[-1] == "last"
    numbers = [int(body) for body in bodies[:-1]]
    assert numbers == list(range(100 - len(numbers), 100))
    assert 5 < len(numbers) < 100
    assert world.broker.counters.dropped == 100 - len(numbers)


def test_or_gets_the_latest_of_each_destination():
    world, reader, writer = slow("coalesce", outgoing=5000)
    for number in range(1000):
        writer.publish("/topic/a", f"a{number}")
        writer.publish("/topic/b", f"b{number}")
    catch_up(world, reader)
    assert reader.bodies() == ["a999", "b999"]


@pytest.mark.parametrize("policy", ["coalesce", "drop-oldest"])
def test_what_must_not_be_dropped_is_not(policy: str):
    world, reader, _ = slow(policy, outgoing=1000)
    for number in range(100):
        if reader.closed is None:
            reader.publish("/queue/x", "x", receipt=number)
    reader.failed("too slow", code=1008)
    assert world.broker.counters.queued < 100


def test_a_queue_passes_a_slow_consumer_by_and_comes_back():
    world = World()
    reader, writer = world.client(), world.client()
    reader.subscribe("/queue/a")
    world.carry_out(world.broker.congested(reader.name, world.now))
    for number in range(3):
        writer.publish("/queue/a", str(number))
    assert world.broker.counters.queued == 3
    catch_up(world, reader)
    assert reader.bodies() == ["0", "1", "2"]


def test_a_slow_consumer_is_sent_no_heart_beat_and_its_error_at_once():
    world = World()
    client = world.client(heart_beat="1000,1000")
    world.carry_out(world.broker.congested(client.name, world.now))
    world.wait(2)
    assert client.beats == 0
    world.wait(2)
    client.failed("heart-beat")


def test_a_topics_subscriber_that_never_acknowledges_is_too_slow():
    world = World(config(unacknowledged=10))
    client, writer = world.client(), world.client()
    client.subscribe("/topic/a", ack="client")
    for number in range(11):
        writer.publish("/topic/a", str(number))
    assert len(client.inbox) == 12
    assert client.inbox[-1].command == "ERROR"
    assert client.closed is not None
    assert client.closed[0] == 1008


def test_or_whose_unacknowledged_messages_are_too_large():
    world = World(config(unacknowledged_bytes=5000))
    client, writer = world.client(), world.client()
    client.subscribe("/topic/a", ack="client")
    for _ in range(20):
        writer.publish("/topic/a", "x" * 1000)
        client.send("ACK", id=client.take("MESSAGE").get("ack"))
    for _ in range(5):
        writer.publish("/topic/a", "x" * 1000)
    assert client.closed is not None
    assert client.closed[0] == 1008


def test_congestion_of_who_is_gone_is_forgotten():
    world = World()
    client = world.client()
    world.carry_out(world.broker.congested(client.name, world.now))
    client.lose()
    world.carry_out(world.broker.congested(client.name, world.now))
    catch_up(world, client)
    assert world.broker.counters.slow == 0
