"""`ws-tutor serve` as a part of a lab: the same server and broker, tapped, on a free port of loopback.

config: `semantics` (`full` or `spring`); `limits` of the broker by name (`{"tries": 3}`), which may be left out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from labs.broker.config import BrokerConfig, Limits, as_spring
from labs.net.serve import ServeOptions, Server
from labs.net.tap import Tap, TappedFront
from labs.net.tasks import Tasks


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    """Listen; STOMP is spoken at /ws of the address."""
    broker = BrokerConfig(limits=Limits(**config.get("limits", {})))
    server = Server(ServeOptions(broker=as_spring(broker) if config["semantics"] == "spring" else broker))
    await server.listen(lambda protocol: TappedFront(tap, protocol))
    tasks.start(_serve(server), "server")
    return {"main": server.address}


async def _serve(server: Server) -> None:
    try:
        await server.run(asyncio.Event())
    finally:
        server.abort()
