"""What happens by itself: heart-beats, silence, sweeps, draining."""

from __future__ import annotations

import math

import pytest

from labs.broker import as_spring
from tests.labs.broker.world import CONFIG, World, config


@pytest.mark.parametrize(
    ("ours", "theirs", "beats"),
    [
        ("1000,1000", "0,1000", 10),
        ("1000,1000", "0,5000", 2),
        ("5000,0", "0,1000", 2),
        ("1000,1000", "1000,0", 0),
        ("0,1000", "0,1000", 0),
    ],
)
def test_the_server_beats_at_the_larger_of_the_two_or_not_at_all(ours: str, theirs: str, beats: int):
    can, want = map(int, ours.split(","))
    world = World(config(heart_beat=(can, want)))
    client = world.open()
    assert client.connect(heart_beat=theirs).get("heart-beat") == ours
    for _ in range(100):
        client.write("\n")
        world.wait(0.1)
    assert beats <= client.beats <= beats + 1 + beats // 5


def test_a_client_that_asked_for_none_is_sent_nothing():
    world = World()
    client = world.client()
    world.wait(1000)
    assert world.broker.next_deadline() == math.inf
    assert (client.beats, client.inbox, client.closed) == (0, [], None)


@pytest.mark.parametrize(("theirs", "seconds"), [(1000, 1.0), (5000, 5.0), (10, 1.0)])
def test_a_silent_client_is_closed_with_some_tolerance_and_its_messages_come_back(theirs: int, seconds: float):
    world = World()
    client, other = world.client(heart_beat=f"{theirs},0"), world.client()
    client.subscribe("/queue/a", ack="client")
    other.publish("/queue/a", "x")
    client.take("MESSAGE")
    other.subscribe("/queue/a")
    world.wait(seconds * 1.5)
    assert client.closed is None
    world.wait(seconds * 1.5)
    client.failed("nothing received", "heart-beat")
    assert other.bodies() == ["x"]


def test_any_data_counts_as_alive():
    world = World()
    client = world.client(heart_beat="1000,0")
    for piece in "SEND\ndestination:/topic/a\n\nslowly\0":
        world.wait(2.0)
        client.write(piece)
    assert client.closed is None


def test_a_message_that_grows_counts_as_alive():
    world = World()
    client = world.client(heart_beat="1000,0")
    for _ in range(10):
        world.wait(0.9)
        world.carry_out(world.broker.growing(client.name, 20_000, world.now))
    assert client.closed is None
    world.wait(60)
    client.failed("nothing received")


def test_no_connect_in_time():
    world = World()
    client = world.open()
    world.wait(9.9)
    client.write("\n")
    world.wait(0.2)
    client.failed("no CONNECT within 10 s", code=1008)


def test_nothing_to_do_is_no_deadline():
    world = World()
    assert world.broker.next_deadline() == math.inf
    client = world.client(heart_beat="1000,1000")
    assert world.broker.next_deadline() < world.now + 1
    client.lose()
    assert world.broker.next_deadline() == math.inf


def test_timers_of_the_gone_do_not_pile_up():
    world = World()
    for _ in range(1000):
        client = world.client(heart_beat="1000,1000")
        client.lose()
    assert len(world.broker._timers._heap) < 250


def test_drain_closes_the_idle_at_once_and_waits_for_acknowledgements():
    world = World()
    idle, busy, opening = world.client(), world.client(), world.open()
    busy.subscribe("/queue/a", ack="client")
    idle.publish("/queue/a", "1")
    world.carry_out(world.broker.drain(world.now, 5.0, 1012, "come back after 2 s"))
    assert idle.closed == opening.closed == (1012, "come back after 2 s")
    assert busy.closed is None
    assert not world.broker.drained
    late = world.open()
    assert late.closed == (1012, "come back after 2 s")
    busy.publish("/queue/a", "2")
    busy.send("ACK", id=busy.take("MESSAGE").get("ack"), receipt="r")
    busy.take("RECEIPT")
    assert busy.inbox == [], "a queue delivers nothing more"
    assert busy.closed == (1012, "come back after 2 s")
    assert world.broker.drained
    assert world.broker.counters.queued == 1


def test_drain_carries_out_what_waits_for_its_turn_and_closes_then():
    world = World(config(message=10**6))
    client = world.client()
    for number in range(200):
        client.subscribe("/topic/a", number)
    client.write("SEND\ndestination:/topic/a\n\n\0" * 400)
    world.carry_out(world.broker.drain(world.now, 5.0))
    assert client.closed is None
    world.wait(0)
    assert len(client.inbox) == 200 * 400
    assert client.closed == (1012, "")


def test_drain_ends_after_its_time():
    world = World()
    busy = world.client()
    busy.subscribe("/queue/a", ack="client")
    busy.publish("/queue/a", "1")
    world.carry_out(world.broker.drain(world.now, 5.0))
    world.wait(4.9)
    assert busy.closed is None
    world.wait(0.2)
    assert busy.closed == (1012, "")
    assert world.broker.drained
    assert world.broker.next_deadline() > world.now, "it does not ask again and again"


def test_springs_broker_is_an_acquaintance():
    world = World(as_spring(CONFIG))
    client, other = world.client(login="ann"), world.client(login="ann")
    client.subscribe("/queue/a", "1", "client", receipt="none")
    other.subscribe("/queue/a")
    client.send("SUBSCRIBE", destination="/topic/nameless")
    client.publish("/queue/a", "both")
    client.publish("/nowhere", "dropped", receipt="none")
    client.publish("/app/none", "dropped")
    client.send("ACK", id="whatever")
    client.send("BEGIN", transaction="t")
    assert (client.bodies(), other.bodies()) == (["both"], ["both"]), "/queue is only a prefix"
    client.publish("/queue/a", "at once", transaction="t", receipt="none")
    assert (client.bodies(), other.bodies()) == (["at once"], ["at once"]), "it knows no transactions"
    client.subscribe("/user/queue/q", "q")
    other.subscribe("/user/queue/q", "q")
    client.publish("/user/ann/queue/q", "to myself")
    assert (client.bodies(), other.bodies()) == (["to myself"], [])
    client.send("DISCONNECT", receipt="bye")
    assert client.take("RECEIPT").get("receipt-id") == "bye"
    late = world.client()
    late.subscribe("/queue/a")
    assert late.inbox == [], "nothing is kept"
    late.send("CONNECT", accept_version="1.2")
    late.failed("second CONNECT")


def test_springs_heart_beat():
    world = World(as_spring(CONFIG))
    client = world.open()
    assert client.connect(heart_beat="1000,1000").get("heart-beat") == "10000,10000"
    world.wait(29.5)
    assert client.closed is None
    world.wait(1)
    client.failed("heart-beat")
