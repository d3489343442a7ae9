"""Drives the STOMP broker: carries its effects out on channels (a WebSocket, a SockJS session), gives it the time and
what comes in. What STOMP says is the broker's matter."""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache

from labs.broker import Broker, Close, Effect, Peer, Reading, Send, SharedBroker
from labs.broker.demands import Answer, Arrival, Demand
from labs.net.link import Channel, Link
from labs.net.tasks import first_of

_TEXT, _BINARY = 0x81, 0x82  # FIN and the opcode (RFC 6455 §5.2)


@lru_cache(maxsize=1024)
def frame_header(size: int, text: bool) -> bytes:
    """What begins a whole unmasked frame, as a server sends it, with a payload of `size` bytes (RFC 6455 §5.2)."""
    first = _TEXT if text else _BINARY
    if size < 126:
        return bytes((first, size))
    if size < 65536:
        return struct.pack("!BBH", first, 126, size)
    return struct.pack("!BBQ", first, 127, size)


class Stomp:
    """The sessions of one broker. `delivered` is told, for each MESSAGE, how long it took from publishing to writing it
    and how many got it; `demand` gets what a shared broker wants of the store, whose answers come by the calls of
    relay.Node."""

    def __init__(
        self,
        broker: Broker,
        delivered: Callable[[float, int], None] = lambda seconds, count: None,
    ) -> None:
        self.broker = broker
        self._loop = asyncio.get_running_loop()
        self._channels: dict[str, Channel] = {}
        self._effects: deque[Effect] = deque()
        self._applying = False
        self._gathered: list[Link] = []  # that have something to write
        self._empty = asyncio.Event()
        self._delivered = delivered
        self.demand: Callable[[Demand], None] = lambda demand: None
        self._timer: asyncio.TimerHandle | None = None
        self._due = float("inf")

    @property
    def sessions(self) -> int:
        """Those that have a channel."""
        return len(self._channels)

    def now(self) -> float:
        """The broker's clock, in seconds."""
        return time.monotonic()  # as exact as the loop's without uvloop, whose counts whole milliseconds

    def open(self, channel: Channel, peer: Peer) -> str:
        """A new connection; returns the name of its session."""
        session = secrets.token_hex(8)
        self._channels[session] = channel
        self._apply(self.broker.open(session, peer, self.now()))
        return session

    def receive(self, session: str, data: bytes | str) -> None:
        """A message of the client."""
        self._apply(self.broker.receive(session, data, self.now()))

    def lost(self, session: str) -> None:
        """The connection is gone."""
        if self._channels.pop(session, None) is not None:
            self._apply(self.broker.lost(session, self.now()))
            if not self._channels:
                self._empty.set()

    def too_big(self, session: str) -> None:
        """A message of the client is larger than its channel takes."""
        self._apply(self.broker.too_big(session, self.now()))

    def growing(self, session: str, size: int) -> None:
        """So many bytes have come of a message of the client that is not whole."""
        self._apply(self.broker.growing(session, size, self.now()))

    def congested(self, session: str) -> None:
        """The channel's buffer is full."""
        self._apply(self.broker.congested(session, self.now()))

    def writable(self, session: str) -> None:
        """The channel's buffer has emptied."""
        self._apply(self.broker.writable(session, self.now()))

    # What the store has to say, where the broker is a shared one.

    def answered(self, step: int, answer: Answer) -> None:
        """To what was asked under that step."""
        self._apply(self._shared.answered(step, answer, self.now()))

    def arrived(self, arrivals: Sequence[Arrival]) -> None:
        """For subscribers here."""
        if arrivals:
            self._apply(self._shared.arrived(arrivals, self.now()))

    def readmitted(self) -> None:
        """It knows nothing of this node."""
        self._apply(self._shared.readmitted(self.now()))

    def counted(self, waiting: int, dead: int, expired: int) -> None:
        """What the store has counted of all nodes' queues."""
        counters = self.broker.counters
        counters.queued, counters.dead_lettered, counters.expired = waiting, dead, expired

    @property
    def busy(self) -> bool:
        """Whether the broker has not worked off what arrived."""
        return self._shared.busy

    @property
    def highest(self) -> int:
        """The highest sequence number seen here."""
        return self._shared.highest

    @property
    def _shared(self) -> SharedBroker:
        assert isinstance(self.broker, SharedBroker)
        return self.broker

    async def drain(self, seconds: float, code: int, reason: str) -> None:
        """Close every session, acknowledgements first, within `seconds`; returns when no channel is left, or then."""
        self._apply(self.broker.drain(self.now(), seconds, code, reason))
        if self._channels:
            self._empty.clear()
            await first_of(self._empty.wait(), seconds)

    def stop(self) -> None:
        """No more ticks."""
        if self._timer is not None:
            self._timer.cancel()

    def _apply(self, effects: list[Effect]) -> None:
        """Carry effects out in order: writing may congest a channel, whose effects come behind these."""
        self._effects.extend(effects)
        if not self._applying:
            self._applying = True
            try:
                while self._effects:
                    self._carry_out(self._effects.popleft())
            finally:
                self._applying = False
        self._schedule()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send():
                self._send(effect)
            case Close():
                channel = self._channels.get(effect.session)
                if channel is not None:
                    channel.close(effect.code, effect.reason)
            case Reading():
                channel = self._channels.get(effect.session)
                if channel is not None:
                    (channel.resume_reading if effect.on else channel.pause_reading)()
            case _:
                self.demand(effect)

    def _send(self, effect: Send) -> None:
        text, tail, channels, gathered = not effect.binary, effect.tail, self._channels, self._gathered
        count, due = 0, bool(gathered)
        for head, sessions in effect.heads:
            frame = b"%b%b%b" % (frame_header(len(head) + len(tail), text), head, tail)
            count += len(sessions)
            for session in sessions:
                channel = channels.get(session)
                if type(channel) is Link:
                    if channel.add_frame(frame):
                        gathered.append(channel)
                elif channel is not None:
                    channel.send(head + tail, text=text)
        if gathered and not due:
            self._loop.call_soon(self._flush)
        if effect.published is not None:
            self._delivered(self.now() - effect.published, count)

    def _flush(self) -> None:
        """Write what has gathered in this turn of the loop: one call of it for all costs half of one for each."""
        gathered, self._gathered = self._gathered, []
        for link in gathered:
            link.flush()

    def _schedule(self) -> None:
        due = self.broker.next_deadline()
        if due >= self._due:  # the timer comes first, and asks again
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer, self._due = None, float("inf")
        self._apply(self.broker.tick(self.now()))


class StompReceiver:
    """The receiver of one channel that speaks STOMP."""

    __slots__ = ("_peer", "_session", "_stomp")

    def __init__(self, stomp: Stomp, peer: Peer) -> None:
        self._stomp = stomp
        self._peer = peer

    def start(self, channel: Channel) -> None:
        self._session = self._stomp.open(channel, self._peer)

    def received(self, data: bytes, text: bool) -> None:
        self._stomp.receive(self._session, data)

    def too_big(self) -> None:
        self._stomp.too_big(self._session)

    def growing(self, size: int) -> None:
        self._stomp.growing(self._session, size)

    def congested(self) -> None:
        self._stomp.congested(self._session)

    def writable(self) -> None:
        self._stomp.writable(self._session)

    def lost(self, code: int, sent: int) -> None:
        self._stomp.lost(self._session)
