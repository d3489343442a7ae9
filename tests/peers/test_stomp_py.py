"""stomp.py over WebSocket, where it speaks STOMP 1.2, against `ws-tutor serve`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stomp

from tests.peers.serving import Served, served

SECONDS = 20.0
# stomp.py leaves the socket of a server that was killed to the garbage collector.
SOCKETS = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
pytestmark = SOCKETS


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def server(request: pytest.FixtureRequest) -> Iterator[Served]:
    with served(uvloop=request.param == "uvloop") as running:
        yield running


class Heard(stomp.ConnectionListener):  # type: ignore[misc]
    def __init__(self) -> None:
        self.frames: list[Any] = []

    def on_message(self, frame: Any) -> None:
        self.frames.append(frame)

    on_error = on_receipt = on_message

    def wait(self, found: Callable[[list[Any]], bool]) -> list[Any]:
        end = time.monotonic() + SECONDS
        while not found(self.frames):
            assert time.monotonic() < end, [(frame.cmd, frame.headers) for frame in self.frames]
            time.sleep(0.005)
        return self.frames

    def bodies(self) -> list[str]:
        return [frame.body for frame in self.frames if frame.cmd == "MESSAGE"]


def dial(server: Served, login: str = "alice") -> tuple[Any, Heard]:
    return dial_port(server.port, login)


def dial_port(port: int, login: str = "alice") -> tuple[Any, Heard]:
    connection = stomp.WSStompConnection([("127.0.0.1", port)], ws_path="/ws")
    heard = Heard()
    connection.set_listener("", heard)
    connection.connect(login, "", wait=True)
    return connection, heard


def test_topic_and_receipt(server: Served) -> None:
    connection, heard = dial(server)
    connection.subscribe("/topic/a", id="1", receipt="subscribed")
    heard.wait(lambda frames: any(frame.cmd == "RECEIPT" for frame in frames))
    connection.send("/topic/a", "hello €")
    heard.wait(lambda frames: heard.bodies() == ["hello €"])
    connection.disconnect()


def test_queue_message_comes_again_after_its_consumer_left(server: Served) -> None:
    first, heard = dial(server)
    first.subscribe("/queue/work", id="1", ack="client-individual")
    first.send("/queue/work", "task")
    heard.wait(lambda frames: heard.bodies() == ["task"])
    first.disconnect()
    second, again = dial(server)
    second.subscribe("/queue/work", id="7", ack="client-individual")
    frames = again.wait(lambda frames: again.bodies() == ["task"])
    assert frames[-1].headers["redelivered"] == "true"
    second.ack(frames[-1].headers["ack"], receipt="acknowledged")
    again.wait(lambda frames: [frame.headers["receipt-id"] for frame in frames if frame.cmd == "RECEIPT"])
    assert [frame.cmd for frame in frames] == ["MESSAGE", "RECEIPT"]
    second.disconnect()


def test_an_error_names_what_is_wrong(server: Served) -> None:
    connection, heard = dial(server)
    connection.send_frame("SUBSCRIBE", {"id": "1"})
    frames = heard.wait(lambda frames: any(frame.cmd == "ERROR" for frame in frames))
    assert "destination" in frames[-1].headers["message"] + frames[-1].body
