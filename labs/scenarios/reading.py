"""What the verdicts of several labs read off a tape: HTTP exchanges and frames, each with its lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

from labs.recording import Tape, Traced
from labs.tape import Step
from labs.wire.http_head import Head, parse_head
from labs.wire.message import WsFrame


@dataclass(frozen=True, slots=True)
class Exchange:
    """The first request on a connection and what answered it, if anything did."""

    conn: str
    request: Traced
    asked: Head
    response: Traced | None
    answered: Head | None

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the tape that carried both."""
        return self.request.lines + (self.response.lines if self.response else ())

    @property
    def status(self) -> str:
        """`400 Bad Request`, or `no answer`."""
        return f"{self.answered.status} {self.answered.reason}".strip() if self.answered else "no answer"


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A WebSocket frame on the tape."""

    traced: Traced
    frame: WsFrame

    @property
    def sender(self) -> str:
        return self.traced.message.sender

    @property
    def raw(self) -> bytes:
        return self.traced.message.raw


def exchanges(tape: Tape, *steps: str, server: str | None = None) -> list[Exchange]:
    """The exchanges whose connections began in one of `steps` (all without any), with `server` where given."""
    found = []
    known = _ANSWERED.setdefault(tape, {})
    spoken: dict[str, list[Traced]] = {}
    for traced in tape.messages():
        if traced.message.proto == "http" and traced.message.conn not in known:
            spoken.setdefault(traced.message.conn, []).append(traced)
    for conn in tape.conns():
        exchange = known.get(conn) or _exchange(conn, spoken.get(conn, []))
        if exchange is not None and exchange.response is not None:
            known[conn] = exchange
        if exchange is None or (steps and exchange.request.step not in steps):
            continue
        if server in (None, exchange.request.message.receiver):
            found.append(exchange)
    return found


def _exchange(conn: str, messages: list[Traced]) -> Exchange | None:
    heads = [(traced, _head(traced.message.raw)) for traced in messages]
    request = next(((traced, head) for traced, head in heads if head.method), None)
    if request is None:
        return None
    response = next(((traced, head) for traced, head in heads if head.status), (None, None))
    return Exchange(conn, *request, *response)


# A tape is read anew for each verdict, and a herd has many heads: what is answered stays as it is.
_head = lru_cache(maxsize=8192)(parse_head)
_ANSWERED: WeakKeyDictionary[Tape, dict[str, Exchange]] = WeakKeyDictionary()


def since(tape: Tape, step: str) -> int:
    """The line on which a step began; beyond the end of the tape when it has not."""
    return next((line for line, event in tape.of(Step) if event.id == step), len(tape.events) + 1)


def frames(
    tape: Tape, *, conn: str | None = None, step: str | None = None, sender: str | None = None
) -> list[SeenFrame]:
    """The frames in order: on `conn`, on connections that began in `step`, from `sender`, where given."""
    return [
        SeenFrame(traced, traced.message.frame)
        for traced in tape.messages(conn=conn, step=step)
        if traced.message.frame is not None and sender in (None, traced.message.sender)
    ]
