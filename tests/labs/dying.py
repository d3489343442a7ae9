"""A part that dies `after` some seconds; at once, it never starts."""

import asyncio
from typing import Any

from labs.net.tap import Tap
from labs.net.tasks import Tasks


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    if not config["after"]:
        raise RuntimeError("it was only a test")
    asyncio.get_running_loop().call_later(config["after"], _die)
    return {"main": "127.0.0.1:1"}


def _die() -> None:
    import os
    import sys

    print("it was only a test", file=sys.stderr, flush=True)
    os._exit(3)
