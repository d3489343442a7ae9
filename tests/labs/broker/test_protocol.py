"""What STOMP forbids ends the session: an ERROR that says what would be right, a close code, and nothing after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labs.wire.stomp import Version
from tests.labs.broker.world import Client, World, config

BAD: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown command": ("HELLO\nreceipt:r\n\n\0", ("unknown command 'HELLO'",)),
    "lower case": ("send\nreceipt:r\ndestination:/topic/a\n\n\0", ("unknown command",)),
    "a server's frame": ("MESSAGE\nreceipt:r\n\n\0", ("MESSAGE", "server")),
    "send to nowhere": ("SEND\nreceipt:r\n\nx\0", ("SEND", "destination")),
    "send to an empty destination": ("SEND\ndestination:\nreceipt:r\n\nx\0", ("SEND", "destination")),
    "an unknown prefix": ("SEND\ndestination:/nowhere/a\nreceipt:r\n\nx\0", ("/nowhere/a", "/topic/")),
    "a bare prefix": ("SEND\ndestination:/topic/\nreceipt:r\n\nx\0", ("leads nowhere",)),
    "no handler": ("SEND\ndestination:/app/none\nreceipt:r\n\nx\0", ("/app/none", "/app/echo")),
    "subscribe without id": ("SUBSCRIBE\ndestination:/topic/a\nreceipt:r\n\n\0", ("SUBSCRIBE without id",)),
    "subscribe without destination": ("SUBSCRIBE\nid:1\nreceipt:r\n\n\0", ("SUBSCRIBE without destination",)),
    "subscribe to nowhere": ("SUBSCRIBE\nid:1\ndestination:a\nreceipt:r\n\n\0", ("'a' leads nowhere",)),
    "no such mode": (
        "SUBSCRIBE\nid:1\ndestination:/topic/a\nack:maybe\nreceipt:r\n\n\0",
        ("ack 'maybe'", "client-individual"),
    ),
    "unsubscribe without id": ("UNSUBSCRIBE\nreceipt:r\n\n\0", ("UNSUBSCRIBE without id",)),
    "unsubscribe unknown": ("UNSUBSCRIBE\nid:9\nreceipt:r\n\n\0", ("UNSUBSCRIBE", "'9'")),
    "ack without id": ("ACK\nreceipt:r\n\n\0", ("ACK without id",)),
    "ack by message-id in 1.2": ("ACK\nmessage-id:1\nsubscription:1\nreceipt:r\n\n\0", ("ACK without id",)),
    "ack of nothing": ("ACK\nid:1\nreceipt:r\n\n\0", ("ACK", "'1'", "ack header")),
    "nack of nothing": ("NACK\nid:1\nreceipt:r\n\n\0", ("NACK", "'1'")),
    "begin without a name": ("BEGIN\nreceipt:r\n\n\0", ("BEGIN without transaction",)),
    "commit unknown": ("COMMIT\ntransaction:t\nreceipt:r\n\n\0", ("COMMIT", "'t'", "BEGIN")),
    "abort unknown": ("ABORT\ntransaction:t\nreceipt:r\n\n\0", ("ABORT", "'t'")),
    "send in an unknown one": (
        "SEND\ndestination:/topic/a\ntransaction:t\nreceipt:r\n\nx\0",
        ("SEND", "transaction 't'"),
    ),
    "a body on subscribe": ("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\nx\0", ("SUBSCRIBE: a body",)),
    "a bad content-length": (
        "SEND\ndestination:/topic/a\ncontent-length:x\nreceipt:r\n\nx\0",
        ("SEND: content-length 'x'",),
    ),
    "a negative one": ("SEND\ndestination:/topic/a\ncontent-length:-1\nreceipt:r\n\nx\0", ("content-length '-1'",)),
    "a short one": ("SEND\ndestination:/topic/a\ncontent-length:1\nreceipt:r\n\nxy\0", ("content-length 1", "NUL")),
    "an undefined escape": (
        "SEND\ndestination:/topic/a\nh:a\\tb\nreceipt:r\n\nx\0",
        ("SEND: undefined escape", "header 'h'"),
    ),
    "a header without a name": ("SEND\ndestination:/topic/a\n:v\nreceipt:r\n\nx\0", ("no name",)),
    "a header without a colon": ("SEND\ndestination:/topic/a\nh\nreceipt:r\n\nx\0", ("SEND: header 'h'", "no colon")),
    "last-seen no number": ("SUBSCRIBE\nid:1\ndestination:/topic/a\nlast-seen:x\nreceipt:r\n\n\0", ("last-seen 'x'",)),
    "last-seen on a queue": ("SUBSCRIBE\nid:1\ndestination:/queue/a\nlast-seen:1\nreceipt:r\n\n\0", ("last-seen",)),
    "last-seen on a pattern": ("SUBSCRIBE\nid:1\ndestination:/topic/*\nlast-seen:1\nreceipt:r\n\n\0", ("last-seen",)),
    "a user without a queue": ("SEND\ndestination:/user/ann\nreceipt:r\n\nx\0", ("/user/NAME/queue/",)),
}


@pytest.mark.parametrize("case", BAD)
def test_each_is_an_error_with_its_receipt_and_a_close(case: str):
    data, words = BAD[case]
    client = World().client()
    client.write(data + "SEND\ndestination:/topic/a\nreceipt:after\n\n\0")
    client.failed(*words, receipt="r")
    client.write("SEND\ndestination:/topic/a\nreceipt:later\n\n\0")
    assert client.inbox == []


def test_nothing_behind_an_error_takes_effect():
    world = World()
    bad, other = world.client(), world.client()
    other.subscribe("/topic/a")
    bad.write("SEND\ndestination:/topic/a\n\n1\0ACK\nid:none\n\n\0SEND\ndestination:/topic/a\n\n2\0")
    bad.failed("ACK")
    assert other.bodies() == ["1"]


def test_a_repeated_subscription_id_is_an_error():
    client = World().client()
    client.subscribe("/topic/a", "x")
    client.subscribe("/topic/b", "x", receipt="r")
    client.failed("SUBSCRIBE", "id 'x' is in use", receipt="r")


def test_a_repeated_transaction_is_an_error():
    client = World().client()
    client.send("BEGIN", transaction="t")
    client.send("BEGIN", transaction="t")
    client.failed("BEGIN", "'t' is open already")


def test_nack_is_not_of_1_0():
    client = World().client("1.0")
    client.send("NACK", message_id="1")
    client.failed("NACK", "1.1")


@pytest.mark.parametrize("headers", [{"message_id": "1"}, {"subscription": "1"}, {"id": "1"}])
def test_1_1_acknowledges_by_message_and_subscription(headers: dict[str, str]):
    client = World().client("1.1")
    client.send("ACK", **headers)
    client.failed("ACK without", "message-id and subscription")


def test_1_0_needs_the_message_id():
    client = World().client("1.0")
    client.send("ACK")
    client.failed("ACK without message-id")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_cr_lf_came_with_1_2(version: Version):
    client = World().client(version)
    client.write("SEND\r\ndestination:/topic/a\r\n\r\nx\0")
    client.failed("CR LF")


def test_1_0_ignores_the_body_of_subscribe():
    client = World().client("1.0")
    client.write("SUBSCRIBE\ndestination:/topic/a\nreceipt:r\n\nbody\0")
    assert client.take("RECEIPT").get("receipt-id") == "r"


def test_every_frame_that_asks_gets_its_receipt_in_order():
    client = World().client()
    client.write("BEGIN\ntransaction:t\nreceipt:1\n\n\0ABORT\ntransaction:t\nreceipt:2\n\n\0")
    client.subscribe("/topic/a", receipt="3")
    client.publish("/queue/b", "x", receipt="4\\c5")
    client.send("UNSUBSCRIBE", id="1", receipt="6")
    assert [client.take("RECEIPT").get("receipt-id") for _ in range(5)] == ["1", "2", "3", "4:5", "6"]


def test_the_receipt_comes_behind_the_effect():
    client = World().client()
    client.subscribe("/topic/a")
    client.publish("/topic/a", "x", receipt="r")
    client.take("MESSAGE")
    client.take("RECEIPT")


def test_disconnect_gets_its_receipt_before_the_close_and_nothing_is_read_after_it():
    world = World()
    client, other = world.client(), world.client()
    other.subscribe("/topic/a")
    client.write("DISCONNECT\nreceipt:77\n\n\0SEND\ndestination:/topic/a\nreceipt:no\n\n\0")
    assert client.take("RECEIPT").get("receipt-id") == "77"
    assert client.closed is not None
    assert client.closed[0] == 1000
    client.lose()
    assert (client.inbox, other.inbox) == ([], [])


def test_a_frame_split_over_messages_and_many_in_one():
    client = World().client()
    client.subscribe("/topic/a")
    for piece in (
        "SEND\ndestination:/topic/a\n\nspl",
        "it\0SEND\ndestination:/top",
        "ic/a\n\ntwo\0\n\nSEND\n",
        "destination:/topic/a\n\n3\0",
    ):
        client.write(piece)
    assert client.bodies() == ["split", "two", "3"]


@pytest.mark.parametrize("lose", [Client.lose, lambda client: client.send("DISCONNECT")])
def test_a_session_that_is_gone_leaves_nothing(lose: Callable[[Client], None]):
    world = World()
    client = world.client(login="ann")
    client.subscribe("/topic/*", "1")
    client.subscribe("/queue/a", "2", "client")
    client.subscribe("/user/queue/a", "3")
    client.publish("/queue/a", "x")
    lose(client)
    client.lose()
    client.lose()
    counters = world.broker.counters
    assert (counters.sessions, counters.connected, counters.unacknowledged, counters.queued) == (0, 0, 0, 1)
    assert world.broker.receive(client.name, "x", world.now) == []
    world.client(login="bob").publish("/topic/a", "x")


def test_an_error_in_connect_holds_nothing_that_an_older_version_would_misread():
    client = World().open()
    client.send("CONNECT", accept_version="a\\tb")
    assert b"\\" not in client.raw[-1].partition(b"\n\n")[0]


def test_a_handler_that_fails_is_our_fault_and_the_clients_error(caplog: pytest.LogCaptureFixture):
    def handler(request: object) -> list[object]:
        raise KeyError("secret")

    client = World(config(handlers={"/app/bad": handler})).client()
    client.publish("/app/bad", "x", receipt="r")
    error = client.failed("/app/bad", receipt="r", code=1011)
    assert b"secret" not in error.body
    assert "KeyError" in caplog.text
