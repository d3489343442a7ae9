"""Users' own destinations and application handlers: who gets what, and that nobody else does."""

from __future__ import annotations

import pytest

from labs.broker import Identity, Peer
from tests.labs.broker.world import Client, World


def three() -> tuple[World, Client, Client, Client]:
    """Two sessions of ann and one of bob, each subscribed to its replies."""
    world = World()
    clients = [world.client(login=name) for name in ("ann", "ann", "bob")]
    for client in clients:
        client.subscribe("/user/queue/replies", "r")
    return world, clients[0], clients[1], clients[2]


def test_a_send_to_a_user_reaches_all_of_the_users_sessions():
    _, ann, ann2, bob = three()
    bob.publish("/user/ann/queue/replies", "hi", foo="1")
    for client in (ann, ann2):
        message = client.take("MESSAGE")
        assert (message.get("destination"), message.get("subscription"), message.get("foo")) == (
            "/user/queue/replies",
            "r",
            "1",
        )
    assert bob.inbox == []


def test_or_the_one_session_that_is_named():
    _, ann, ann2, bob = three()
    bob.publish(f"/user/{ann2.name}/queue/replies", "hi")
    assert (ann.bodies(), ann2.bodies()) == ([], ["hi"])


def test_who_is_not_here_gets_nothing_and_that_is_no_error():
    _, ann, _, _ = three()
    ann.publish("/user/nobody/queue/replies", "hi", receipt="r")
    ann.take("RECEIPT")


def test_a_slash_in_a_name_is_escaped():
    world = World()
    client = world.open(peer=Peer("x", Identity("a/b%2Fc")))
    client.connect()
    client.subscribe("/user/queue/q")
    client.publish("/user/a%2Fb%252Fc/queue/q", "hi")
    assert client.bodies() == ["hi"]


@pytest.mark.parametrize(
    "pattern", ["/queue/**", "/queue/*", "/queue/replies*", "/topic/**", "/user/queue/**", "/user/queue/*"]
)
def test_no_pattern_reaches_anothers_queue(pattern: str):
    _, ann, ann2, bob = three()
    bob.subscribe(pattern, "spy")
    ann.publish("/user/ann/queue/replies", "secret")
    assert bob.inbox == []
    assert (ann.bodies(), ann2.bodies()) == (["secret"], ["secret"])


def test_ones_own_pattern_finds_ones_own():
    _, ann, _, bob = three()
    ann.subscribe("/user/queue/**", "all")
    bob.publish(f"/user/{ann.name}/queue/other/x", "hi")
    assert [frame.get("subscription") for frame in ann.inbox] == ["all"]


def test_the_translated_destination_of_another_is_refused_by_name():
    _, ann, _, bob = three()
    bob.subscribe(f"/queue/replies-user{ann.name}", "spy", receipt="r")
    bob.failed("another session's", code=1008, receipt="r")


def test_and_cannot_be_sent_to():
    _, ann, _, bob = three()
    bob.publish(f"/queue/replies-user{ann.name}", "forged", receipt="r")
    bob.failed("another session's", code=1008, receipt="r")
    assert ann.inbox == []


def test_a_guess_before_the_session_is_there_gets_nothing():
    world = World()
    spy = world.client(login="spy")
    spy.subscribe("/queue/replies-users2", "spy")
    ann = world.client(login="ann")
    assert ann.name == "s2"
    ann.subscribe("/user/queue/replies")
    spy.publish("/user/ann/queue/replies", "secret")
    assert (ann.bodies(), spy.inbox) == (["secret"], [])


def test_ones_own_translated_destination_is_the_same_queue():
    _, ann, _, bob = three()
    ann.subscribe(f"/queue/replies-user{ann.name}", "own")
    bob.publish(f"/user/{ann.name}/queue/replies", "hi")
    assert sorted(frame.get("subscription") or "" for frame in ann.inbox) == ["own", "r"]
    assert ann.bodies() == ["hi", "hi"]
    ann.publish(f"/queue/replies-user{ann.name}", "self")
    assert ann.bodies() == ["self", "self"]
    ann.send("UNSUBSCRIBE", id="own")
    bob.publish(f"/user/{ann.name}/queue/replies", "hi")
    assert ann.bodies() == ["hi"]


@pytest.mark.parametrize("destination", ["/user/ann/queue/replies", "/user/s1/queue/replies"])
def test_another_users_queue_cannot_be_subscribed(destination: str):
    _, _, _, bob = three()
    bob.subscribe(destination, "spy", receipt="r")
    bob.failed("another user's", code=1008, receipt="r")


def test_ones_own_may_be_named():
    _, ann, _, bob = three()
    ann.subscribe("/user/ann/queue/other", "own")
    bob.publish("/user/ann/queue/other", "hi")
    assert ann.bodies() == ["hi"]


def test_acknowledged_in_a_users_queue():
    world, ann, _, bob = three()
    ann.subscribe("/user/queue/jobs", "jobs", "client")
    bob.publish("/user/ann/queue/jobs", "job")
    message = ann.take("MESSAGE")
    ann.send("NACK", id=message.get("ack"))
    again = ann.take("MESSAGE")
    assert again.get("redelivered") == "true"
    ann.send("ACK", id=again.get("ack"), receipt="r")
    ann.take("RECEIPT")
    assert world.broker.counters.unacknowledged == 0


def test_who_has_left_is_not_reached():
    world, ann, ann2, bob = three()
    ann.lose()
    ann2.send("DISCONNECT")
    bob.publish("/user/ann/queue/replies", "hi", receipt="r")
    bob.take("RECEIPT")
    back = world.client(login="ann")
    back.subscribe("/user/queue/replies")
    bob.publish("/user/ann/queue/replies", "hi")
    assert back.bodies() == ["hi"]


def test_echo():
    _, ann, _, bob = three()
    bob.subscribe("/topic/echo", "e")
    ann.publish("/app/echo", "hi", receipt="r")
    ann.take("RECEIPT")
    assert bob.bodies() == ["echo:hi"]


def test_me_and_me_here():
    _, ann, ann2, bob = three()
    ann.publish("/app/me", "hi")
    assert (ann.bodies(), ann2.bodies(), bob.bodies()) == (["me:ann:hi"], ["me:ann:hi"], [])
    ann.publish("/app/me-here", "hi")
    assert (ann.bodies(), ann2.bodies(), bob.bodies()) == (["me:ann:hi"], [], [])


def test_me_of_somebody_without_a_name_is_this_session():
    client = World().client()
    client.subscribe("/user/queue/replies")
    client.publish("/app/me", "hi")
    assert client.bodies() == ["me:anonymous:hi"]


def test_fail():
    _, ann, _, _ = three()
    ann.subscribe("/user/queue/errors", "e")
    ann.publish("/app/fail", "boom")
    assert ann.bodies() == ["boom"]


def test_time_answers_the_subscriber_once_and_only_it():
    world, ann, ann2, _ = three()
    world.now += 5
    ann2.subscribe("/app/time", "t")
    ann2.bodies()
    ann.subscribe("/app/time", "t", receipt="r")
    message = ann.take("MESSAGE")
    assert message.body == b"time:2023-11-14T22:13:25+00:00"
    assert (message.get("destination"), message.get("subscription")) == ("/app/time", "t")
    ann.take("RECEIPT")
    assert ann2.inbox == []
    ann.send("UNSUBSCRIBE", id="t", receipt="u")
    ann.take("RECEIPT")


def test_an_answer_can_be_acknowledged():
    client = World().client()
    client.subscribe("/app/time", "t", "client")
    client.send("ACK", id=client.take("MESSAGE").get("ack"), receipt="r")
    client.take("RECEIPT")


def test_no_handler_for_a_subscription():
    client = World().client()
    client.subscribe("/app/echo", receipt="r")
    client.failed("/app/echo", "/app/time", receipt="r")


def test_a_handler_in_a_transaction_is_called_at_commit():
    client = World().client()
    client.subscribe("/topic/echo")
    client.send("BEGIN", transaction="t")
    client.publish("/app/echo", "hi", transaction="t")
    assert client.inbox == []
    client.send("COMMIT", transaction="t")
    assert client.bodies() == ["echo:hi"]
