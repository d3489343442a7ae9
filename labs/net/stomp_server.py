"""`ws-tutor serve` as a part of a lab: the same server and broker, tapped, on a free port of loopback.

config: `semantics` (`full` or `spring`); which may be left out: `limits` of the broker by name (`{"tries": 3}`), and
`heart_beat`, its two numbers in ms.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from labs.broker.config import BrokerConfig, Limits, as_spring
from labs.net.serve import ServeOptions, Server
from labs.net.tap import Tap, TappedFront
from labs.net.tasks import Tasks


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    """Listen; STOMP is spoken at /ws of the address."""
    broker = BrokerConfig(limits=Limits(**config.get("limits", {})))
    broker = as_spring(broker) if config["semantics"] == "spring" else broker
    if "heart_beat" in config:
        broker = replace(broker, heart_beat=tuple(config["heart_beat"]))
    server = Server(ServeOptions(broker=broker))
    await server.listen(lambda protocol: TappedFront(tap, protocol))
    tasks.start(_serve(server), "server")
    return {"main": server.address}


async def _serve(server: Server) -> None:
    try:
        await server.run(asyncio.Event())
    finally:
        server.abort()
