"""How fast the STOMP codec and the broker are without a socket, beside stomp.py and stompman in the same run.

python -m tests.bench.broker        with the other two: pip install --target DIR stomp.py stompman, then PYTHONPATH=DIR
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from labs.broker import Broker, BrokerConfig, Limits, Peer, Send
from labs.wire.stomp import Frame, StompParser, encode
from tests.bench.rounds import best

FRAMES = 2000
SPLIT = 40  # bytes of a piece
BODY = b"x" * 128
FRAME = Frame(
    "MESSAGE",
    (
        ("subscription", "sub-0"), ("message-id", "n0-12345"), ("destination", "/topic/prices"),
        ("content-type", "text/plain"), ("content-length", "128"),
    ),
    BODY,
)  # fmt: skip
WIRE = encode(FRAME)


def main() -> None:
    """Print rates and ratios; the best of some rounds, since the machine is shared."""
    whole = [WIRE] * FRAMES
    stream = WIRE * FRAMES
    split = [stream[start : start + SPLIT] for start in range(0, len(stream), SPLIT)]
    codec(
        "parse, a frame a read",
        lambda: ours_parse(whole),
        {name: lambda p=p: p(whole) for name, p in parsers().items()},
    )
    codec(
        "parse, 40 bytes a read",
        lambda: ours_parse(split),
        {name: lambda p=p: p(split) for name, p in parsers().items()},
    )
    codec("encode", ours_encode, encoders())
    for ids, text in ((1, "the same subscription id"), (1000, "1,000 subscription ids")):
        seconds = fan_out(ids)
        print(f"fan-out 1 -> 1,000, {text}: {seconds * 1e6:.0f} µs a message, {1000 / seconds / 1e6:.2f}M deliveries/s")
    for ack in ("auto", "client-individual"):
        print(f"queue, one producer, one consumer, {ack}: {queue(ack):,.0f} messages/s")


def codec(title: str, ours: Callable[[], object], theirs: dict[str, Callable[[], object]]) -> None:
    """One line: our rate, and each other's with the ratio."""
    mine = best(ours)
    others = [f"{name} {FRAMES / (each := best(run)):,.0f}/s, ratio {each / mine:.2f}" for name, run in theirs.items()]
    print(f"{title}: {FRAMES / mine:,.0f} frames/s; {'; '.join(others) or 'stomp.py and stompman are not installed'}")


def ours_parse(chunks: list[bytes]) -> None:
    parser, count = StompParser(), 0
    for chunk in chunks:
        count += len(parser.receive(chunk))
    assert count == FRAMES


def ours_encode() -> None:
    for _ in range(FRAMES):
        encode(FRAME)


def parsers() -> dict[str, Callable[[list[bytes]], None]]:
    """The others' incremental parsers, whichever are installed."""
    found: dict[str, Callable[[list[bytes]], None]] = {}
    try:
        from stompman.serde import FrameParser
    except ImportError:
        pass
    else:

        def stompman(chunks: list[bytes]) -> None:
            parser = FrameParser()
            assert sum(1 for chunk in chunks for _ in parser.parse_frames_from_chunk(chunk)) == FRAMES

        found[f"stompman {version('stompman')}"] = stompman
    try:
        from stomp.transport import BaseTransport
        from stomp.utils import parse_frame
    except ImportError:
        return found

    class Fed(BaseTransport):  # type: ignore[misc]
        """Its read loop, given chunks in place of a socket."""

        def receive(self) -> bytes:
            return next(self.chunks, b"")

    def stomp_py(chunks: list[bytes]) -> None:
        transport, count = Fed(), 0
        transport.chunks, transport.running = iter(chunks), True
        while count < FRAMES:
            for raw in transport._BaseTransport__read():
                assert parse_frame(raw).cmd == "MESSAGE"
                count += 1

    found[f"stomp.py {version('stomp.py')}"] = stomp_py
    return found


def encoders() -> dict[str, Callable[[], object]]:
    """The others' encoders, given what they take."""
    found: dict[str, Callable[[], object]] = {}
    headers = dict(FRAME.headers)
    try:
        from stompman.frames import MessageFrame
        from stompman.serde import dump_frame
    except ImportError:
        pass
    else:
        frame = MessageFrame(headers=headers, body=BODY)
        found["stompman"] = lambda: [dump_frame(frame) for _ in range(FRAMES)]
    try:
        from stomp import utils
        from stomp.protocol import Protocol12
    except ImportError:
        return found
    escape = Protocol12._escape_headers

    def stomp_py() -> None:
        for _ in range(FRAMES):
            copy = dict(headers)
            escape(None, copy)
            b"".join(utils.convert_frame(utils.Frame("MESSAGE", copy, BODY)))

    try:
        stomp_py()
    except (AttributeError, TypeError):  # its escaping needs a connection in some versions
        escape = lambda self, headers: None  # noqa: E731
    found["stomp.py"] = stomp_py
    return found


def connected(*names: str) -> Broker:
    """A broker with these sessions connected."""
    broker = Broker(BrokerConfig(limits=Limits(frames_per_second=1e9, frames_burst=10**9)), 0.0)
    for name in names:
        broker.open(name, Peer("a"), 0.0)
        broker.receive(name, "CONNECT\naccept-version:1.2\n\n\0", 0.0)
    return broker


def fan_out(ids: int, messages: int = 200) -> float:
    """Seconds that one SEND to 1,000 subscribers takes, each distinct message laid out and each recipient looked at."""
    names = [f"s{number}" for number in range(1000)]
    broker = connected("p", *names)
    for number, name in enumerate(names):
        broker.receive(name, f"SUBSCRIBE\nid:sub-{number % ids}\ndestination:/topic/a\n\n\0", 0.0)
    frame = b"SEND\ndestination:/topic/a\n\n" + BODY + b"\0"

    def run() -> None:
        for _ in range(messages):
            count = 0
            for effect in broker.receive("p", frame, 1.0):
                assert isinstance(effect, Send)
                for _message, sessions in effect.messages():
                    for _session in sessions:
                        count += 1
            assert count == 1000

    return best(run) / messages


def queue(ack: str, messages: int = 2000) -> float:
    """Messages a second through a queue: SEND in, MESSAGE out, and with acknowledgement its ACK in."""
    broker = connected("p", "c")
    broker.receive("c", f"SUBSCRIBE\nid:1\ndestination:/queue/a\nack:{ack}\n\n\0", 0.0)
    frame = b"SEND\ndestination:/queue/a\n\n" + BODY + b"\0"

    def run() -> None:
        for _ in range(messages):
            (effect,) = broker.receive("p", frame, 1.0)
            assert isinstance(effect, Send)
            ((message, _),) = effect.messages()
            if ack != "auto":
                start = message.index(b"\nack:") + 5
                broker.receive("c", b"ACK\nid:" + message[start : message.index(b"\n", start)] + b"\n\n\0", 1.0)

    return messages / best(run)


if __name__ == "__main__":
    main()
