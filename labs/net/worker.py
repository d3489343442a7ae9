"""A consumer of a queue in a process of its own, so that it can be killed.

config: `address`, `destination`, `version` and `ack` of its subscription, `receipts` where the broker gives them. It
acknowledges a job when it is done, which
is at once; but one with the header `hold` is never done, and one with `refuse` is answered with NACK.
"""

from __future__ import annotations

from typing import Any

from labs.net.stomp_client import StompClient, connect
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from labs.wire.stomp import Frame

SUBSCRIPTION = "jobs"


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    """Subscribe and work; it listens nowhere."""
    client = await connect(tap, config["address"], versions=(config["version"],), receipts=config["receipts"])
    subscribe = Frame(
        "SUBSCRIBE", (("id", SUBSCRIPTION), ("destination", config["destination"]), ("ack", config["ack"]))
    )
    await client.took_effect(subscribe)
    tasks.start(_work(client, config["ack"]), "work")
    return {}


async def _work(client: StompClient, mode: str) -> None:
    """Answer every job, those too that came with the subscription."""
    done = 0
    while mode != "auto":
        for frame in client.frames[done:]:
            answer = client.answer("NACK" if frame.get("refuse") else "ACK", frame)
            if frame.get("subscription") == SUBSCRIPTION and not frame.get("hold") and answer is not None:
                await client.send(answer)
        done = len(client.frames)
        if await client.receive() is None:
            return
