"""A lab for the screen's tests: the events of a short run, made by hand from real frames, and a process that says what
the test tells it to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from labs import tape
from labs.lab import Fault, Knob, Lab
from labs.wire.frames import PING, PONG, TEXT, encode_close, encode_frame
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers
from tutor.ui.lab_model import LabModel

NONCE = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 §1.3
KEY = bytes.fromhex("37fa213d")  # of the masked Hello of RFC 6455 §5.7

LAB = Lab(
    name="small",
    title="A small lab",
    summary="One upgrade and a few frames.",
    questions=("Q2",),
    module="tests.none",
    verdicts={"upgraded": "The server upgrades", "masked": "The client masks", "never": "Nobody measures this"},
    knobs=(
        Knob("payload", "text", "Hello", "the text", pattern="[A-Za-z]*", takes="letters"),
        Knob("rate", "number", "5", "pings a second", low=1, high=9, unit="1/s", live=True),
        Knob("mode", "choice", "plain", "how", choices=("plain", "fancy")),
        Knob("compression", "flag", "off", "offer permessage-deflate"),
    ),
    faults=(
        Fault("freeze", "stop it without ending it", ("server",)),
        Fault("kill", "SIGKILL", ("server", "client")),
    ),
)


def passed(sender: str, data: bytes, t: float, *, conn: str = "c1", at: str = "client") -> tape.Bytes:
    """What one write carried."""
    receiver = "server" if sender == "client" else "client"
    return tape.Bytes(t=t, conn=conn, sender=sender, receiver=receiver, src="", dst="", at=at, hex=data.hex())


def opening() -> list[tape.Event]:
    """Lines 1 to 6: the lab, its parts, a step, the upgrade (lines 5 and 6)."""
    return [
        tape.LabStarted(
            t=0, name="small", title=LAB.title, questions=["Q2"], knobs={}, version="0", started="2026-01-02", host={}
        ),
        tape.Part(t=0.1, id="client", role="client", state="up", pid=101),
        tape.Part(t=0.1, id="server", role="server", state="up", pid=102, address="127.0.0.1:8080"),
        tape.Step(t=0.2, id="upgrade", title="The upgrade", text="Look at the status."),
        passed("client", build_request("/ws", upgrade_headers(NONCE)), 0.3),
        passed("server", build_response(101, "Switching Protocols", accept_headers(NONCE)), 0.301),
    ]


def frames() -> list[tape.Event]:
    """Lines 7 to 11: a masked text, a ping and its pong, the end of the connection. Messages 3 to 7."""
    return [
        passed("client", encode_frame(TEXT, b"Hello", mask_key=KEY), 0.4),
        passed("server", encode_frame(PING, b"7"), 0.5),
        passed("client", encode_frame(PONG, b"7", mask_key=KEY), 0.5042),
        passed("client", encode_close(1000, mask_key=KEY), 0.6),
        passed("server", encode_close(1000), 0.601),
    ]


def behind_a_balancer() -> list[tape.Event]:
    """Eight messages: a health check and its answer, an upgrade, CONNECTED in its frame, a heart-beat in its frame."""
    beat = encode_frame(TEXT, b"\n")
    subscribed = encode_frame(TEXT, b"CONNECTED\nversion:1.2\n\n\0")
    upgrade = build_request("/ws", upgrade_headers(NONCE, subprotocols=["v12.stomp"]))
    switched = build_response(101, "", accept_headers(NONCE, subprotocol="v12.stomp"))

    def between(conn: str, sender: str, receiver: str, data: bytes) -> tape.Event:
        return tape.Bytes(t=0.7, conn=conn, sender=sender, receiver=receiver, src="", dst="", at=sender, hex=data.hex())

    check = b"GET /health HTTP/1.1\r\nHost: n\r\n\r\n"
    return [
        tape.Part(t=0.6, id="lb", role="balancer", state="up"),
        between("k", "lb", "server", check),
        between("k", "server", "lb", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nup\n"),
        between("w", "lb", "server", upgrade),
        between("w", "server", "lb", switched),
        between("w", "server", "lb", subscribed),
        between("w", "server", "lb", beat),
    ]


def flood(count: int, start: float = 1.0) -> list[tape.Event]:
    """Texts of the client, a thousand a second."""
    return [
        passed("client", encode_frame(TEXT, f"message {number}".encode(), mask_key=KEY), start + number / 1000)
        for number in range(count)
    ]


def asked(form: str = "number", *, id: str = "q", options: list[str] | None = None, unit: str = "") -> tape.Predict:
    """A prediction."""
    return tape.Predict(t=0.35, id=id, ask="What will it be?", form=form, options=options or [], unit=unit)


def verdict(id: str = "upgraded", *, ok: bool = True, evidence: list[int] | None = None) -> tape.Verdict:
    """A claim of LAB, judged from the lines of the upgrade."""
    observed = "101 Switching Protocols" if ok else "200 OK"
    return tape.Verdict(
        t=0.7, id=id, claim=LAB.verdicts[id], ok=ok, expected="101", observed=observed, evidence=evidence or [5, 6]
    )


def step(id: str = "second") -> tape.Step:
    """Another step."""
    return tape.Step(t=0.8, id=id, title="A second step", text="It waits.")


def free_play() -> tape.Step:
    """The steps are done."""
    return tape.Step(t=0.85, id=tape.FREE_PLAY, title="Break it yourself", text="As often as you like.")


def injected(id: str = "freeze", target: str = "server") -> tape.FaultInjected:
    """What the learner has broken."""
    return tape.FaultInjected(t=2, id=id, target=target, by="learner")


def ended(error: str | None = None, *, ok: bool = True) -> tape.Ended:
    """The last line."""
    return tape.Ended(t=0.9, ok=ok and error is None, verdicts=1, seconds=0.9, error=error)


def model_of(*events: tape.Event) -> LabModel:
    """What the screen would know after these."""
    model = LabModel()
    for event in events:
        model.add(event)
    return model


class FakeProcess:
    """Says what the test tells it to; `sent` are the commands that it was given."""

    def __init__(self, name: str, knobs: Mapping[str, str]) -> None:
        self.name = name
        self.knobs = dict(knobs)
        self.sent: list[Mapping[str, object]] = []
        self.stopped = False
        self._lines: asyncio.Queue[list[str] | None] = asyncio.Queue()
        self._said = ""

    def say(self, *events: tape.Event) -> None:
        """These are on the tape now."""
        self._lines.put_nowait([tape.to_line(event) for event in events])

    def print(self, *lines: str) -> None:
        """These are on standard output, a tape or not."""
        self._lines.put_nowait(list(lines))

    def exit(self, said: str = "") -> None:
        """The process ends."""
        self._said = said
        self._lines.put_nowait(None)

    async def run(self, take: Callable[[list[str]], None]) -> str:
        while (lines := await self._lines.get()) is not None:
            take(lines)
        return self._said

    async def send(self, command: Mapping[str, object]) -> None:
        self.sent.append(command)

    async def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.exit()
