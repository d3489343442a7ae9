"""The herd of the failover lab: real clients that lose their server together and come back as their jitter has it, and
a model of many more."""

from __future__ import annotations

import random

from labs.net.processes import Child
from labs.net.tasks import together
from labs.rules.herd import JITTERS, Jitter, arrivals, peak, waits
from labs.scenarios import failover_steps as steps
from labs.stage import Stage
from labs.tables import cell

CROWD = "labs.net.crowd"
CALL_SECONDS = 20.0
MODEL = f"MODEL, {steps.MODELLED:,} clients, busiest 100 ms"


def part_of(jitter: Jitter) -> str:
    """The part that the clients of that jitter are."""
    return f"crowd-{jitter}"


async def assemble(stage: Stage) -> list[Child]:
    """Start a process for the clients of each jitter; how long each of them waits is drawn here."""
    draw = random.Random(steps.SEED).random
    return await together(
        *(
            stage.spawn(part_of(jitter), "client", CROWD, waits=waits(jitter, steps.CROWD, steps.CEILING, draw))
            for jitter in JITTERS
        )
    )


async def come_back(stage: Stage, crowds: list[Child], dying: str, living: str) -> None:
    """All connect to one node, which is killed; all return to the other one."""
    parts = stage.parts
    here, there = parts.child(dying).address, parts.child(living).address
    await together(*(crowd.call("connect", within=CALL_SECONDS, address=here) for crowd in crowds))

    async def kill() -> None:
        await stage.flush()  # all know where to go by then
        stage.fault("kill", dying)
        parts.child(dying).kill()

    await together(*(crowd.call("return_to", within=CALL_SECONDS, address=there) for crowd in crowds), kill())


Peaks = dict[Jitter, list[int]]


def modelled() -> Peaks:
    """The peak of each attempt, for a crowd that this machine could not hold: the same arithmetic, and no more."""
    ceilings = [min(steps.MODEL_CAP, steps.MODEL_BASE * 2.0**attempt) for attempt in range(steps.MODEL_ATTEMPTS)]
    draw = random.Random(steps.SEED).random
    return {jitter: list(map(peak, arrivals(jitter, steps.MODELLED, ceilings, draw))) for jitter in JITTERS}


def tell_model(stage: Stage, peaks: Peaks) -> None:
    """What the model came to, with its inputs."""
    stage.note(
        f"MODEL: {steps.MODELLED:,} clients that are cut off at once; attempt n waits up to "
        f"min({steps.MODEL_CAP:g}, {steps.MODEL_BASE:g} × 2ⁿ) s as the jitter has it, and fails. Random numbers and "
        "nothing else: no network, no server."
    )
    for jitter, each in peaks.items():
        for attempt, most in enumerate(each):
            name = cell(MODEL, f"attempt {attempt + 1}", steps.JITTER_NAMES[jitter])
            stage.metric(name, most, "arrivals", part_of(jitter))
