"""What the nodes of one broker write to their store and read there: demands as the arguments of relay.lua, answers and
the entries of an inbox as what the broker takes. No I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labs.broker.config import Limits
from labs.broker.demands import (
    Allow,
    Answer,
    Arrival,
    Arrived,
    Cut,
    Demand,
    Done,
    Enter,
    Exit,
    Heard,
    Join,
    Joined,
    Leave,
    Listen,
    Mark,
    Part,
    Post,
    QueueMade,
    Redeem,
    Retire,
    Submit,
    Unlisten,
)

Argument = str | bytes | int
PREFIX = "ws-tutor:"  # of every key, as in relay.lua
_KINDS = {"topic": "t", "queue": "q", "user": "u"}
_SOURCE = Path(__file__).with_name("relay.lua")


def script(limits: Limits, *, lease: float, inbox: int, repeat: float, dead_letters: str, over_memory: bool) -> str:
    """The source for these limits (seconds, bytes). `over_memory`: it may run when the store is full, which what frees
    memory must."""
    values = {
        "destinations": limits.destinations, "queue_messages": limits.queue_messages,
        "stored_bytes": limits.stored_bytes, "queue_ms": _ms(limits.queue_seconds), "tries": limits.tries,
        "replay_messages": limits.replay_messages, "replay_bytes": limits.replay_bytes,
        "replay_ms": _ms(limits.replay_seconds), "replay_stored": limits.replay_stored,
        "idempotency_keys": limits.idempotency_keys, "idempotency_stored": limits.idempotency_stored,
        "idempotency_ms": _ms(limits.idempotency_seconds), "lease_ms": _ms(lease), "inbox": inbox,
        "repeat_ms": _ms(repeat), "sessions_per_user": limits.sessions_per_user,
        "sessions_per_address": limits.sessions_per_address,
    }  # fmt: skip
    table = ", ".join(f"{name} = {value}" for name, value in values.items())
    letters = "".join(f"\\{byte:03d}" for byte in dead_letters.encode())
    first = "#!lua flags=allow-oom" if over_memory else "#!lua"
    return f'{first}\nlocal L = {{{table}, dead_letters = "{letters}"}}\n' + _SOURCE.read_text(encoding="utf-8")


class Numbered:
    """Demands as arguments, for one node. Steps that must not be done twice have a number."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._count = 0

    def number(self) -> int:
        """The next."""
        self._count += 1
        return self._count

    def arguments(self, demand: Demand, number: int, attempt: int) -> list[Argument]:
        """All but the script's hash and the count of keys, which is 0."""
        node = self._node
        match demand:
            case Submit():
                return [
                    "submit", node, number, f"{demand.step} {attempt}" if demand.placed else "",
                    *self._marks(demand.settled), *self._marks(demand.returned), *self._marks(demand.bounced),
                    len(demand.groups), *(each for group in demand.groups for each in _group(group)),
                ]  # fmt: skip
            case Listen(step, topic, last_seen, owner):
                return ["listen", node, f"{step} {attempt}", topic, "" if last_seen is None else last_seen, owner]
            case Unlisten(topic):
                return ["unlisten", node, topic]
            case Join(_, consumer, queues, credit, matching, owner):
                room, every = "" if credit is None else credit, "all" if matching else ""
                return ["join", node, self._name(consumer), room, every, owner, len(queues), *queues]
            case Allow(consumer, more):
                return ["allow", node, number, self._name(consumer), more]
            case Retire(consumer):
                return ["retire", node, self._name(consumer)]
            case Leave(consumers, tried, kept):
                names = map(self._name, consumers)
                return ["leave", node, number, len(consumers), *names, *_held(tried), *_held(kept)]
            case Enter(session, user, address, step):
                return ["enter", node, session, user, address, "counted" if step else ""]
            case Exit(session, user, address):
                return ["exit", node, session, user, address]
            case Redeem():
                raise TypeError("a ticket is no matter of the script")

    def _name(self, consumer: int) -> str:
        return f"{self._node}/{consumer}"

    def _marks(self, marks: Sequence[Mark]) -> list[Argument]:
        flat: list[Argument] = [len(marks)]
        for consumer, queue, number in marks:
            flat += (self._name(consumer), queue, number)
        return flat


def answer_to(demand: Demand, reply: Sequence[Any]) -> Answer:
    """What the script returned for it."""
    if isinstance(demand, Submit):
        refused, destination = (_text(each) for each in (*reply[1:3], b"", b"")[:2])
        return Done(int(reply[0]), refused, destination)
    if isinstance(demand, Listen):
        if reply == [b"owned"]:
            return Heard(0, 0, refused="owned")
        messages = [arrived(entry, demand.topic) for entry in reply[2:]]
        return Heard(int(reply[0]), int(reply[1]), messages)
    if isinstance(demand, Join):
        names = [_text(each) for each in reply]
        return Joined(tuple(names[1:]) if demand.matching else (), names[0] if names else "")
    if isinstance(demand, Enter):
        return Done(refused="" if reply[0] == b"ok" else _text(reply[0]))
    return Done()


def read_entry(entry: bytes) -> Arrival | tuple[int, int]:
    """An entry of an inbox: an arrival, or the place of an answer: its step and which attempt at it."""
    fields, body = _split(entry)
    if "a" in fields:
        step, attempt = fields["a"].split()
        return int(step), int(attempt)
    if "m" in fields:
        return QueueMade(fields["m"])
    if "cut" in fields:
        return Cut()
    return _arrived(fields, body)


def arrived(entry: bytes, topic: str) -> Arrived:
    """An entry of what is kept of a topic."""
    return _arrived(*_split(entry))


def _arrived(fields: dict[str, Any], body: bytes) -> Arrived:
    headers = tuple((name, value) for name, value in fields["h"])
    common = (fields["d"], headers, body, fields["i"], fields["t"])
    if "q" in fields:
        consumer = int(fields["q"].rpartition("/")[2])
        return Arrived("queue", *common, fields["s"], consumer, fields["n"])
    if "u" in fields:
        return Arrived("user", *common, name=fields["u"], channel=fields["c"])
    return Arrived("topic", *common, fields["s"])


def _split(entry: bytes) -> tuple[dict[str, Any], bytes]:
    head, _, body = entry.partition(b"\n")
    return json.loads(head), body


def _group(parts: Sequence[Part]) -> list[Argument]:
    flat: list[Argument] = [len(parts)]
    for part in parts:
        flat += (part.owner, part.key, len(part.posts))
        for post in part.posts:
            flat += (_KINDS[post.kind], post.destination, post.name, _rest(post))
    return flat


def _rest(post: Post) -> bytes:
    """The entry of this message without its beginning, which the script gives it."""
    fields: dict[str, object] = {"d": post.destination, "i": post.message_id, "h": post.headers, "t": post.time}
    if post.kind == "user":
        fields |= {"u": post.name, "c": post.channel}
    return json.dumps(fields, separators=(",", ":"))[1:].encode() + b"\n" + post.body


def _held(marks: Sequence[Mark]) -> list[Argument]:
    return [len(marks), *(f"{number} {queue}" for _, queue, number in marks)]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
