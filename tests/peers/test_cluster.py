"""`ws-tutor serve --nodes 3`, and two servers behind HAProxy on one Redis, with clients that nobody here wrote."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.labs.net.test_processes import alive
from tests.peers import needs
from tests.peers.serving import Served, served, tethered
from tests.peers.test_node import finish, modules, start
from tests.peers.test_stomp_py import SECONDS, SOCKETS, Heard, dial, dial_port

__all__ = ["modules"]  # the fixture
pytestmark = SOCKETS


@pytest.fixture(scope="module")
def cluster() -> Iterator[Served]:
    with served("--nodes", "3", "--set", "relay-lease=1") as running:
        yield running


def dial_node(server: Served, node: int, login: str = "alice") -> tuple[Any, Heard]:
    return dial_port(int(server.nodes[node].split(":")[2].split("/")[0]), login)


def subscribe(connection: Any, heard: Heard, destination: str, ack: str = "auto") -> None:
    connection.subscribe(destination, id=destination, ack=ack, receipt=f"at {destination}")
    heard.wait(lambda frames: any(frame.headers.get("receipt-id") == f"at {destination}" for frame in frames))


def test_clients_of_three_nodes_and_of_the_balancer_are_on_one_broker(cluster: Served) -> None:
    clients = [dial_node(cluster, node) for node in range(3)] + [dial(cluster)]
    for connection, heard in clients:
        subscribe(connection, heard, "/topic/all")
        subscribe(connection, heard, "/queue/work", "client-individual")
    for number in range(12):
        connection = clients[number % 4][0]
        connection.send("/topic/all", f"news {number}")
        connection.send("/queue/work", f"work {number}")
    everything = []
    for _, heard in clients:
        heard.wait(lambda frames, heard=heard: sum(body.startswith("news") for body in heard.bodies()) == 12)
        heard.wait(lambda frames, heard=heard: sum(body.startswith("work") for body in heard.bodies()) == 3)
        everything += heard.bodies()
    assert sorted(everything) == sorted(
        [f"news {number}" for number in range(12)] * 4 + [f"work {number}" for number in range(12)]
    )
    orders = [[body for body in heard.bodies() if body.startswith("news")] for _, heard in clients]
    assert orders[0] == orders[1] == orders[2] == orders[3]
    for connection, heard in clients:
        for frame in heard.frames:
            if frame.cmd == "MESSAGE" and frame.headers["destination"] == "/queue/work":
                connection.ack(frame.headers["ack"])
        connection.disconnect()


@needs("node", "npm")
@pytest.mark.parametrize("transport", ["native", "xhr-streaming", "xhr-polling"])
def test_a_whole_session_through_the_balancer(cluster: Served, modules: Path, transport: str) -> None:
    url = cluster.ws if transport == "native" else cluster.sockjs
    said = finish(start(modules, "session", url, transport))
    assert said == ["connected 1.2 alice", "time", "echo:hello €", "task one", "deactivated"]


def test_health_metrics_page_and_origin_through_the_balancer(cluster: Served) -> None:
    health = fetch(f"{cluster.http}/health")
    assert (health["status"], health["nodes"]) == ("up", {"n1": "up", "n2": "up", "n3": "up"})
    text = urllib.request.urlopen(f"{cluster.http}/metrics", timeout=SECONDS).read().decode()
    for node in ("n1", "n2", "n3"):
        assert f'node_up{{node="{node}"}} 1.0' in text
        assert f'stomp_messages_in_total{{node="{node}"}}' in text
    assert "\nstomp_queued " in text, "what the store knows is there once"
    with urllib.request.urlopen(f"{cluster.http}/", timeout=SECONDS) as answer:
        assert answer.status == 200
    fetch(f"{cluster.http}/sockjs/info", Origin=cluster.http)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(f"{cluster.http}/sockjs/info", Origin="http://elsewhere.example")


def fetch(url: str, body: bytes | None = None, **headers: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=SECONDS) as answer:
        return json.loads(answer.read())


def test_a_killed_node_loses_nothing_that_was_not_acknowledged_and_a_killed_store_is_replaced() -> None:
    """The lease is too long for this test: that the process has ended is enough."""
    gone = (
        "ws-tutor serve: n2 has ended: it ended with status -9; the other nodes go on\n"
        "ws-tutor serve: the store has ended, and what waited in it is lost; another begins in its place\n"
        "ws-tutor serve: n3 has ended: it ended with status 0; the other nodes go on\n"
    )
    with served("--nodes", "3", "--set", "relay-lease=60", "--set", "drain-time=1", says=gone) as cluster:
        victim, heard = dial_node(cluster, 1)
        subscribe(victim, heard, "/queue/work", "client-individual")
        other, there = dial_node(cluster, 0, "bob")
        for number in range(20):
            other.send("/queue/work", str(number))
        heard.wait(lambda frames: len(heard.bodies()) == 20)
        victim.ack(heard.frames[-20].headers["ack"], receipt="first")
        heard.wait(lambda frames: any(frame.headers.get("receipt-id") == "first" for frame in frames))
        os.kill(cluster.pids[1], signal.SIGKILL)
        subscribe(other, there, "/queue/work", "client-individual")
        there.wait(lambda frames: len(there.bodies()) == 19)
        assert there.bodies() == [str(number) for number in range(1, 20)]
        assert all(frame.headers["redelivered"] == "true" for frame in there.frames if frame.cmd == "MESSAGE")
        again, _ = dial(cluster)
        again.send("/queue/work", "goes on")
        there.wait(lambda frames: there.bodies()[-1] == "goes on")
        (store,) = children_of(cluster) - set(cluster.pids)
        os.kill(store, signal.SIGKILL)
        third, heard = dial_node(cluster, 2)
        subscribe(third, heard, "/topic/news")
        other.send("/topic/news", "hello")
        heard.wait(lambda frames: heard.bodies() == ["hello"])
        with connect(cluster.nodes[2]) as socket:
            os.kill(cluster.pids[2], signal.SIGTERM)
            with pytest.raises(ConnectionClosed):
                socket.recv(SECONDS)
            assert socket.close_code == 1001, "told to end by itself, a node drains"
        end = time.monotonic() + SECONDS
        while cluster.pids[2] in children_of(cluster):
            assert time.monotonic() < end, "the node has not ended"
            time.sleep(0.01)
        with connect(cluster.ws):
            assert cluster.process.poll() is None


def children_of(cluster: Served) -> set[int]:
    pid = cluster.process.pid
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def test_a_frozen_node_is_taken_for_dead_and_catches_up_when_it_is_back() -> None:
    with served("--nodes", "2", "--set", "relay-lease=1", "--set", "heart-beat-expect=0") as cluster:
        frozen, heard = dial_node(cluster, 1)
        subscribe(frozen, heard, "/topic/news")
        subscribe(frozen, heard, "/queue/work", "client-individual")
        other, there = dial_node(cluster, 0, "bob")
        other.send("/topic/news", "before")
        other.send("/queue/work", "task")
        heard.wait(lambda frames: sorted(heard.bodies()) == ["before", "task"])
        os.kill(cluster.pids[1], signal.SIGSTOP)
        try:
            subscribe(other, there, "/queue/work", "client-individual")
            there.wait(lambda frames: there.bodies() == ["task"])
            for number in range(5):
                other.send("/topic/news", f"meanwhile {number}", receipt=f"news {number}")
            there.wait(lambda frames: any(frame.headers.get("receipt-id") == "news 4" for frame in frames))
        finally:
            os.kill(cluster.pids[1], signal.SIGCONT)
        frozen.ack(next(frame.headers["ack"] for frame in heard.frames if frame.body == "task"))
        heard.wait(lambda frames: len([body for body in heard.bodies() if body.startswith("mean")]) == 5)
        other.send("/topic/news", "after")
        heard.wait(lambda frames: heard.bodies()[-1] == "after")
        news = [body for body in heard.bodies() if body != "task"]
        assert news == ["before", *(f"meanwhile {number}" for number in range(5)), "after"]


def test_tokens_and_tickets_are_those_of_all_nodes(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of more than thirty-two letters\n")
    with served("--nodes", "2", "--auth", "token", "--secret-file", str(secret)) as cluster:
        token = fetch(f"{cluster.http}/token", b'{"user": "alice"}')["token"]
        ports = [int(url.split(":")[2].split("/")[0]) for url in cluster.nodes]
        ticket = fetch(f"http://127.0.0.1:{ports[0]}/ticket", b"", Authorization=f"Bearer {token}")["ticket"]
        statuses = [upgrade_status(port, f"ticket={ticket}") for port in (ports[1], ports[0], ports[1])]
        assert statuses == [101, 401, 401]
        assert [upgrade_status(port, f"token={token}") for port in (*ports, cluster.port)] == [101] * 3
        assert upgrade_status(cluster.port, "token=x.y.z") == 401


def upgrade_status(port: int, query: str) -> int:
    headers = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", f"/ws?{query}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_no_part_outlives_the_command(number: signal.Signals) -> None:
    with served("--nodes", "2") as cluster:
        children = children_of(cluster)
        assert set(cluster.pids) < children
        assert len(children) == 3
        os.kill(cluster.pids[0], signal.SIGSTOP)  # not even a frozen one
        cluster.process.send_signal(number)
        cluster.process.wait(SECONDS)
        end = time.monotonic() + SECONDS
        while any(map(alive, children)):
            assert time.monotonic() < end, "a part is left"
            time.sleep(0.01)


HAPROXY = """
global
    maxconn 200
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout tunnel 1h
frontend front
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance leastconn
    cookie NODE insert indirect nocache
    option httpchk GET /health
    server n1 127.0.0.1:{first} check inter 200ms cookie n1
    server n2 127.0.0.1:{second} check inter 200ms cookie n2
"""


@needs("haproxy", "redis-server")
def test_two_servers_behind_haproxy_on_one_redis(tmp_path: Path) -> None:
    redis_port, front_port = free_port(), free_port()
    store = ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    relay = ["--relay", f"redis://127.0.0.1:{redis_port}/0", "--set", f"allowed-origins=http://127.0.0.1:{front_port}"]
    with running(store, redis_port), served(*relay) as one, served(*relay) as two:
        config = tmp_path / "haproxy.cfg"
        config.write_text(HAPROXY.format(port=front_port, first=one.port, second=two.port))
        with running(["haproxy", "-db", "-f", str(config)], front_port):
            clients = [dial_port(front_port) for _ in range(4)]
            for connection, heard in clients:
                subscribe(connection, heard, "/topic/all")
                subscribe(connection, heard, "/queue/work")
            assert sorted(fetch(f"{each.http}/health")["sessions"] for each in (one, two)) == [2, 2]
            for number in range(8):
                clients[0][0].send("/topic/all", f"news {number}")
                clients[0][0].send("/queue/work", f"work {number}")
            for _, heard in clients:
                heard.wait(lambda frames, heard=heard: len(heard.bodies()) == 10)
            news = [[body for body in heard.bodies() if body.startswith("news")] for _, heard in clients]
            assert news == [[f"news {number}" for number in range(8)]] * 4
            for connection, _ in clients:
                connection.disconnect()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A program of others, when it takes connections."""
    import socket

    process = subprocess.Popen(tethered(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            assert process.poll() is None, command
            assert time.monotonic() < end, command
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait()
