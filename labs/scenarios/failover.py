"""Failover: clients behind a balancer on three nodes that are one broker. A node dies, is taken out, is cut off;
nothing is lost and nothing comes twice, where it is done right.

What is said to be true of it is computed in failover_verdicts.py.
"""

from __future__ import annotations

import asyncio

from labs.net.processes import Child
from labs.net.store import Store
from labs.net.tasks import Tasks, together
from labs.scenarios import failover_crowd
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_clients import Returning
from labs.scenarios.failover_herd import shown, unsteadiness
from labs.scenarios.failover_nodes import Behind
from labs.scenarios.failover_store import PUBSUB, StoreCut, relay_off
from labs.scenarios.failover_verdicts import VERDICTS
from labs.scenarios.hosted_store import hosted_store
from labs.stage import Stage

__all__ = ["VERDICTS", "run"]

NODE = "labs.net.node"
WAYS = "labs.net.fault_relay"
BALANCERS = {"builtin": "labs.net.balancer", "haproxy": "labs.net.haproxy"}
TRIES, UNEVEN = 2, 0.3  # of the herd; seconds
CHECKS = {"every": 1.0, "timeout": 1.0}
ANSWER_SECONDS = 2.0  # of a node to a handshake: one that is frozen accepts it, and says nothing


async def run(stage: Stage) -> None:
    """Play the lab."""
    async with Tasks() as tasks, hosted_store(stage) as store:
        balancer, ways = await _cluster(stage, store)
        alone = tasks.start(_alone(stage), "start of the nodes without a relay")
        clients = {name: Returning(stage, name, balancer.address) for name in (*steps.READERS, steps.PRESS)}
        behind = Behind(stage, balancer, clients)
        await stage.step(steps.COOKIE)
        await _connect(tasks, clients)
        await behind.cookie()
        await behind.open()
        await stage.step(steps.KILL)
        await behind.kill()
        crowds = await alone
        publishing, reading = (stage.host(name, "client") for name in ("writer", "listener"))
        await relay_off(stage, publishing, reading, *(stage.parts.child(name) for name in steps.ALONE))
        await stage.step(steps.HERD)
        await _herd(stage, tasks, crowds)
        await stage.step(steps.DRAIN)
        await behind.drain()
        await stage.step(steps.STORE)
        cut = StoreCut(stage, ways, store, publishing)
        await behind.cut(cut)
        await _free_play(stage, behind, cut)
        await together(*(client.client.close() for client in clients.values()))


async def _cluster(stage: Stage, store: Store) -> tuple[Child, Child]:
    """Three nodes that are one broker, each with a way of its own to the store, and the balancer before them."""
    haproxy = stage.knobs["balancer"] == "haproxy"
    if haproxy:
        stage.expect_stranger("haproxy", "balancer")
    ways = await stage.spawn(
        "ways", "proxy", WAYS, routes=dict.fromkeys((*steps.NODES, PUBSUB), store.address), record=False
    )
    relays = {name: store.url.replace(store.address, ways.addresses[name]) for name in steps.NODES}
    nodes = await together(*(stage.spawn(name, "node", NODE, relay=relays[name], tap=haproxy) for name in steps.NODES))
    backends = {node.id: node.address for node in nodes}
    module = BALANCERS[str(stage.knobs["balancer"])]
    sticky = bool(stage.knobs["sticky"])
    balancer = await stage.spawn(
        "balancer", "balancer", module, backends=backends, checks=CHECKS, sticky=sticky, answer=ANSWER_SECONDS
    )
    return balancer, ways


async def _alone(stage: Stage) -> list[Child]:
    """Two nodes with nothing between them, and the crowd."""
    await together(*(stage.spawn(name, "node", NODE, tap=False) for name in steps.ALONE))
    return await failover_crowd.assemble(stage)


async def _herd(stage: Stage, tasks: Tasks, crowds: list[Child]) -> None:
    dying, living = steps.ALONE
    model = tasks.start(asyncio.to_thread(failover_crowd.modelled), "model")
    for attempt in range(TRIES):
        await failover_crowd.come_back(stage, crowds, dying, living)
        await stage.flush()
        uneven = unsteadiness(stage.tape)
        if uneven < UNEVEN or attempt == TRIES - 1:
            break
        stage.note(f"A busy machine woke clients up to {uneven:.2f} s late, which is not their jitter: once more.")
        stage.once_more()
        await stage.parts.restart(dying)
        dying, living = living, dying
    failover_crowd.tell_model(stage, await model)
    for line in shown(stage.tape):
        stage.note(line)
    await stage.judge("herd-flattened")


async def _free_play(stage: Stage, behind: Behind, cut: StoreCut) -> None:
    """Every fault on all three nodes."""
    from labs.scenarios.failover_free import FreePlay

    if stage.plays_freely:
        await behind.whole()
        async with Tasks() as tasks:
            play = FreePlay(stage, tasks, behind, cut)
            await stage.free_play(steps.FREE, play.faults, play.settled)


async def _connect(tasks: Tasks, clients: dict[str, Returning]) -> None:
    """Everybody comes; the readers subscribe."""
    for name, client in clients.items():
        own = () if name == steps.PRESS else (steps.NEWS, steps.CUT_TOPIC, f"/user{steps.PRIVATE}")
        client.start(tasks, *own)
    await together(*(client.returned() for client in clients.values()))
