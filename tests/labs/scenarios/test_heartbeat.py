"""The heart-beat lab: every verdict holds where it can be measured, and fails when what it claims is broken."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from labs import tape
from labs.catalog import find
from labs.net.blackhole import refusal
from labs.net.processes import Child
from labs.net.tasks import together
from labs.net.tcp_info import MEASURABLE
from labs.scenarios import heartbeat
from labs.scenarios import heartbeat_steps as steps
from labs.scenarios.heartbeat import Scene
from labs.scenarios.heartbeat_watch import Detector, watching
from labs.stage import Stage, run_lab
from labs.tables import tables
from tests.labs.playing import Played, play

LAB = find("heartbeat")
HOLE = refusal()
HERE = set(LAB.verdicts) - ({"blackhole-data-in-flight"} if HOLE else set())
pytestmark = pytest.mark.skipif(not MEASURABLE, reason="the lab leaves half of itself out elsewhere")

Edit = Callable[[tape.Event], tape.Event | None]


def text_of(event: tape.Event) -> bytes:
    return event.data if isinstance(event, tape.Bytes) else b""


def metric(name: str, **change: object) -> Edit:
    def edit(event: tape.Event) -> tape.Event:
        hit = isinstance(event, tape.Metric) and event.name.startswith(name)
        return replace(event, **change) if hit else event

    return edit


def knob(name: str, value: float) -> Edit:
    def edit(event: tape.Event) -> tape.Event:
        hit = isinstance(event, tape.LabStarted)
        return replace(event, knobs={**event.knobs, name: value}) if hit else event

    return edit


def part(id: str, **change: str) -> Edit:
    return lambda event: replace(event, **change) if isinstance(event, tape.Part) and event.id == id else event


def without(sender: str, *raw: bytes) -> Edit:
    """Without what `sender` wrote in these words."""

    def edit(event: tape.Event) -> tape.Event | None:
        hit = isinstance(event, tape.Bytes) and event.sender == sender and event.data in raw
        return None if hit else event

    return edit


def every_second_beat() -> Edit:
    seen: list[str] = []

    def edit(event: tape.Event) -> tape.Event | None:
        if text_of(event) == b"\x81\x01\n":
            seen.append("")
            return None if len(seen) % 2 == 0 else event
        return event

    return edit


def late_close(event: tape.Event) -> tape.Event:
    ends = text_of(event)[:1] == b"\x88" or b"ERROR" in text_of(event)
    late = ends and isinstance(event, tape.Bytes) and event.sender == "broker"
    return replace(event, t=event.t + steps.INTERVAL / 1000) if late else event


# What breaks on a tape when the thing itself is broken, where a run with it broken would take too long.
EDITS: dict[str, Edit] = {
    "round-trip": knob("delay", 0.2),
    "negotiated-interval": every_second_beat(),
    "timeout-multiple": late_close,
    "frozen-keepalive-blind": metric(f"{steps.TITLE_ACK}: {steps.FROZEN}", value=60_000),
    "blackhole-data-in-flight": metric(f"{steps.TITLE_DETECT}: {steps.IN_FLIGHT}", unit="s"),
    "balancer-hop-hides": part("node", state="up"),
    "idle-cut": metric(f"{steps.TITLE_OPEN}: {steps.KEEPALIVE}", unit=steps.OPEN),
    "ping-keeps-alive": metric(f"{steps.TITLE_OPEN}: {steps.PING}", unit=steps.CUT),
}


async def test_every_verdict_holds_and_none_without_its_evidence() -> None:
    played = await play("heartbeat")
    assert played.ended.error is None
    assert {id for id in HERE if id not in played.verdicts or not played.verdicts[id].ok} == set()
    assert played.ended.ok
    assert all(verdict.evidence for verdict in played.verdicts.values())
    unmeasured = {"black-hole-noticed-by", "in-flight"} if HOLE else set()
    asked = {event.id for event in played.of(tape.Predict)}
    assert {event.id for event in played.of(tape.Measured)} == asked - unmeasured
    matrix = next(each for each in tables(played.of(tape.Metric)) if each.title == steps.TITLE_DETECT)
    strained = [steps.IN_FLIGHT, steps.USER_TIMED]
    rows = [each for each in matrix.rows if each not in strained]
    assert rows == [steps.FROZEN, steps.DEADLOCK, steps.BLACK_HOLE, steps.DEAD_SERVER]
    noticed = [[matrix.cells[row, column].unit == "s" for column in steps.DETECTORS] for row in rows if not HOLE]
    assert noticed == [[False, True, True], [False, False, True], [True] * 3, [False, True, True]] or HOLE
    for id, edit in EDITS.items():
        if id in HERE:
            assert not heartbeat.VERDICTS[id](played.edited(edit)).ok, id
    bare = played.edited(lambda event: None if isinstance(event, tape.Bytes | tape.Metric) else event)
    for id, judge in heartbeat.VERDICTS.items():
        assert not judge(bare).ok, id


# Rows of the lab on their own, each with something broken.

Row = Callable[[Scene], Awaitable[None]]


async def row(play_row: Row, *, knobs: dict[str, str] | None = None, broken: str = "", network: bool = False) -> Played:
    """`network`: the row needs it."""

    async def run(stage: Stage) -> None:
        tap = stage.host("client", "client")
        server = "tests.labs.one_floor" if broken else heartbeat.SERVER
        child = await stage.spawn("server", "server", server, broken=broken)
        way = child
        if network:
            routes = {"server": child.address, "node": ""}
            way = await stage.spawn("network", "proxy", heartbeat.NETWORK, routes=routes)
        await play_row(Scene(stage, tap, child, way, HOLE))

    values = {each.name: each.parse((knobs or {}).get(each.name, each.default)) for each in LAB.knobs}
    events: list[tape.Event] = []
    scenario = SimpleNamespace(run=run, VERDICTS=heartbeat.VERDICTS)
    return Played(await run_lab(LAB, scenario, values, events.append, None, auto=True), events)


def outcome(played: Played, *ids: str) -> dict[str, bool | None]:
    assert "not measured: " in (played.ended.error or ""), played.ended.error
    return {id: played.verdicts[id].ok if id in played.verdicts else None for id in ids}


async def timer(scene: Scene, idle: float) -> Child:
    return await scene.stage.spawn(
        "timer", "balancer", heartbeat.BALANCERS["builtin"], backends={"server": scene.server.address}, idle=idle
    )


async def test_a_broken_part_fails_its_verdicts(monkeypatch) -> None:
    """All at once, since they mostly wait."""
    monkeypatch.setattr(heartbeat, "ANSWER_SECONDS", 0.2)  # for a pong that does not come

    async def not_frozen(scene: Scene) -> None:
        scene.stage.parts.freeze = lambda id: asyncio.sleep(0)  # type: ignore[method-assign, assignment]
        await heartbeat._frozen(scene)

    async def not_stopped(scene: Scene) -> None:
        """The node's end gets through to the balancer, and from there to the client."""
        spawn, way = scene.stage.spawn, scene.network
        node = await spawn("node", "node", heartbeat.SERVER)
        await way.call("lead", route="node", target=node.address)
        backends = {"node": way.addresses["node"]}
        balancer = await spawn("balancer", "balancer", heartbeat.BALANCERS["builtin"], backends=backends)
        deaf = SimpleNamespace(call=lambda verb, **more: asyncio.sleep(0))
        await heartbeat._dead_behind_balancer(replace(scene, network=deaf), balancer)
        await scene.stage.judge("balancer-hop-hides")

    async def not_cut(scene: Scene) -> None:
        await heartbeat._idle(scene, await timer(scene, 60))
        await scene.stage.judge("idle-cut", "ping-keeps-alive")

    async def too_seldom(scene: Scene) -> None:
        each = (await watching(scene.tap, (await timer(scene, 1.2)).address, steps.IDLE, [Detector(steps.PING, 60)]))[0]
        await heartbeat._outlive(scene, each)
        await scene.stage.judge("ping-keeps-alive")

    played = await together(
        row(not_frozen), row(not_stopped, network=True), row(not_cut, knobs={"idle": "1.2"}),
        row(too_seldom, knobs={"idle": "1.2"}), row(heartbeat._pings, broken="wrong-pong", network=True),
        row(heartbeat._deadlocked, broken="no-deadlock"), row(heartbeat._deadlocked, broken="loop-stands-still"),
    )  # fmt: skip
    assert outcome(played[0], "frozen-keepalive-blind", "frozen-ping-detects") == {
        "frozen-keepalive-blind": None, "frozen-ping-detects": False,
    }  # fmt: skip
    assert outcome(played[1], "balancer-hop-hides") == {"balancer-hop-hides": False}
    assert outcome(played[2], "idle-cut", "ping-keeps-alive") == {"idle-cut": False, "ping-keeps-alive": True}
    assert outcome(played[3], "ping-keeps-alive") == {"ping-keeps-alive": False}
    assert outcome(played[4], "pong-echoes") == {"pong-echoes": False}
    locked = ("deadlock-ping-blind", "deadlock-application-detects")
    assert outcome(played[5], *locked) == dict.fromkeys(locked, False)
    assert outcome(played[6], *locked) == {locked[0]: False, locked[1]: True}


async def test_without_privileges_a_relay_takes_the_black_hole_s_place() -> None:
    async def stopped(scene: Scene) -> None:
        await heartbeat._black_hole(replace(scene, hole="it takes root"))

    played = await row(stopped, network=True)
    matrix = tables(played.of(tape.Metric))[0]
    assert matrix.columns == [steps.PING, steps.BEAT]
    assert {each.unit for each in matrix.cells.values()} == {"s"}
    notes = " ".join(note.text for note in played.of(tape.Note))
    assert "this relay's own kernel still acknowledges" in notes
    assert "blackhole-data-in-flight" not in played.verdicts


@pytest.mark.skipif(not shutil.which("haproxy"), reason="HAProxy is not installed here")
async def test_behind_haproxy_the_same_verdicts_hold() -> None:
    async def behind(scene: Scene) -> None:
        balancer, timer = await heartbeat._behind_balancers(scene)
        await together(heartbeat._dead_behind_balancer(scene, balancer), heartbeat._idle(scene, timer))
        await scene.stage.judge("balancer-hop-hides", "idle-cut", "ping-keeps-alive")

    played = await row(behind, knobs={"balancer": "haproxy"}, network=True)
    ids = ("balancer-hop-hides", "idle-cut", "ping-keeps-alive")
    assert outcome(played, *ids) == dict.fromkeys(ids, True)
    assert any("timeout tunnel" in note.text for note in played.of(tape.Note)), "its configuration is shown"


async def test_in_free_play_a_row_is_measured_anew_with_the_knob_as_it_is_then() -> None:
    async def run(stage: Stage) -> None:
        tap = stage.host("client", "client")
        server = await stage.spawn("server", "server", heartbeat.SERVER)
        await heartbeat._free_play(Scene(stage, tap, server, server, HOLE), server)

    commands: asyncio.Queue[dict] = asyncio.Queue()
    events: list[tape.Event] = []

    def out(event: tape.Event) -> None:
        events.append(event)
        steps_seen = sum(isinstance(each, tape.Step) for each in events)
        if isinstance(event, tape.Step) and steps_seen == 1:
            commands.put_nowait({"do": "set", "knob": "interval", "value": "0.8"})
            commands.put_nowait({"do": "fault", "id": "deadlock", "target": "server"})
        elif isinstance(event, tape.Step):
            commands.put_nowait({"do": "next"})

    async def lines():
        while True:
            yield json.dumps(await commands.get())

    values = {each.name: each.parse(each.default) for each in LAB.knobs}
    scenario = SimpleNamespace(run=run, VERDICTS=heartbeat.VERDICTS)
    played = Played(await run_lab(LAB, scenario, values, out, lines(), auto=False), events)
    locked = ("deadlock-ping-blind", "deadlock-application-detects")
    assert outcome(played, *locked) == dict.fromkeys(locked, True)
    assert [event.by for event in played.of(tape.FaultInjected)] == ["learner", "lab"]
    noticed = next(event for event in played.of(tape.Metric) if event.name.endswith(steps.BEAT))
    assert noticed.value >= 1.6, "two intervals of 0.8 s and more"
