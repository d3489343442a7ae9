"""Drills on STOMP 1.2: heart-beats as two frames settle them, and the order of a session's frames."""

from __future__ import annotations

import random
from collections.abc import Sequence

from labs.wire.stomp import Frame, StompParser, encode
from tutor.study.drills.drill import Answer, Draft, Mismatch, must

TOPICS = ("/topic/prices", "/topic/chat", "/queue/orders", "/user/queue/alerts", "/topic/rooms.7")
_INTERVALS = (0, 1000, 2000, 4000, 5000, 8000, 10000, 15000, 20000, 25000, 30000)


def _parsed(frames: Sequence[Frame]) -> list[Frame]:
    """The frames after a way over the wire; raises Mismatch where they did not survive it."""
    events = StompParser().receive(b"".join(map(encode, frames)))
    read = [event for event in events if isinstance(event, Frame)]
    must([frame.command for frame in frames], [frame.command for frame in read])
    return read


def _shown(frame: Frame) -> str:
    return encode(frame).rstrip(b"\0").decode().replace("\n", "\n  ").rstrip() + " ^@"


def heart_beat(rng: random.Random) -> Draft:
    """What both sides have to send after CONNECT and CONNECTED (STOMP 1.2, Heart-beating)."""
    cx, cy, sx, sy = (rng.choice(_INTERVALS) + rng.randrange(10) * 100 * (rng.random() < 0.5) for _ in range(4))
    frames = (
        Frame("CONNECT", (("accept-version", "1.2"), ("host", "localhost"), ("heart-beat", f"{cx},{cy}"))),
        Frame("CONNECTED", (("version", "1.2"), ("heart-beat", f"{sx},{sy}"))),
    )
    read = [tuple(int(part) for part in (frame.get("heart-beat") or "").split(",")) for frame in _parsed(frames)]
    must([(cx, cy), (sx, sy)], read)
    client, server = _agreed(cx, sy), _agreed(sx, cy)
    wrong = (
        Answer(
            _rates(min(cx, sy), min(sx, cy)), "the smaller was taken: whoever is slower decides, so the larger holds"
        ),
        Answer(
            _rates(_agreed(cx, sx), _agreed(cy, sy)),
            "like was put with like: what one can send meets what the other wants",
        ),
        Answer(_rates(server, client), "the directions were swapped: the first number is what its own side can send"),
        Answer(_rates(max(cx, sy), max(sx, cy)), "0 was taken for a number: on either side it means none at all"),
        Answer(_rates(cx, sx), "what was offered was taken for settled; the other side's wish counts as well"),
    )
    why = (
        f"Client to server: it can {cx}, the server wants {sy}: {_rate(client)}. Server to client: it can {sx}, "
        f"the client wants {cy}: {_rate(server)}. The larger holds, and 0 on either side means none (STOMP 1.2)."
    )
    ask = "Which heart-beats were agreed on?"
    data = b"".join(map(encode, frames))
    return Draft(ask, "\n\n".join(map(_shown, frames)), data, _rates(client, server), wrong, why)


def _agreed(can: int, wants: int) -> int:
    return max(can, wants) if can and wants else 0


def _rate(every: int) -> str:
    return f"every {every} ms" if every else "none"


def _rates(client: int, server: int) -> str:
    return f"client {_rate(client)}, server {_rate(server)}"


# rule: what comes first, what later, the mistake of who turns them round
_RULES = (
    ("CONNECT", "CONNECTED", "the server answers CONNECT, it does not open the session"),
    ("CONNECTED", "SUBSCRIBE", "nothing is sent before CONNECTED"),
    ("CONNECTED", "BEGIN", "nothing is sent before CONNECTED"),
    ("SUBSCRIBE", "MESSAGE", "without a subscription no MESSAGE comes"),
    ("MESSAGE", "ACK", "an ACK names the ack header of a MESSAGE that has come"),
    ("BEGIN", "ACK", "the ACK belongs to a transaction, which BEGIN opens first"),
    ("ACK", "COMMIT", "what belongs to a transaction comes before its COMMIT"),
    ("BEGIN", "COMMIT", "a transaction begins with BEGIN"),
    ("COMMIT", "DISCONNECT", "DISCONNECT ends the session, and drops a transaction that is open"),
    ("ACK", "DISCONNECT", "DISCONNECT ends the session; nothing is sent after it"),
    ("DISCONNECT", "RECEIPT", "the RECEIPT answers the DISCONNECT that asked for it"),
)


def broken_rule(commands: Sequence[str]) -> str:
    """What is wrong with the order of these commands, each of which occurs once; nothing where it is right."""
    place = {command: at for at, command in enumerate(commands)}
    broken = (
        mistake for first, later, mistake in _RULES if first in place and later in place and place[first] > place[later]
    )
    return next(broken, "")


def order(rng: random.Random) -> Draft:
    """The frames of a session, shuffled."""
    topic, number, receipt = rng.choice(TOPICS), str(rng.randrange(1000)), f"bye-{rng.randrange(1000)}"
    transaction = (("transaction", f"tx-{number}"),) if rng.random() < 0.5 else ()
    headers = (("subscription", number), ("destination", topic), ("message-id", f"m{number}"), ("ack", f"a{number}"))
    session = [
        Frame("CONNECT", (("accept-version", "1.2"), ("host", "localhost"))),
        Frame("CONNECTED", (("version", "1.2"),)),
        Frame("SUBSCRIBE", (("id", number), ("destination", topic), ("ack", "client-individual"))),
        Frame("MESSAGE", headers, b"42"),
        *([Frame("BEGIN", transaction)] if transaction else []),
        Frame("ACK", (("id", f"a{number}"), *transaction)),
        *([Frame("COMMIT", transaction)] if transaction else []),
        Frame("DISCONNECT", (("receipt", receipt),)),
        Frame("RECEIPT", (("receipt-id", receipt),)),
    ]  # fmt: skip
    commands = [frame.command for frame in _parsed(session)]
    if broken_rule(commands):
        raise Mismatch(f"{commands}: {broken_rule(commands)}")
    wrong = []
    for at in range(len(commands) - 1):
        turned = [*commands[:at], commands[at + 1], commands[at], *commands[at + 2 :]]
        if mistake := broken_rule(turned):
            wrong.append(Answer(_arrows(turned), mistake))
    shuffled = rng.sample(session, len(session))
    why = "CONNECT and CONNECTED first; SUBSCRIBE before MESSAGE before ACK; DISCONNECT last, answered by its RECEIPT."
    shown = "\n".join(map(_shown, shuffled))
    data = b"".join(map(encode, shuffled))
    return Draft("In which order did these frames come?", shown, data, _arrows(commands), tuple(wrong), why)


def _arrows(commands: Sequence[str]) -> str:
    return " → ".join(commands)
