"""CONNECT and what may come before, instead and after it: versions, heart-beats, identity."""

from __future__ import annotations

import pytest

from labs.broker import BrokerConfig, Identity, Peer, Refused
from labs.wire.stomp import Version
from tests.labs.broker.world import World, config


@pytest.mark.parametrize("command", ["CONNECT", "STOMP"])
@pytest.mark.parametrize(
    ("accepted", "version"),
    [
        ("1.2", "1.2"),
        ("1.0,1.1,1.2", "1.2"),
        ("1.1,1.0", "1.1"),
        ("1.0,1.1,2.0", "1.1"),
        ("1.0", "1.0"),
        ("1.2, 9", "1.2"),
    ],
)
def test_the_highest_common_version_is_chosen(command: str, accepted: str, version: Version):
    client = World().open(version)
    client.send(command, accept_version=accepted, host="h")
    connected = client.take("CONNECTED")
    assert connected.get("version") == version
    assert connected.get("session") == client.name
    assert (connected.get("server") or "").startswith("ws-tutor")
    assert connected.body == b""


@pytest.mark.parametrize(
    ("agreed", "accepted", "version"), [("1.1", "1.0,1.1,1.2", "1.1"), ("1.2", "1.0,1.1", "1.1"), ("1.2", "1.2", "1.2")]
)
def test_the_version_of_the_subprotocol_is_taken_where_the_client_accepts_it(
    agreed: Version, accepted: str, version: Version
):
    client = World().open(version, Peer("10.0.0.1", version=agreed))
    client.send("CONNECT", accept_version=accepted, host="h")
    assert client.take("CONNECTED").get("version") == version


def test_without_accept_version_it_is_1_0():
    client = World().open("1.0")
    client.send("CONNECT", headers={"login": " ann ", "passcode": "x"})
    connected = client.take("CONNECTED")
    assert connected.get("version") == "1.0"
    assert connected.get("user-name") == "ann", "1.0 trims its headers"
    assert connected.get("heart-beat") is None


@pytest.mark.parametrize("accepted", ["", "2.0", "1.3,2.0", "v1.2", "1", "1.2;1.1"])
def test_no_common_version_is_an_error_that_names_ours(accepted: str):
    client = World().open()
    client.send("CONNECT", accept_version=accepted, host="h", receipt="7")
    error = client.failed("accept-version", "1.0 1.1 1.2", receipt="7")
    assert error.get("version") == "1.0,1.1,1.2"


def test_connect_is_never_unescaped():
    client = World().open()
    client.send("CONNECT", accept_version="1.2", login=r"a\nb\c\q")
    assert client.take("CONNECTED").get("user-name") == r"a\nb\c\q"


def test_host_may_be_left_out_since_stompjs_does():
    client = World().open()
    client.send("CONNECT", accept_version="1.2")
    client.take("CONNECTED")


def test_virtual_hosts():
    world = World(config(hosts=frozenset({"a.example"})))
    client = world.open()
    client.send("CONNECT", accept_version="1.2", host="b.example")
    client.failed("host 'b.example'", "a.example")
    other = world.open()
    other.send("CONNECT", accept_version="1.2", host="a.example")
    other.take("CONNECTED")


@pytest.mark.parametrize(
    "value",
    ["", "1000", "1000,", ",1000", "a,b", "-1,0", "1,2,3", "1.5,1", "1e3,0", "1000, 1000", "٣,٣", "9" * 30 + ",1"],
)
def test_a_malformed_heart_beat_is_refused(value: str):
    client = World().open()
    client.send("CONNECT", accept_version="1.2", heart_beat=value)
    client.failed("heart-beat", "10000,10000")


def test_frames_before_connect_are_errors():
    for command in ("SEND", "SUBSCRIBE", "DISCONNECT", "MESSAGE", "CONNECTED"):
        client = World().open()
        client.send(command, destination="/topic/a", receipt="r")
        client.failed(command, receipt="r")


def test_a_second_connect_is_an_error():
    client = World().client()
    client.send("CONNECT", accept_version="1.2")
    client.failed("second CONNECT")


def test_heart_beats_before_connect_are_taken():
    client = World().open()
    client.write("\n\n\r\n")
    client.connect()


def test_repeated_headers_the_first_counts():
    client = World().open()
    client.write("CONNECT\naccept-version:1.2\naccept-version:2.0\nlogin:ann\nlogin:bob\n\n\0")
    assert client.take("CONNECTED").get("user-name") == "ann"


def test_frames_behind_connect_in_one_message_are_read_by_the_new_version():
    client = World().open("1.1")
    client.write("CONNECT\naccept-version:1.1\n\n\0SUBSCRIBE\nid:a\\rb\ndestination:/topic/a\n\n\0")
    client.take("CONNECTED")
    client.failed("undefined escape")


def test_the_authenticator_decides():
    def authenticate(peer: Peer, headers: object, now: float) -> Identity:
        raise Refused("the token is not valid here", 4401)

    client = World(config(authenticate=authenticate)).open()
    client.send("CONNECT", accept_version="1.2", passcode="eyJsecret")
    error = client.failed("CONNECT: the token is not valid here", code=4401)
    assert b"eyJsecret" not in error.body


def test_the_handshakes_identity_goes_before_login():
    client = World().open(peer=Peer("10.0.0.1", Identity("ann")))
    assert client.connect(login="bob").get("user-name") == "ann"


def test_an_identity_that_has_expired_cannot_connect():
    world = World()
    client = world.open(peer=Peer("10.0.0.1", Identity("ann", expires=world.now)))
    client.send("CONNECT", accept_version="1.2")
    client.failed("expired", code=4401)


def test_an_identity_expires_while_connected_at_its_time():
    world = World()
    client = world.open(peer=Peer("10.0.0.1", Identity("ann", expires=world.now + 30)))
    client.connect()
    world.wait(29.9)
    assert client.closed is None
    world.wait(0.2)
    client.failed("expired", code=4401)


def test_the_users_name_cannot_add_a_header_to_connected():
    client = World().open(peer=Peer("10.0.0.1", Identity("ann\nversion:9\0x")))
    assert client.connect().get("user-name") == "ann\\nversion:9x"


def test_bytes_and_text_are_the_same():
    client = World().open()
    client.write(b"CONNECT\r\naccept-version:1.2\r\nhost:h\r\n\r\n\0\r\n")
    client.take("CONNECTED")


def test_a_node_is_made_of_plain_characters():
    with pytest.raises(ValueError, match="letters"):
        World(BrokerConfig(node="a:b"))
