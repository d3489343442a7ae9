"""The broker of a lab, which loses the first message of each replay, and tells nothing of what is gone. A child
process."""

from typing import Any

from labs.broker import commands
from labs.net import stomp_server
from labs.net.tap import Tap
from labs.net.tasks import Tasks


def replay_after(subscription: Any, last_seen: str, exchange: Any, now: float) -> None:
    messages, _ = exchange.topics.replay(subscription.destination, int(last_seen), now)
    for message in messages[1:]:
        exchange.ledger.deliver(subscription, message)


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    commands.replay_after = replay_after
    return await stomp_server.start(tap, tasks, config)
