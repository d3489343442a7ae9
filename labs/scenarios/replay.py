"""Coming back: what a subscriber misses, and how it gets that, once and in order. First on the broker of `serve`, where
a connection breaks (replay_breaks.py); then in a chat room with Redis, whose server dies (replay_crash.py).

What is said to be true of it is computed in replay_verdicts.py.
"""

from __future__ import annotations

import itertools
import random

from labs.scenarios import replay_steps as steps
from labs.scenarios.hosted_store import hosted_store
from labs.scenarios.replay_breaks import Breaks
from labs.scenarios.replay_crash import Crash
from labs.scenarios.replay_verdicts import VERDICTS
from labs.stage import Stage

__all__ = ["VERDICTS", "run"]

BROKER = "labs.net.stomp_server"


async def run(stage: Stage) -> None:
    """Play the lab."""
    publishing, reading = stage.host("publisher", "client"), stage.host("reader", "client")
    limits = {"replay_messages": int(float(stage.knobs["buffer"]))}
    broker = await stage.spawn("broker", "server", BROKER, semantics="full", limits=limits)
    breaks = Breaks(stage, broker, publishing, reading)
    await breaks.away()
    await breaks.comes_back()
    await breaks.orders()
    await breaks.too_old()
    async with hosted_store(stage) as store:
        crash = Crash(stage, store, publishing, stage.host("audience", "client"))
        await crash.crash()
        await crash.shared()
        await crash.cursor()
        await crash.trim()
        rounds = itertools.count(2)  # each on topics of its own: the verdicts look at the latest

        async def cut(target: str) -> None:
            await breaks.cut(f"{steps.RETURN}.{next(rounds)}")

        async def kill(target: str) -> None:
            await crash.kill(f"{steps.ROOM}.{next(rounds)}", random.randrange(1, steps.MEMBERS))

        await stage.free_play(steps.FREE, {"cut": cut, "kill": kill})
