"""The clients of the stomp lab: those that live in the lab's own process, and the workers, which can be killed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labs.net.processes import Child
from labs.net.tap import Tap
from labs.net.tasks import together
from labs.recording import Tape
from labs.scenarios.stomp_steps import JOBS, offered
from labs.stage import Stage
from labs.wire.stomp import Frame

if TYPE_CHECKING:
    from labs.net.stomp_client import StompClient

WORKER = "labs.net.worker"
WORKERS = ("worker-1", "worker-2")
SHOWN_SECONDS = 5.0  # for something to appear on the tape


class Clients:
    """Who is connected, by name, and what the knobs say of all of them."""

    def __init__(self, stage: Stage, broker: Child) -> None:
        self.stage = stage
        self.address = broker.address
        self.version = str(stage.knobs["version"])
        self.receipts = stage.knobs["semantics"] == "full"
        self._taps: dict[str, Tap] = {}
        self._open: dict[str, StompClient] = {}
        self._workers: list[str] = []

    def __getitem__(self, name: str) -> StompClient:
        return self._open[name]

    async def join(
        self, name: str, *, versions: Sequence[str] = (), login: str = "", heart_beat: str = "0,0", role: str = "client"
    ) -> StompClient:
        """A client connects; by default it offers what the knob says."""
        from labs.net.stomp_client import connect

        self.stage.part(name, role)
        tap = self._taps.setdefault(name, self.stage.tap(name))
        self._open[name] = client = await connect(
            tap, self.address, versions=versions or offered(self.version), login=login or name, heart_beat=heart_beat,
            receipts=self.receipts,
        )  # fmt: skip
        return client

    async def leave(self, *names: str) -> None:
        """Clients end their sessions."""
        for name in names:
            await self._open.pop(name).disconnect()
            self.stage.part(name, "client", "down")

    async def cut(self, name: str) -> None:
        """A client's connection is cut in the middle."""
        client = self._open.pop(name)
        client.abort()
        await client.wait_closed()
        self.stage.part(name, "client", "down")

    # Workers.

    async def hire(self) -> None:
        """Start the workers that are not there, each a process, and wait until they are subscribed."""
        names = [name for name in WORKERS if name not in self._workers]
        ack = str(self.stage.knobs["ack"])
        if self.version == "1.0" and ack == "client-individual":
            ack = "client"  # 1.0 has no other
        await together(
            *(
                self.stage.spawn(
                    name, "client", WORKER, address=self.address, destination=JOBS, version=self.version, ack=ack,
                    receipts=self.receipts,
                )
                for name in names
            )
        )  # fmt: skip
        self._workers += names

    async def kill(self, name: str) -> None:
        """SIGKILL; wait until the process is gone, and its connections with it."""
        self._workers.remove(name)
        await self.stage.parts.kill(name)

    async def holder(self, body: str) -> str | None:
        """The worker that a job was delivered to; None where it is delivered to none."""
        shown = await self.stage.shows(lambda tape: bool(received(tape, body, WORKERS)), SHOWN_SECONDS)
        return received(self.stage.tape, body, WORKERS)[0] if shown else None

    async def arrived(self, bodies: Sequence[str], among: Sequence[str] = WORKERS, times: int = 1) -> bool:
        """Wait until each of these bodies has come to parts `among` so many times in all; whether it did."""
        return await self.stage.shows(
            lambda tape: all(len(received(tape, body, among)) >= times for body in bodies), SHOWN_SECONDS
        )


def received(tape: Tape, body: str, among: Sequence[str]) -> list[str]:
    """Which of these parts got a MESSAGE with that body, once a MESSAGE, in order."""
    end = b"\n\n" + body.encode() + b"\0"
    return [
        traced.message.receiver
        for traced in tape.messages()
        if traced.message.proto == "stomp"
        and traced.message.receiver in among
        and traced.message.raw.startswith(b"MESSAGE")
        and traced.message.raw.endswith(end)
    ]


def message(destination: str, body: str, **headers: str) -> Frame:
    """A SEND."""
    return Frame("SEND", (("destination", destination), *headers.items()), body.encode())


def subscribe(id: str, destination: str, ack: str = "auto") -> Frame:
    """A SUBSCRIBE."""
    return Frame("SUBSCRIBE", (("id", id), ("destination", destination), ("ack", ack)))
