"""A STOMP client that survives its server: it reconnects by close code and backoff, resumes each subscription by
sequence number, drops repeats, and sends what was not acknowledged again under its idempotency key."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from labs.net.client import Opening, open_connection
from labs.net.cookies import CookieJar
from labs.net.tap import Tap
from labs.net.tasks import first_of
from labs.rules.backoff import Backoff, Next, Outlook, Policy, Wait, after_close, after_refusal
from labs.rules.cursor import Cursor, Seen, read_gap
from labs.rules.heartbeat import HeartBeats, agree, parse_heart_beat
from labs.rules.replay import Gap
from labs.wire.stomp import Frame, StompError, StompParser, encode

ABNORMAL = 1006
OUTBOX = 1000  # messages that wait for their receipt
CONNECTED_SECONDS = 5.0
IDLE_SECONDS = 3600.0  # at most between two looks at the clock
LATE_SECONDS = 0.1  # by which a busy machine wakes the client too late to judge what it has not read yet
GRACE_SECONDS = 0.5  # to read it then
TOLERANCE = 2.5  # of the server's heart-beat intervals in silence, then it is dead


@dataclass(frozen=True, slots=True)
class Opened:
    """The server has answered CONNECTED; `attempt` counts from 1 since the client began."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A connection, or an attempt at one, is over: the close code as the API tells it (1006 without a close frame)."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The broker tells that these messages will not come."""

    destination: str
    gap: Gap


@dataclass(frozen=True, slots=True)
class GaveUp:
    """It does not come back by itself."""

    why: str


Event = Opened | Ended | Wait | Lost | GaveUp


class SendError(RuntimeError):
    """A message that was not taken, and will not be."""


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """`connect` are further headers of CONNECT. `renew` gets new ones when the server will not have these any more;
    without it the client then gives up. `heart_beat` in milliseconds as in CONNECT."""

    opening: Opening = field(default_factory=lambda: Opening("/ws", subprotocols=("v12.stomp",)))
    connect: Mapping[str, str] = field(default_factory=dict)
    renew: Callable[[], Awaitable[Mapping[str, str]]] | None = None
    heart_beat: tuple[int, int] = (0, 0)
    policy: Policy = field(default_factory=Policy)
    draw: Callable[[], float] = random.random


@dataclass(slots=True)
class _Subscription:
    destination: str
    heard: Callable[[Frame], None]
    cursor: Cursor
    repeats: int = 0
    holes: int = 0


class ResumingClient:
    """One user's client. `address` is asked for the server's `ip:port` before each attempt; `told` hears of events."""

    def __init__(
        self,
        tap: Tap,
        address: Callable[[], str],
        options: ClientOptions,
        told: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._tap = tap
        self._address = address
        self._options = options
        self._told = told
        self._connect = dict(options.connect)
        self._cookies = CookieJar()
        self._backoff = Backoff(options.policy, options.draw)
        self._subscriptions: dict[str, _Subscription] = {}
        self._outbox: dict[str, tuple[Frame, asyncio.Future[None]]] = {}
        self._connection: ClientConnection | None = None
        self._numbers = itertools.count()
        self._attempts = 0
        self._awaited: set[str] = set()  # receipts of this connection's SUBSCRIBEs
        self._live = False  # the session is open: what is sent now goes out at once
        self._ready = asyncio.Event()
        self._closing = asyncio.Event()
        self._gave_up = ""

    # What its user does.

    def subscribe(self, destination: str, heard: Callable[[Frame], None], *, last_seen: int | None = None) -> None:
        """Give every new message to `heard`, once, from the next connection on.

        `last_seen`: 0 for everything that the server keeps, None for what comes from now on; until the first message a
        client that began with None cannot say where it was, and misses what a break takes.
        """
        self._subscriptions[f"s{next(self._numbers)}"] = _Subscription(destination, heard, Cursor(last_seen))

    async def send(self, destination: str, body: bytes | str) -> None:
        """Send a message, as often as it takes, to one effect; returns when the broker has it. Raises SendError."""
        if len(self._outbox) >= OUTBOX:
            raise SendError(f"{OUTBOX} messages wait for their receipts already")
        if self._gave_up or self._closing.is_set():
            raise SendError(self._gave_up or "the client is closed")
        key = secrets.token_hex(8)
        raw = body.encode() if isinstance(body, str) else body
        frame = Frame("SEND", (("destination", destination), ("idempotency-key", key), ("receipt", key)), raw)
        taken = asyncio.get_running_loop().create_future()
        self._outbox[key] = frame, taken
        if self._live:
            with contextlib.suppress(ConnectionClosed):
                await self._write(frame)
        try:
            await taken
        finally:
            self._outbox.pop(key, None)

    async def ready(self) -> None:
        """Wait until the server has answered to every subscription of the current connection."""
        await self._ready.wait()

    def cut(self) -> None:
        """Break the connection, as a tunnel does to a phone: it comes back by itself."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def close(self) -> None:
        """End for good: run() returns."""
        self._closing.set()
        if self._connection is not None:
            await self._connection.close()

    @property
    def repeats(self) -> int:
        """How many messages came that were seen before, and were dropped."""
        return sum(each.repeats for each in self._subscriptions.values())

    @property
    def holes(self) -> int:
        """How often a message came ahead of others that had not."""
        return sum(each.holes for each in self._subscriptions.values())

    async def run(self) -> None:
        """Stay connected until close(), or until the server will not have it."""
        while not self._closing.is_set():
            outlook = await self._once()
            self._live = False
            self._ready.clear()
            if self._closing.is_set() or not await self._may_return(outlook):
                break
            wait = self._backoff.wait(asyncio.get_running_loop().time(), outlook.at_least)
            self._told(wait)
            await first_of(self._closing.wait(), wait.seconds)
        for _, taken in self._outbox.values():
            if not taken.done():
                taken.set_exception(SendError(self._gave_up or "the client is closed"))

    # One connection.

    async def _may_return(self, outlook: Outlook) -> bool:
        if outlook.next is Next.RETRY:
            return True
        if outlook.next is Next.CREDENTIALS and self._options.renew is not None:
            self._connect = {**self._options.connect, **await self._options.renew()}
            return True
        self._gave_up = f"the server's answer means: {outlook.next.value}"
        self._told(GaveUp(self._gave_up))
        return False

    async def _once(self) -> Outlook:
        """Connect and stay connected; what to do when that is over."""
        loop = asyncio.get_running_loop()
        self._attempts += 1
        cookies = self._cookies.header(loop.time())
        opening = self._options.opening
        if cookies:
            opening = _with_header(opening, "Cookie", cookies)
        try:
            connection = await open_connection(self._tap, self._address(), opening)
        except InvalidStatus as refused:
            response = refused.response
            self._cookies.keep(response.headers.get_all("Set-Cookie"), loop.time())
            self._told(Ended(ABNORMAL, f"{response.status_code} {response.reason_phrase}"))
            return after_refusal(response.status_code, response.headers.get("Retry-After"))
        except (InvalidHandshake, OSError, TimeoutError) as error:
            self._told(Ended(ABNORMAL, type(error).__name__))
            return Outlook(Next.RETRY)
        assert connection.response is not None
        self._cookies.keep(connection.response.headers.get_all("Set-Cookie"), loop.time())
        self._connection, why = connection, ""
        try:
            if not self._closing.is_set():
                why = await self._converse(connection)
        except ConnectionClosed:
            pass
        finally:
            self._connection = None
            connection.transport.abort()
        code, reason = connection.close_code or ABNORMAL, connection.close_reason or ""
        self._told(Ended(code, reason or why))
        return after_close(code, reason)

    async def _converse(self, connection: ClientConnection) -> str:
        """Raises ConnectionClosed; returns when the server is silent for too long, or speaks no STOMP, and says so."""
        loop = asyncio.get_running_loop()
        can, want = self._options.heart_beat
        connect = {"accept-version": "1.2", "host": "ws-tutor", "heart-beat": f"{can},{want}", **self._connect}
        await connection.send(encode(Frame("CONNECT", tuple(connect.items()))).decode())
        parser, beats = StompParser(), HeartBeats(0, 0, TOLERANCE, loop.time())
        connected_by = loop.time() + CONNECTED_SECONDS
        while True:
            deadline = min(beats.deadline, connected_by, loop.time() + IDLE_SECONDS)
            data = await first_of(connection.recv(), deadline - loop.time())
            now = loop.time()
            if data is None and now - deadline > LATE_SECONDS:  # whoever was not woken has not listened
                data = await first_of(connection.recv(), GRACE_SECONDS)
            if data is None:
                if now >= min(beats.silent_at, connected_by):
                    return f"not a byte for {now - beats.heard_at:.1f} s"
                if beats.due(now):
                    await connection.send("\n")
                continue
            beats.heard_at = now
            for event in parser.receive(data.encode() if isinstance(data, str) else data):
                if isinstance(event, StompError):
                    return "what came is no STOMP"
                if isinstance(event, Frame) and event.command == "CONNECTED":
                    connected_by = float("inf")
                    theirs = parse_heart_beat(event.get("heart-beat") or "0,0") or (0, 0)
                    beats = HeartBeats(agree(can, theirs[1]), agree(theirs[0], want), TOLERANCE, now)
                    await self._begin(now)
                elif isinstance(event, Frame):
                    await self._take(event, now)

    async def _begin(self, now: float) -> None:
        """The session is there: say what was seen, so that what was missed comes, and what has no receipt yet."""
        self._backoff.opened(now)
        self._told(Opened(self._attempts))
        self._awaited = set(self._subscriptions)
        for id, subscription in self._subscriptions.items():
            headers = [("id", id), ("destination", subscription.destination), ("receipt", id)]
            if subscription.cursor.last_seen is not None:
                headers.append(("last-seen", str(subscription.cursor.last_seen)))
            await self._write(Frame("SUBSCRIBE", tuple(headers)))
        written: set[str] = set()
        while unsent := [key for key in self._outbox if key not in written]:  # more may come meanwhile, behind these
            for key in unsent:
                written.add(key)
                if key in self._outbox:
                    await self._write(self._outbox[key][0])
        self._live = True
        if not self._awaited:
            self._ready.set()

    async def _take(self, frame: Frame, now: float) -> None:
        if frame.command == "MESSAGE":
            self._message(frame, now)
        elif frame.command == "RECEIPT":
            self._receipt(frame.get("receipt-id") or "")
        elif frame.command == "ERROR" and (key := frame.get("receipt-id")) in self._outbox:
            _, taken = self._outbox.pop(key)  # it would be refused again
            if not taken.done():
                taken.set_exception(SendError(frame.get("message") or "refused"))

    def _message(self, frame: Frame, now: float) -> None:
        subscription = self._subscriptions.get(frame.get("subscription") or "")
        if subscription is None:
            return
        gap = read_gap(frame.get("replay-gap"))
        if gap is not None:
            subscription.cursor.skip(gap)
            self._told(Lost(subscription.destination, gap))
            return
        number = frame.get("sequence") or ""
        sequence = int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else None
        seen = subscription.cursor.take(sequence, frame.get("message-id") or "", now)
        if seen is Seen.REPEAT:
            subscription.repeats += 1
            return
        subscription.holes += seen is Seen.HOLE
        subscription.heard(frame)

    def _receipt(self, id: str) -> None:
        if id in self._awaited:
            self._awaited.discard(id)
            if not self._awaited:
                self._ready.set()
        elif id in self._outbox and not self._outbox[id][1].done():
            self._outbox[id][1].set_result(None)

    async def _write(self, frame: Frame) -> None:
        """A connection that is over loses it; whatever matters is written again on the next."""
        if self._connection is not None:
            data = encode(frame)
            await self._connection.send(data if _is_binary(data) else data.decode())


def _with_header(opening: Opening, name: str, value: str) -> Opening:
    return replace(opening, headers={**opening.headers, name: value})


def _is_binary(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False
