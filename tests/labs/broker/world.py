"""A broker and its clients without a socket: effects are carried out into inboxes, and time is set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labs.broker import Broker, BrokerConfig, Close, Effect, Limits, Peer, Reading, Send
from labs.wire.stomp import Frame, HeartBeat, StompParser, Version

CONFIG = BrokerConfig(wall=1_700_000_000.0)


def config(**changes: Any) -> BrokerConfig:
    """The default with some fields, or some limits, changed."""
    names = set(Limits.__dataclass_fields__)
    limits = {name: changes.pop(name) for name in list(changes) if name in names}
    return replace(CONFIG, limits=Limits(**limits), **changes)


class Client:
    """What one connection has received, frame by frame as a client of its version reads it."""

    def __init__(self, world: World, name: str, version: Version) -> None:
        self.world = world
        self.name = name
        self.version = version
        self.inbox: list[Frame] = []
        self.raw: list[bytes] = []
        self.binary: list[bool] = []
        self.beats = 0
        self.closed: tuple[int, str] | None = None
        self.paused = False  # what it writes is not read

    def write(self, data: bytes | str) -> None:
        self.world.carry_out(self.world.broker.receive(self.name, data, self.world.now))

    def send(
        self, command: str, body: bytes = b"", headers: Mapping[str, object] | None = None, **more: object
    ) -> None:
        """Write a frame; underscores in keyword names stand for dashes. Values are written as they are."""
        lines = [command, *(f"{name}:{value}" for name, value in (headers or {}).items())]
        lines += [f"{name.replace('_', '-')}:{value}" for name, value in more.items()]
        self.write("\n".join(lines).encode() + b"\n\n" + body + b"\0")

    def connect(self, **headers: object) -> Frame:
        self.send("CONNECT", accept_version=self.version, host="h", **headers)
        return self.take("CONNECTED")

    def subscribe(self, destination: str, name: object = 1, ack: str = "auto", **more: object) -> None:
        self.send("SUBSCRIBE", id=name, destination=destination, ack=ack, **more)

    def publish(self, destination: str, body: str, **more: object) -> None:
        self.send("SEND", body.encode(), destination=destination, **more)

    def take(self, command: str | None = None) -> Frame:
        """The next frame, which is of that command."""
        assert self.inbox, f"{self.name} has received nothing; closed: {self.closed}"
        frame = self.inbox.pop(0)
        assert command is None or frame.command == command, frame
        return frame

    def bodies(self) -> list[str]:
        """Those of all MESSAGEs that are there."""
        frames, self.inbox = self.inbox, []
        assert all(frame.command == "MESSAGE" for frame in frames), frames
        return [frame.body.decode() for frame in frames]

    def failed(self, *words: str, code: int = 1002, receipt: str | None = None) -> Frame:
        """The ERROR that ended it: its texts, its receipt-id and the close code behind it."""
        frame = self.take("ERROR")
        for word in words:
            assert word in (frame.get("message") or ""), frame.get("message")
            assert word in frame.body.decode()
        assert (frame.get("content-type") or "").startswith("text/plain")
        assert frame.get("content-length") == str(len(frame.body))
        assert frame.get("receipt-id") == receipt
        assert not self.inbox, "nothing follows an ERROR"
        assert self.closed is not None
        assert self.closed[0] == code, self.closed
        assert len(self.closed[1].encode()) <= 123
        return frame

    def lose(self) -> None:
        self.world.carry_out(self.world.broker.lost(self.name, self.world.now))


class World:
    """The broker under test. `now` is its clock."""

    def __init__(self, config: BrokerConfig = CONFIG) -> None:
        self.now = 100.0
        self.broker = Broker(config, self.now)
        self.clients: dict[str, Client] = {}
        self.effects: list[Effect] = []
        self._made = 0

    def open(self, version: Version = "1.2", peer: Peer | None = None) -> Client:
        """A connection that has not sent anything."""
        self._made += 1
        client = Client(self, f"s{self._made}", version)
        self.clients[client.name] = client
        self.carry_out(self.broker.open(client.name, peer or Peer("10.0.0.1"), self.now))
        return client

    def client(self, version: Version = "1.2", **headers: object) -> Client:
        """A connected client."""
        client = self.open(version)
        client.connect(**headers)
        return client

    def wait(self, seconds: float) -> None:
        """Let time pass, with a tick whenever the broker asked for one."""
        until = self.now + seconds
        while (due := self.broker.next_deadline()) <= until:
            self.now = max(self.now, due)
            self.carry_out(self.broker.tick(self.now))
        self.now = until

    def carry_out(self, effects: list[Effect]) -> None:
        self.effects = effects
        for effect in effects:
            if isinstance(effect, Send):
                for message, sessions in effect.messages():
                    for session in sessions:
                        self._deliver(self.clients[session], message, effect.binary)
            elif isinstance(effect, Close):
                client = self.clients[effect.session]
                assert client.closed is None, "closed twice"
                client.closed = (effect.code, effect.reason)
            elif isinstance(effect, Reading):
                assert self.clients[effect.session].paused is effect.on, "said twice"
                self.clients[effect.session].paused = not effect.on
            else:
                raise AssertionError(effect)

    @staticmethod
    def _deliver(client: Client, message: bytes, binary: bool) -> None:
        assert client.closed is None, "a frame behind the close"
        if not binary:
            message.decode()
        events = StompParser(client.version).receive(message)
        assert len(events) == 1, events
        (event,) = events
        if isinstance(event, HeartBeat):
            client.beats += event.count
        else:
            assert isinstance(event, Frame), event
            client.inbox.append(event)
            client.raw.append(message)
            client.binary.append(binary)
