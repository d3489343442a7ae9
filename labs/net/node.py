"""One node of a cluster as a child process: the whole server of `ws-tutor serve`, on a free port of loopback.

config: the arguments of serve_options() but for `access_log`, `secret` as text (what is none escaped, PEP 383);
`tap` false: it records no bytes.
Commands: `drain` (no new sessions, acknowledgements finish, clients are told; answered when that is over), `tell`
(clients are told to come back, and nothing else: new ones are welcome), `state`, `metrics` (the text of /metrics), and
`bury` (another node, by the `name` of its state, is known to be dead: the others get what it had, at once). SIGTERM
drains it too, and ends it then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any

from labs.net.control import Running
from labs.net.options import serve_options
from labs.net.serve import RESTART, Server
from labs.net.tap import Tap, TappedFront
from labs.net.tasks import Tasks


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Listen; STOMP is spoken at /ws of the address."""
    tapped = config.pop("tap", True)
    secret = config.pop("secret", "").encode(errors="surrogateescape")
    server = Server(serve_options(**config, secret=secret))
    await (server.listen(lambda protocol: TappedFront(tap, protocol)) if tapped else server.listen())
    stop, over = asyncio.Event(), asyncio.Event()
    tasks.start(_serve(server, stop, over), "server")

    async def drain() -> None:
        stop.set()
        await over.wait()

    async def leave() -> None:
        await drain()
        os._exit(0)

    with contextlib.suppress(NotImplementedError):  # on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: tasks.start(leave(), "SIGTERM"))

    def tell() -> None:
        for channel in list(server.channels):
            channel.close(RESTART, "the server restarts; come back")

    def state() -> dict[str, object]:
        counters = server.stomp.broker.counters
        return {
            "name": server.stomp.broker.config.node, "sessions": counters.connected,
            "unacknowledged": counters.unacknowledged, "queued": counters.queued,
        }  # fmt: skip

    def bury(name: str) -> None:
        if server.relay is not None:
            server.relay.bury(name)

    def metrics() -> str:
        return server.figures().decode()

    commands: dict[str, Callable[..., Any]] = {
        "drain": drain, "tell": tell, "state": state, "bury": bury, "metrics": metrics,
    }  # fmt: skip
    return Running({"main": server.address}, commands)


async def _serve(server: Server, stop: asyncio.Event, over: asyncio.Event) -> None:
    try:
        await server.run(stop)
    finally:
        server.abort()
        over.set()
