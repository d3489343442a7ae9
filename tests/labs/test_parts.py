"""Parts that are processes: frozen, thawed, killed, restarted by name, and told so on the tape."""

import asyncio

import pytest

from labs import tape
from labs.net.processes import ProcessError
from labs.stage import Plan, Stage
from tests.labs.test_stage import Played

IMPOSTOR = "labs.net.impostor"


async def parts(stage: Stage) -> None:
    await stage.step(Plan("one", "One", ""))
    server = await stage.spawn("server", "node", IMPOSTOR, mode="wrong")
    await stage.parts.freeze("server")
    await stage.parts.freeze("server")
    begun = asyncio.get_running_loop().time()
    await stage.flush()
    assert asyncio.get_running_loop().time() - begun < 0.5, "a frozen part does not hold the tape up"
    await stage.parts.thaw("server")
    await stage.parts.kill("server")
    await stage.parts.kill("server")
    with pytest.raises(ProcessError, match="server"):
        await server.call("drain")
    await stage.parts.restart("server")
    again = stage.parts.child("server")
    assert again.config == {"mode": "wrong"}
    assert again.process.pid != server.process.pid
    await stage.judge("holds")


async def test_each_change_of_state_is_on_the_tape_in_order() -> None:
    played = Played(parts)
    ended = await played.end(auto=True)
    assert ended.error is None
    assert [part.state for part in played.of(tape.Part)][:5] == ["up", "frozen", "up", "down", "up"]
    assert {part.role for part in played.of(tape.Part)} == {"node"}
    assert len({part.pid for part in played.of(tape.Part)}) == 2


async def test_a_node_that_drains_is_shown_as_draining_until_its_end() -> None:
    async def run(stage: Stage) -> None:
        await stage.spawn("n1", "node", "labs.net.node")
        await stage.parts.drain("n1")
        await stage.parts.kill("n1")
        await stage.parts.drain("n1")
        await stage.judge("holds")

    played = Played(run)
    assert (await played.end(auto=True)).error is None
    assert [part.state for part in played.of(tape.Part)] == ["up", "draining", "down"]


async def test_a_learner_may_freeze_and_kill_in_the_middle_of_a_step() -> None:
    async def run(stage: Stage) -> None:
        stage.on_fault("kill", stage.parts.kill)
        await stage.spawn("server", "server", IMPOSTOR, mode="wrong")
        await stage.step(Plan("one", "One", ""))
        await stage.until(lambda recorded: any(part.state == "down" for _, part in recorded.of(tape.Part)), 10, "end")
        await stage.judge("holds")

    played = Played(run, step=[{"do": "fault", "id": "kill", "target": "server"}])
    assert (await played.end()).error is None
    assert [fault.by for fault in played.of(tape.FaultInjected)] == ["learner"]


async def test_what_cannot_be_measured_here_is_told_and_is_no_failure() -> None:
    async def run(stage: Stage) -> None:
        stage.excuse("it takes root", "holds")

    played = Played(run)
    ended = await played.end(auto=True)
    assert (ended.ok, ended.verdicts, ended.error) == (True, 0, None)
    assert [note.text for note in played.of(tape.Note)] == ["Not measured here: It holds: it takes root."]
