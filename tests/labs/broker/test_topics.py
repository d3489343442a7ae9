"""Topics: who gets a message, and what is on it for each version."""

from __future__ import annotations

import pytest

from labs.broker import Rule, Send
from labs.wire.stomp import Version
from tests.labs.broker.world import World, config


def test_all_who_are_subscribed_get_it_and_nobody_later():
    world = World()
    clients = [world.client(version) for version in ("1.0", "1.1", "1.2", "1.2")]
    clients[0].publish("/topic/a", "lost")
    for client in clients[:3]:
        client.subscribe("/topic/a")
    clients[3].publish("/topic/a", "x")
    assert [client.bodies() for client in clients] == [["x"], ["x"], ["x"], []]


def test_a_message_says_where_it_is_from_and_what_it_is():
    client = World().client()
    client.subscribe("/topic/a", "my\\cid")
    client.publish("/topic/a", "x", content_type="text/x-mine", foo="1", bar="a\\nb")
    message = client.take("MESSAGE")
    assert message.get("destination") == "/topic/a"
    assert message.get("subscription") == "my:id"
    assert message.get("message-id")
    assert message.get("sequence") == "1"
    assert message.get("content-type") == "text/x-mine"
    assert message.get("content-length") == "1"
    assert (message.get("foo"), message.get("bar")) == ("1", "a\nb")
    assert message.get("ack") is None
    assert message.get("redelivered") is None


def test_message_ids_are_unique_and_sequence_numbers_a_destinations():
    client = World().client()
    client.subscribe("/topic/**")
    for destination in ("/topic/a", "/topic/b", "/topic/a"):
        client.publish(destination, "x")
    assert len({frame.get("message-id") for frame in client.inbox}) == 3
    assert [frame.get("sequence") for frame in client.inbox] == ["1", "1", "2"]


def test_of_repeated_headers_the_first_is_passed_on():
    client = World().client()
    client.subscribe("/topic/a")
    client.write("SEND\ndestination:/topic/a\nh:1\nh:2\ndestination:/topic/b\n\nx\0")
    assert [value for name, value in client.take("MESSAGE").headers if name in {"h", "destination"}] == [
        "/topic/a",
        "1",
    ]


def test_what_the_sender_asks_of_the_broker_and_what_it_forges_is_not_passed_on():
    client = World().client()
    client.subscribe("/topic/a", "s")
    forged = {"message-id": "evil", "subscription": "evil", "ack": "evil", "redelivered": "true", "sequence": "666"}
    client.send("BEGIN", transaction="t")
    client.send(
        "SEND", b"x", {"destination": "/topic/a", "transaction": "t", "receipt": "r", "replay-gap": "1-2", **forged}
    )
    client.send("COMMIT", transaction="t")
    message = client.inbox[0]
    assert message.get("subscription") == "s"
    assert {name for name, _ in message.headers} == {
        "subscription",
        "destination",
        "message-id",
        "sequence",
        "content-length",
    }
    assert all("evil" not in value and value != "666" for _, value in message.headers)


@pytest.mark.parametrize(
    "destination",
    ["/topic/Ünïcode ☃", "/topic/with space", "/topic/a\\cb", "/topic/line\\nfeed", "/topic/what?a=b", "/topic//"],
)
def test_destinations_are_opaque(destination: str):
    client = World().client()
    client.subscribe(destination)
    client.publish(destination, "x")
    message = client.take("MESSAGE")
    assert message.get("destination") == destination.replace("\\c", ":").replace("\\n", "\n")


def test_destinations_are_case_sensitive():
    client = World().client()
    client.subscribe("/topic/Chat")
    client.publish("/topic/chat", "x")
    assert client.inbox == []


def test_each_subscription_gets_its_own_copy():
    client = World().client()
    client.subscribe("/topic/a", "1")
    client.subscribe("/topic/a", "2")
    client.subscribe("/topic/*", "3", "client")
    client.publish("/topic/a", "x")
    assert sorted(frame.get("subscription") or "" for frame in client.inbox) == ["1", "2", "3"]


def test_unsubscribing_ends_one_and_only_it():
    client = World().client()
    client.subscribe("/topic/a", "1")
    client.subscribe("/topic/a", "2")
    client.send("UNSUBSCRIBE", id="1")
    client.publish("/topic/a", "x")
    assert [frame.get("subscription") for frame in client.inbox] == ["2"]


def test_patterns_find_what_is_there_and_what_comes_later():
    client = World().client()
    client.publish("/topic/a/b", "before")
    client.subscribe("/topic/*/b")
    for destination in ("/topic/a/b", "/topic/c/b", "/topic/b", "/topic/a/b/c"):
        client.publish(destination, destination)
    assert client.bodies() == ["/topic/a/b", "/topic/c/b"]


def test_1_0_may_subscribe_without_id_and_unsubscribe_by_destination():
    client = World().client("1.0")
    client.send("SUBSCRIBE", destination="/topic/a")
    client.publish("/topic/a", "x")
    assert client.take("MESSAGE").get("subscription") is None
    client.send("UNSUBSCRIBE", destination="/topic/a", receipt="r")
    client.take("RECEIPT")
    client.publish("/topic/a", "x")
    assert client.inbox == []
    client.subscribe("/topic/a", "named")
    client.publish("/topic/a", "x")
    assert client.take("MESSAGE").get("subscription") == "named"
    client.send("UNSUBSCRIBE", destination="/topic/a")
    client.publish("/topic/a", "x")
    assert client.inbox == []


@pytest.mark.parametrize(("sender", "wire"), [("1.0", "a\\nb"), ("1.1", "a\\\\nb"), ("1.2", "a\\\\nb")])
@pytest.mark.parametrize("reader", ["1.0", "1.1", "1.2"])
def test_each_peer_has_its_own_escapes(sender: Version, wire: str, reader: Version):
    world = World()
    writer, client = world.client(sender), world.client(reader)
    client.subscribe("/topic/a")
    writer.publish("/topic/a", "x", h=wire)
    assert client.take("MESSAGE").get("h") == "a\\nb"


def test_no_decoded_line_feed_injects_a_header_into_a_1_0_client():
    world = World()
    writer, client = world.client("1.2"), world.client("1.0")
    client.subscribe("/topic/a")
    writer.send("SEND", b"x", {"destination": "/topic/a", "h": "1\\nadmin:true\\rx", "n\\cm\\nq": "v"})
    message = client.take("MESSAGE")
    assert message.get("admin") is None
    assert message.get("h") == "1\\nadmin:true\\rx"
    assert message.get("n\\cm\\nq") == "v"


@pytest.mark.parametrize(
    ("body", "content_type", "binary"),
    [
        (b"text", "text/plain", False),
        ("é☃".encode(), "text/plain", False),
        (b"", "application/octet-stream", True),
        (b"\xff\xfe", "text/plain", True),
        (b"a\0b", "text/plain", False),
    ],
)
def test_a_body_that_is_no_text_travels_in_a_binary_message(body: bytes, content_type: str, binary: bool):
    client = World().client()
    client.subscribe("/topic/a")
    client.send("SEND", body, destination="/topic/a", content_length=len(body), content_type=content_type)
    assert client.take("MESSAGE").body == body
    assert client.binary[-1] is binary


def test_content_length_counts_octets():
    client = World().client()
    client.subscribe("/topic/a")
    client.publish("/topic/a", "é☃")
    assert client.take("MESSAGE").get("content-length") == "5"


def test_a_fan_out_is_one_effect_with_one_head_for_all_who_have_the_same():
    world = World()
    clients = [world.client() for _ in range(50)]
    for number, client in enumerate(clients):
        client.subscribe("/topic/a", f"sub-{number % 2}")
    clients[0].publish("/topic/a", "x")
    (effect,) = world.effects
    assert isinstance(effect, Send)
    assert sorted(len(sessions) for _, sessions in effect.heads) == [25, 25]
    assert effect.published == world.now
    assert all(client.bodies() == ["x"] for client in clients)


def test_who_left_between_two_messages_is_not_written_to():
    world = World()
    one, two = world.client(), world.client()
    one.subscribe("/topic/a")
    two.subscribe("/topic/a")
    one.publish("/topic/a", "1")
    two.lose()
    one.publish("/topic/a", "2")
    assert (one.bodies(), two.bodies()) == (["1", "2"], ["1"])


def test_rules_for_send_and_subscribe():
    rules = (
        Rule("SEND", "/topic/news", True, frozenset({"ann"})),
        Rule("SEND", "/topic/news", False),
        Rule("SUBSCRIBE", "/topic/secret/**", True, frozenset({"ann"})),
        Rule("SEND", "/topic/secret/**", True, frozenset({"eva"})),
        Rule("any", "/topic/secret/**", False),
    )
    world = World(config(rules=rules))
    ann, bob, eva = world.client(login="ann"), world.client(login="bob"), world.client(login="eva")
    for client in (ann, bob):
        client.subscribe("/topic/**", "all")
    ann.publish("/topic/news", "n")
    eva.publish("/topic/secret/a", "s")
    assert ann.bodies() == ["n", "s"]
    assert bob.bodies() == ["n"], "a pattern gives no more than names would"
    bob.publish("/topic/news", "forged", receipt="r")
    bob.failed("SEND", "bob may not use '/topic/news'", code=1008, receipt="r")
    eve = world.client()
    eve.subscribe("/topic/secret/a")
    eve.failed("SUBSCRIBE", "anonymous", code=1008)
    assert ann.inbox == []


def test_a_topic_with_acknowledgement_gives_again_what_is_refused_then_sets_it_aside():
    world = World(config(tries=2))
    client, undertaker = world.client(), world.client()
    client.subscribe("/topic/a", "1", "client-individual")
    undertaker.subscribe("/queue/dead-letter")
    client.publish("/topic/a", "x")
    first = client.take("MESSAGE")
    client.send("NACK", id=first.get("ack"))
    again = client.take("MESSAGE")
    assert (first.get("redelivered"), again.get("redelivered")) == (None, "true")
    assert again.get("ack") != first.get("ack")
    client.send("NACK", id=again.get("ack"))
    assert client.inbox == []
    dead = undertaker.take("MESSAGE")
    assert (dead.get("original-destination"), dead.get("destination")) == ("/topic/a", "/queue/dead-letter")
