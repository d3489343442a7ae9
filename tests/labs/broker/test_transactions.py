"""Transactions: all or nothing, receipts when it has taken effect, bounded, and over with the connection."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.labs.broker.world import Client, World, config


def receipts(client: Client) -> list[str | None]:
    frames, client.inbox = client.inbox, []
    return [frame.get("receipt-id") for frame in frames if frame.command == "RECEIPT"]


def test_sends_take_effect_at_commit_in_order_and_so_do_their_receipts():
    world = World()
    client, other = world.client(), world.client()
    other.subscribe("/topic/a")
    client.send("BEGIN", transaction="t", receipt="begin")
    client.publish("/topic/a", "1", transaction="t", receipt="one")
    client.publish("/topic/a", "2", transaction="t", receipt="two")
    client.publish("/topic/a", "outside", receipt="outside")
    assert other.bodies() == ["outside"]
    assert receipts(client) == ["begin", "outside"]
    client.send("COMMIT", transaction="t", receipt="commit")
    assert other.bodies() == ["1", "2"]
    assert receipts(client) == ["one", "two", "commit"]


def test_an_aborted_send_never_was():
    client = World().client()
    client.subscribe("/queue/a")
    client.send("BEGIN", transaction="t")
    client.publish("/queue/a", "x", transaction="t", receipt="r")
    client.send("ABORT", transaction="t", receipt="abort")
    assert receipts(client) == ["abort"], "what has had no effect gets no receipt"
    client.send("COMMIT", transaction="t")
    client.failed("COMMIT")


def test_an_aborted_ack_is_undone():
    world = World()
    client = world.client()
    client.subscribe("/queue/a", ack="client")
    client.publish("/queue/a", "x")
    message = client.take("MESSAGE")
    client.send("BEGIN", transaction="t")
    client.send("ACK", id=message.get("ack"), transaction="t")
    assert world.broker.counters.unacknowledged == 1
    client.send("ABORT", transaction="t")
    client.send("ACK", id=message.get("ack"), receipt="r")
    client.take("RECEIPT")
    assert world.broker.counters.unacknowledged == 0


@pytest.mark.parametrize("leave", [Client.lose, lambda client: client.send("DISCONNECT")])
def test_a_connection_that_ends_aborts_its_transactions(leave: Callable[[Client], None]):
    world = World()
    client, other = world.client(), world.client()
    client.subscribe("/queue/a", ack="client")
    client.publish("/queue/a", "x")
    client.send("BEGIN", transaction="t")
    client.send("ACK", id=client.take("MESSAGE").get("ack"), transaction="t")
    client.publish("/queue/a", "never", transaction="t")
    leave(client)
    other.subscribe("/queue/a")
    assert [frame.get("redelivered") for frame in other.inbox] == ["true"]
    assert other.bodies() == ["x"]


def test_ack_nack_and_send_together():
    world = World()
    client, other = world.client(), world.client()
    client.subscribe("/queue/in", "1", "client-individual")
    other.subscribe("/queue/out")
    client.publish("/queue/in", "1")
    client.publish("/queue/in", "2")
    first, second = client.take("MESSAGE"), client.take("MESSAGE")
    client.send("BEGIN", transaction="t")
    client.send("ACK", id=first.get("ack"), transaction="t")
    client.send("NACK", id=second.get("ack"), transaction="t")
    client.publish("/queue/out", "done", transaction="t")
    assert (client.inbox, other.inbox) == ([], [])
    client.send("COMMIT", transaction="t")
    assert client.bodies() == ["2"]
    assert other.bodies() == ["done"]


def test_a_message_cannot_be_acknowledged_in_two_transactions():
    client = World().client()
    client.subscribe("/queue/a", ack="client")
    client.publish("/queue/a", "x")
    message = client.take("MESSAGE")
    for name in "tu":
        client.send("BEGIN", transaction=name)
    client.send("ACK", id=message.get("ack"), transaction="t")
    client.send("ACK", id=message.get("ack"), transaction="u")
    client.failed("ACK", "in an open transaction already")


def test_a_cumulative_ack_leaves_alone_what_a_transaction_holds():
    world = World()
    client = world.client()
    client.subscribe("/queue/a", ack="client")
    for body in "123":
        client.publish("/queue/a", body)
    client.send("BEGIN", transaction="t")
    client.send("NACK", id=client.inbox[0].get("ack"), transaction="t")
    client.send("ACK", id=client.inbox[2].get("ack"))
    assert world.broker.counters.unacknowledged == 1
    client.inbox.clear()
    client.send("COMMIT", transaction="t")
    assert client.bodies() == ["1"]


@pytest.mark.parametrize(("end", "redelivered"), [("COMMIT", []), ("ABORT", ["x"])])
def test_an_ack_that_is_held_survives_its_subscription(end: str, redelivered: list[str]):
    world = World()
    client, other = world.client(), world.client()
    client.subscribe("/queue/a", ack="client")
    client.publish("/queue/a", "x")
    client.send("BEGIN", transaction="t")
    client.send("ACK", id=client.take("MESSAGE").get("ack"), transaction="t")
    client.send("UNSUBSCRIBE", id="1")
    other.subscribe("/queue/a")
    assert other.inbox == []
    client.send(end, transaction="t")
    assert other.bodies() == redelivered
    assert world.broker.counters.unacknowledged == 0


def test_a_transaction_that_cannot_be_carried_out_whole_is_not_at_all():
    world = World(config(queue_messages=2))
    client, other = world.client(), world.client()
    other.subscribe("/topic/a")
    client.send("BEGIN", transaction="t")
    client.publish("/topic/a", "x", transaction="t")
    for body in "123":
        client.publish("/queue/full", body, transaction="t")
    client.send("COMMIT", transaction="t", receipt="r")
    client.failed("'/queue/full' is full", code=1013, receipt="r")
    assert other.inbox == []
    assert world.broker.counters.queued == 0


def test_a_send_that_may_not_be_is_refused_at_once():
    client = World().client()
    client.send("BEGIN", transaction="t")
    client.publish("/nowhere", "x", transaction="t", receipt="r")
    client.failed("'/nowhere' leads nowhere", receipt="r")


@pytest.mark.parametrize(
    ("limits", "words", "code"),
    [
        ({"transactions": 2}, "at most 2 transactions", 1008),
        ({"transaction_frames": 3}, "more than 3 frames", 1008),
        ({"transaction_bytes": 500}, "more than 500 bytes", 1009),
    ],
)
def test_what_transactions_hold_is_bounded(limits: dict[str, int], words: str, code: int):
    client = World(config(**limits)).client()
    for name in range(4):
        client.send("BEGIN", transaction=name)
        for _ in range(2):
            client.publish("/queue/a", "x" * 100, transaction=name)
    client.failed(words, code=code)
