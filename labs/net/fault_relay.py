"""A network between two parts that misbehaves on command: delays, stops forwarding, resets, cuts idle connections.

STAND-IN: it is a process that copies bytes, so its own kernel goes on acknowledging what comes in, as that of a load
balancer does; where a packet that is lost must stay unacknowledged, blackhole.py is nearer to it. Runs as a child
process: `routes` (name: address) gives an address each, `idle` seconds cut a silent connection (0: never), `record`
false keeps the bytes off the tape, where they hold a password. Commands: delay, stop, go_on, reset and lead, each of a
route.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from labs.net.control import Running
from labs.net.passage import End, Passage
from labs.net.tap import Tap, TappedFront, address_of
from labs.net.tasks import Tasks

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: a close sends RST


class Route:
    """The way to one `target`, and everything that passes on it. Seconds; `delay` is each way."""

    def __init__(self, target: str, idle: float, tap: Tap, tasks: Tasks) -> None:
        self.delay = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self.passages: set[FaultyPassage] = set()
        self.target = target
        self._idle = idle
        self._tap = tap
        self._tasks = tasks

    @property
    def stopped(self) -> bool:
        """Whether nothing passes."""
        return not self._open.is_set()

    async def listen(self) -> str:
        """The `ip:port` that leads to the target."""
        server = await asyncio.get_running_loop().create_server(self._accept, "127.0.0.1", 0)
        self._tasks.start(server.serve_forever(), f"way to {self.target}")
        return address_of(server.sockets[0].getsockname())

    def _accept(self) -> asyncio.Protocol:
        passage = FaultyPassage(self, self._idle)
        return TappedFront(self._tap, Waiting(passage, lambda: self._tasks.start(self._join(passage), "way")))

    async def _join(self, passage: FaultyPassage) -> None:
        """The client has come: reach the target, then pass on. While the way is stopped nothing is reached."""
        await self._open.wait()
        try:
            plug, line = await self._tap.dial(self.target)
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: TappedFront(self._tap, passage.far, line), sock=plug)
        except (OSError, TimeoutError):
            passage.near.transport.set_protocol(asyncio.Protocol())
            passage.near.transport.abort()
            return
        self.passages.add(passage)
        passage.begin()
        passage.near.transport.resume_reading()
        if self.stopped:
            passage.hold()

    def lead(self, target: str) -> None:
        """Later connections go to another address: the part was started anew."""
        self.target = target

    def set_delay(self, seconds: float) -> None:
        """What comes from now on is passed on `seconds` later, each way."""
        self.delay = seconds

    def stop(self) -> None:
        """Read no more and pass nothing on, neither bytes nor ends. The kernel goes on acknowledging."""
        self._open.clear()
        for passage in self.passages:
            passage.hold()

    def go_on(self) -> None:
        """Pass on again, what has waited first."""
        self._open.set()
        for passage in list(self.passages):
            passage.release()

    def reset(self) -> None:
        """Cut every connection with RST on both sides."""
        for passage in list(self.passages):
            for end in (passage.near, passage.far):
                plug = end.transport.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            passage.cut("reset")


class Waiting(asyncio.Protocol):
    """A client whose target is not reached yet: its bytes wait in the kernel."""

    def __init__(self, passage: FaultyPassage, begin: Callable[[], object]) -> None:
        self._passage = passage
        self._begin = begin

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        transport.set_protocol(self._passage.near)
        self._passage.near.take(transport)
        self._begin()


class FaultyPassage(Passage):
    """One that may be late, or hold everything back."""

    def __init__(self, route: Route, idle: float) -> None:
        super().__init__(idle, lambda why: route.passages.discard(self))
        self._route = route
        self._loop = asyncio.get_running_loop()
        # What is still on its way, with the time at which it arrives; None is the end of that direction.
        self._late: dict[End, deque[tuple[float, bytes | None]]] = {self.near: deque(), self.far: deque()}

    def came(self, end: End, data: bytes) -> None:
        self._send(end, data)

    def ended(self, end: End) -> None:
        self._send(end, None)

    def hold(self) -> None:
        """Neither side is read."""
        for end in (self.near, self.far):
            end.transport.pause_reading()

    def release(self) -> None:
        """Both are read again."""
        for end in (self.near, self.far):
            self._arrive(end)
            end.transport.resume_reading()

    def _send(self, end: End, data: bytes | None) -> None:
        if not self._route.delay and not self._late[end]:
            self._pass_on(end, data)
            return
        due = self._loop.time() + self._route.delay
        self._late[end].append((due, data))
        self._loop.call_at(due, self._arrive, end)

    def _arrive(self, end: End) -> None:
        late = self._late[end]
        while late and late[0][0] <= self._loop.time() and not self._route.stopped:
            self._pass_on(end, late.popleft()[1])

    def _pass_on(self, end: End, data: bytes | None) -> None:
        if data is None:
            super().ended(end)
        else:
            super().came(end, data)


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Open a way to each of `config["routes"]`."""
    taps = tap if config.get("record", True) else Tap(lambda record: None)
    routes = {name: Route(target, config.get("idle", 0.0), taps, tasks) for name, target in config["routes"].items()}

    def told(verb: Callable[..., None], words: str, route: str, **arguments: Any) -> None:
        verb(routes[route], **arguments)
        tap.note(words.format(route=route, **arguments))

    commands: dict[str, Callable[..., Any]] = {
        "delay": partial(told, Route.set_delay, "the way to {route} takes {seconds:g} s each way"),
        "stop": partial(
            told, Route.stop,
            "the way to {route} passes nothing on; this relay's own kernel still acknowledges what is sent to it",
        ),
        "go_on": partial(told, Route.go_on, "the way to {route} passes on again"),
        "lead": lambda route, target: routes[route].lead(target),
        "reset": partial(told, Route.reset, "every connection on the way to {route} is reset"),
    }  # fmt: skip
    addresses = {name: await route.listen() for name, route in routes.items()}
    return Running({"main": next(iter(addresses.values())), **addresses}, commands)
