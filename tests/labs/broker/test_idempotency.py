"""A SEND with an idempotency-key has one effect, however often its sender repeats it because no receipt came."""

from __future__ import annotations

import pytest

from labs.broker.handlers import Reply
from tests.labs.broker.world import World, config


@pytest.mark.parametrize("destination", ["/topic/a", "/queue/a", "/user/bo/queue/a"])
def test_a_repeat_in_another_session_has_no_effect_but_its_receipt(destination):
    world = World()
    reader = world.client(login="bo")
    reader.subscribe(destination if "user" not in destination else "/user/queue/a")
    first = world.client(login="ann")
    first.publish(destination, "x", idempotency_key="k", receipt="r1")
    assert first.take("RECEIPT").get("receipt-id") == "r1"
    first.lose()
    again = world.client(login="ann")
    again.publish(destination, "x", idempotency_key="k", receipt="r2")
    assert again.take("RECEIPT").get("receipt-id") == "r2"
    message = reader.take("MESSAGE")
    assert message.get("idempotency-key") is None, "it is between sender and broker"
    assert not reader.inbox


def test_another_key_another_user_and_no_key_are_no_repeats():
    world = World()
    reader, ann, bo = world.client(), world.client(login="ann"), world.client(login="bo")
    reader.subscribe("/topic/a")
    for client, more in ((ann, {"idempotency_key": "k"}), (bo, {"idempotency_key": "k"}), (ann, {}), (ann, {})):
        client.publish("/topic/a", "x", **more)
    ann.publish("/topic/a", "x", idempotency_key="l")
    assert len(reader.bodies()) == 5


def test_a_handler_is_not_called_again():
    calls = []

    def handler(request):
        calls.append(request.body)
        return [Reply(request.body, "/topic/a")]

    client = World(config(handlers={"/app/pay": handler})).client(login="ann")
    for _ in range(3):
        client.publish("/app/pay", "10", idempotency_key="k")
    assert calls == [b"10"]


def test_what_did_not_take_effect_may_be_sent_again():
    world = World(config(queue_messages=1))
    ann = world.client(login="ann")
    ann.publish("/queue/a", "1")
    ann.publish("/queue/a", "2", idempotency_key="k")
    ann.failed(code=1013)
    reader = world.client()
    reader.subscribe("/queue/a")
    again = world.client(login="ann")
    again.publish("/queue/a", "2", idempotency_key="k")
    assert reader.bodies() == ["1", "2"]


def test_in_a_transaction():
    world = World()
    reader, ann = world.client(), world.client(login="ann")
    reader.subscribe("/topic/a")
    ann.publish("/topic/a", "0", idempotency_key="k0")
    for end in ("ABORT", "COMMIT", "COMMIT"):
        ann.send("BEGIN", transaction="t")
        for key, body in (("k0", "0"), ("k1", "1"), ("k1", "1")):
            ann.publish("/topic/a", body, idempotency_key=key, transaction="t", receipt=f"{end}-{key}")
        ann.send(end, transaction="t")
    assert reader.bodies() == ["0", "1"]
    assert [frame.get("receipt-id") for frame in ann.inbox] == ["COMMIT-k0", "COMMIT-k1", "COMMIT-k1"] * 2


def test_it_is_remembered_for_a_while():
    world = World(config(idempotency_seconds=10.0))
    reader, ann = world.client(), world.client(login="ann")
    reader.subscribe("/topic/a")
    for pause in (9.0, 11.0, 0.0):
        ann.publish("/topic/a", "x", idempotency_key="k")
        world.wait(pause)
    assert len(reader.bodies()) == 2


def test_a_key_has_a_longest_length():
    ann = World().client(login="ann")
    ann.publish("/topic/a", "x", idempotency_key="k" * 129)
    ann.failed("idempotency-key", "128", code=1008)


def test_springs_broker_knows_no_such_thing():
    world = World(config(semantics="spring"))
    reader, ann = world.client(), world.client(login="ann")
    reader.subscribe("/topic/a")
    for _ in range(2):
        ann.publish("/topic/a", "x", idempotency_key="k")
    assert reader.bodies() == ["x", "x"]
