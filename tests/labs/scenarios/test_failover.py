"""The failover lab: every verdict holds on a sound cluster, and fails when what it claims is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labs import tape
from labs.rules.backoff import Backoff
from labs.rules.herd import waits
from labs.scenarios import failover, failover_clients, failover_crowd, failover_nodes, failover_store
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_reading import passages
from labs.scenarios.stomp_reading import Reading
from tests.labs.playing import Played, play, play_freely

pytestmark = pytest.mark.timeout(150)  # nine processes, on a machine that may be busy
BY_EDIT = {"moved-to-a-living-node", "session-restored", "nothing-lost"}


WAIT = ("until it is judged", "")
FAULTS = [
    ("freeze", "node-1"), ("freeze", "node-1"), ("kill", "node-2"), WAIT,
    ("thaw", "node-1"), ("restart", "node-2"), ("drain", "node-3"), ("cut-off", "node-1"), WAIT,
]  # fmt: skip


@pytest.fixture(autouse=True)
def smaller(monkeypatch) -> None:
    """The same lab with fewer clients, and with less to wait for."""
    monkeypatch.setattr(steps, "CROWD", 60)
    monkeypatch.setattr(steps, "CEILING", 3.0)
    monkeypatch.setattr(steps, "MODELLED", 5000)
    monkeypatch.setattr(steps, "CUT_SECONDS", 0.5)


async def test_every_verdict_holds_and_names_its_evidence() -> None:
    played = await play_freely("failover", FAULTS, judged="drain-order")
    assert played.ended.error is None
    freely_broken(played)
    assert {id: verdict.observed for id, verdict in played.verdicts.items() if not verdict.ok} == {}
    assert set(played.verdicts) == set(failover.VERDICTS)
    assert all(verdict.evidence for verdict in played.verdicts.values())
    asked = {event.id: event for event in played.of(tape.Predict)}
    measured = {event.id: event.value for event in played.of(tape.Measured)}
    assert set(measured) == set(asked), "each prediction is measured"
    assert all(not asked[id].options or value in asked[id].options for id, value in measured.items())
    assert not played.verdicts["nothing-twice"].observed.startswith("0 sent again")
    downs = [event.id for event in played.of(tape.Part) if event.id in steps.NODES and event.state == "down"]
    assert downs[:2] == [killed(played), "node-2"]
    assert any(event.text == f"+0.000 s  {killed(played)} fault kill" for event in played.of(tape.Note)), (
        "a timeline is told"
    )
    assert not any("redis://" in str(event) for event in played.events), "the store's password is on no tape"
    last = next(at for at, event in enumerate(played.events) if getattr(event, "id", "") == "relay-off")
    broken_on_the_tape(Played(played.ended, played.events[: last + 1]))


def freely_broken(played: Played) -> None:
    """One fault while another lasts, and what cannot be refused; judged again whenever everybody is back."""
    begun = next(at for at, event in enumerate(played.events) if getattr(event, "id", "") == tape.FREE_PLAY)
    after = played.events[begun:]
    refused = [event.text for event in played.of(tape.Failure)]
    assert len(refused) == 2
    assert refused[0].startswith("fault: node-1: it is frozen")
    assert refused[1].startswith("fault: it takes three nodes that are up")
    nodes = [event for event in after if isinstance(event, tape.Part) and event.id in steps.NODES]
    states = list(dict.fromkeys((event.id, event.state) for event in nodes))
    assert states[:5] == [
        ("node-1", "frozen"), ("node-2", "down"), ("node-1", "up"), ("node-2", "up"), ("node-3", "draining"),
    ]  # fmt: skip
    judged = [event for event in after if isinstance(event, tape.Verdict)]
    assert [event.ok for event in judged] == [True] * len(judged)
    assert sum(event.id == "nothing-lost" for event in judged) == 2


def killed(played: Played) -> str:
    return next(event.target for event in played.of(tape.FaultInjected) if event.id == "kill")


def broken_on_the_tape(played: Played) -> None:
    """What cannot be broken for real without a hang is edited out of a sound tape."""
    whole = played.edited(lambda event: event)
    node = killed(played)
    line = next(line for line, event in whole.of(tape.FaultInjected) if event.id == "kill")
    moved = {each.inner.conn for each in passages(whole, since=line) if each.inner is not None}

    def on_the_dead_node(event: tape.Event) -> tape.Event:
        if isinstance(event, tape.Bytes) and event.conn in moved and event.receiver.startswith("node"):
            return replace(event, receiver=node)
        return event

    assert not failover.VERDICTS["moved-to-a-living-node"](played.edited(on_the_dead_node)).ok

    def somebody_else(event: tape.Event) -> tape.Event:
        if isinstance(event, tape.Bytes) and b"CONNECTED" in event.data and event.t > whole.line(line).t:
            return replace(event, hex=event.data.replace(b"user-name:", b"user-nome:").hex())
        return event

    assert not failover.VERDICTS["session-restored"](played.edited(somebody_else)).ok
    first = next(each for each in Reading(whole).deliveries if each.part == "bo" and each.body == "3")

    def without_one(event: tape.Event) -> tape.Event:
        if event is whole.line(first.line):
            return replace(event, hex=event.data.replace(b"\n\n3\0", b"\n\n2\0").hex())
        return event

    assert not failover.VERDICTS["nothing-lost"](played.edited(without_one)).ok
    without = played.edited(lambda event: None if isinstance(event, tape.Bytes) else event)
    assert {id for id, judge in failover.VERDICTS.items() if judge(without).ok} <= {"backoff-in-bounds"}


async def test_everything_broken_fails_its_verdict(monkeypatch) -> None:
    """Without cookies, without jitter, told politely, cut by the balancer, said twice, and with a relay where none
    should be."""
    begin, spawn = failover.Stage.step, failover.Stage.spawn
    wait, kill = Backoff.wait, failover_nodes.Behind.kill_now
    deregister, publish = failover_nodes.Behind.deregister, failover_clients.Press.publish
    relays: list[str] = []
    stepped: list[str] = []

    async def step(stage, plan):
        stepped.append(plan.id)
        await begin(stage, plan)

    async def joined(stage, id, role, module, **config):
        if role == "node":
            relays.extend([config["relay"]] if "relay" in config else [])
            config["relay"] = config.get("relay", relays[:1] and relays[0])
        return await spawn(stage, id, role, module, **config)

    async def polite(self, node):
        await self._stage.parts.child(node).call("tell")
        await self._clients[steps.PRESS].noticed(0)
        await kill(self, node)

    async def cutting(self, node):
        await deregister(self, node)
        if stepped[-1] == "open":
            for client in self._clients.values():
                await client.cut()

    async def twice(self, count=1):
        for _ in range(count):
            await self._client.client.send(self._topic, str(self.number + 1))
            await publish(self, 1)

    def too_long(self, now, at_least=0.0):
        found = wait(self, now, at_least)
        return replace(found, seconds=found.bound + 0.01)

    def swapped(jitter, clients, ceiling, draw):
        return waits({"full": "none", "none": "full"}.get(jitter, jitter), clients, ceiling, draw)

    async def nothing(self, node, command):
        pass

    monkeypatch.setattr(failover.Stage, "step", step)
    monkeypatch.setattr(failover.Stage, "spawn", joined)
    monkeypatch.setattr(failover_nodes.Behind, "kill_now", polite)
    monkeypatch.setattr(failover_nodes.Behind, "deregister", cutting)
    monkeypatch.setattr(failover_clients.Press, "publish", twice)
    monkeypatch.setattr(Backoff, "wait", too_long)
    monkeypatch.setattr(failover_crowd, "waits", swapped)
    monkeypatch.setattr(failover_store.StoreCut, "_each", nothing)
    played = await play("failover", "sticky=off")
    assert played.ended.error is None
    observed = {id: verdict.observed for id, verdict in played.verdicts.items()}
    assert played.failed >= set(failover.VERDICTS) - BY_EDIT, observed
    assert "0 of 7 show a cookie" in observed["sticky-on-reconnect"]
    assert "1012" in observed["kill-is-1006"]
    assert not observed["relay-off-loses"].endswith(", 0 on alone-2")
    assert "pub/sub: 0 of" in observed["store-cut"]
