"""The stage: predictions, pauses, commands, faults, stops and failures, on toy scenarios."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import SimpleNamespace

import pytest

from labs import stage as stage_module
from labs import tape
from labs.findings import Finding
from labs.lab import Fault, Knob, Lab
from labs.stage import Ask, Plan, Stage, StageError, run_lab
from tests.labs.waiting import until

LAB = Lab(
    "toy", "Toy", "", ("Q0",), "", {"holds": "It holds"},
    knobs=(Knob("speed", "number", "1", "", low=0, high=9, live=True), Knob("path", "text", "/", "")),
    faults=(Fault("kill", "ends a part", ("server",)),),
)  # fmt: skip

Run = Callable[[Stage], Awaitable[None]]


def found(ok: bool = True, evidence: tuple[int, ...] = (1,), **measured: object) -> Callable:
    return lambda recording: Finding(ok, "e", "o", evidence, measured)


class Played:
    """A toy run driven by the tape: `on[kind]` are commands for when such an event comes, `early` those before."""

    def __init__(
        self, run: Run, *, judge: Callable | None = None, early: Sequence[object] = (), **on: list[object]
    ) -> None:
        self.events: list[tape.Event] = []
        self._commands: asyncio.Queue[str | None] = asyncio.Queue()
        for command in early:
            self._commands.put_nowait(json.dumps(command))
        self._on = {kind: list(commands) for kind, commands in on.items()}
        self._scenario = SimpleNamespace(run=run, VERDICTS={"holds": judge or found()})

    def _out(self, event: tape.Event) -> None:
        self.events.append(event)
        waiting = self._on.get(event.kind)
        if waiting:
            for command in waiting.pop(0) if isinstance(waiting[0], list) else [waiting.pop(0)]:
                line = command if isinstance(command, str) or command is None else json.dumps(command)
                self._commands.put_nowait(line)

    async def _lines(self) -> AsyncIterator[str]:
        while (line := await self._commands.get()) is not None:
            yield line

    async def end(self, *, auto: bool = False, pauses: bool = True) -> tape.Ended:
        async with asyncio.timeout(10):
            return await run_lab(
                LAB, self._scenario, {"speed": 1.0, "path": "/"}, self._out, self._lines(), auto=auto, pauses=pauses
            )

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def errors(self) -> list[str]:
        return [event.text for event in self.of(tape.Failure)]


async def two_steps(stage: Stage) -> None:
    await stage.step(Plan("one", "One", ""))
    await stage.step(Plan("two", "Two", "", (Ask("p", "?", "choice", ("a", "b")),)))
    await stage.step(Plan("three", "Three", ""))
    await stage.judge("holds")


NEXT, ANSWER = {"do": "next"}, {"do": "answer", "id": "p", "value": "a"}


async def test_a_run_opens_with_its_lab_and_closes_with_its_end() -> None:
    played = Played(two_steps)
    ended = await played.end(auto=True)
    assert (ended.ok, ended.verdicts, ended.error) == (True, 1, None)
    assert [event.kind for event in played.events] == ["lab", "step", "step", "predict", "step", "verdict", "end"]
    lab = played.events[0]
    assert (lab.name, lab.knobs) == ("toy", {"speed": 1.0, "path": "/"})


async def test_the_learner_answers_predictions_and_says_next() -> None:
    played = Played(two_steps, predict=[ANSWER], step=[[], [], NEXT])
    ended = await played.end()
    assert ended.ok
    assert [event.value for event in played.of(tape.Answer)] == ["a"]
    assert played.errors == []


async def test_without_pauses_only_predictions_are_waited_for() -> None:
    played = Played(two_steps, predict=[ANSWER])
    assert (await played.end(pauses=False)).ok


async def test_an_early_next_is_not_lost() -> None:
    played = Played(two_steps, early=[NEXT], predict=[ANSWER])
    assert (await played.end()).ok


async def test_a_wrong_answer_changes_nothing() -> None:
    wrong = [{"do": "answer", "id": "p", "value": "c"}, {"do": "answer", "id": "q", "value": "a"}, NEXT, "junk"]
    played = Played(two_steps, predict=[[*wrong, ANSWER]], step=[[], [], NEXT])
    assert (await played.end()).ok
    assert [event.value for event in played.of(tape.Answer)] == ["a"]
    starts = ("p is answered by", "answer: no prediction 'q'", "next: the prediction p", "not JSON; a command")
    assert len(played.errors) == len(starts)
    assert all(error.startswith(start) for error, start in zip(played.errors, starts, strict=True))


async def test_an_answer_that_nobody_asked_for_is_refused() -> None:
    played = Played(two_steps, early=[ANSWER, NEXT], predict=[ANSWER])
    await played.end()
    assert played.errors == ["answer: no prediction 'p' waits; the lab asks for none"]


async def test_what_a_prediction_came_to_is_on_the_tape() -> None:
    played = Played(two_steps, judge=found(p="b", other="x"), predict=[ANSWER], step=[[], [], NEXT])
    await played.end()
    assert [(event.id, event.value) for event in played.of(tape.Measured)] == [("p", "b")]


async def test_a_claim_without_evidence_is_no_verdict() -> None:
    played = Played(two_steps, judge=found(evidence=()))
    ended = await played.end(auto=True)
    assert (ended.ok, ended.error) == (False, None)
    assert played.of(tape.Verdict) == []
    assert played.of(tape.Note)[-1].text.startswith("Not measured: It holds")


async def test_a_verdict_that_is_never_reached_is_told() -> None:
    async def nothing(stage: Stage) -> None:
        await stage.step(Plan("one", "One", ""))

    ended = await Played(nothing).end(auto=True)
    assert (ended.ok, ended.verdicts, ended.error) == (False, 0, "not measured: holds")


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (StageError("the browser did not come"), "the browser did not come"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (KeyError("x"), "defect in lab toy: KeyError: 'x'"),
    ],
)
async def test_a_failure_ends_the_lab_with_its_reason(failure: Exception, says: str) -> None:
    async def fail(stage: Stage) -> None:
        raise failure

    played = Played(fail)
    ended = await played.end(auto=True)
    assert not ended.ok
    assert says in ended.error
    assert played.events[-1] == ended


async def test_the_end_of_commands_stops_the_lab() -> None:
    played = Played(two_steps, predict=[None])
    ended = await played.end()
    assert not ended.ok
    assert "--auto" in ended.error


async def test_the_learner_stops_the_lab() -> None:
    assert (await Played(two_steps, predict=[{"do": "stop"}]).end()).error == "stopped by the learner"


async def test_a_step_that_hangs_is_ended(monkeypatch) -> None:
    monkeypatch.setattr(stage_module, "STEP_SECONDS", 0.2)
    monkeypatch.setattr(Stage._watch, "__defaults__", (0.2,))

    async def hang(stage: Stage) -> None:
        await stage.step(Plan("one", "One", ""))
        await asyncio.Event().wait()

    assert (await Played(hang).end(auto=True)).error == "step one took longer than 0.2 s"


async def test_a_step_that_is_done_again_has_its_time_again(monkeypatch) -> None:
    monkeypatch.setattr(Stage._watch, "__defaults__", (0.4,))

    async def twice(stage: Stage) -> None:
        await stage.step(Plan("one", "One", ""))
        for _ in range(2):
            await asyncio.sleep(0.25)
            stage.once_more()
        await stage.judge("holds")

    assert (await Played(twice).end(auto=True)).ok


async def test_the_learner_may_take_any_time(monkeypatch) -> None:
    monkeypatch.setattr(Stage._watch, "__defaults__", (0.1,))
    played = Played(two_steps)

    async def late() -> None:
        await asyncio.sleep(0.4)
        for command in (ANSWER, NEXT):
            played._commands.put_nowait(json.dumps(command))

    task = asyncio.get_running_loop().create_task(late())
    assert (await played.end()).ok
    await task


async def test_what_does_not_come_is_named() -> None:
    async def wait(stage: Stage) -> None:
        await stage.until(lambda recording: False, 0.1, "the browser's handshake")

    assert (await Played(wait).end(auto=True)).error == "the browser's handshake did not come within 0.1 s"


async def test_faults_and_live_knobs() -> None:
    done: list[object] = []

    async def breakable(stage: Stage) -> None:
        async def kill(target: str) -> None:
            done.append(target)

        stage.on_fault("kill", kill)
        await two_steps(stage)
        done.append(stage.knobs["speed"])

    commands = [
        {"do": "fault", "id": "kill", "target": "server"}, {"do": "fault", "id": "kill", "target": "moon"},
        {"do": "fault", "id": "flood", "target": "server"}, {"do": "set", "knob": "speed", "value": 3},
        {"do": "set", "knob": "speed", "value": 30}, {"do": "set", "knob": "path", "value": "/x"},
        {"do": "set", "knob": "colour", "value": "red"}, NEXT, ANSWER,
    ]  # fmt: skip
    played = Played(breakable, step=[[], [], NEXT], predict=[[command for command in commands if command != NEXT]])
    assert (await played.end()).ok
    assert done == ["server", 3.0]
    assert [(event.id, event.target, event.by) for event in played.of(tape.FaultInjected)] == [
        ("kill", "server", "learner")
    ]
    assert [error.split(";")[0] for error in played.errors] == [
        "fault: kill takes server, not 'moon'",
        "fault: lab toy has no fault 'flood'",
        "speed='30': out of range",
        "set: path is set before a run (--set path=VALUE), not during it",
        "colour: lab toy has no such knob",
    ]


async def test_free_play_lasts_until_the_learner_goes_on_and_its_verdicts_are_judged() -> None:
    played_faults: list[str] = []

    async def playful(stage: Stage) -> None:
        async def kill(target: str) -> None:
            played_faults.append(target)
            await stage.judge("holds")

        await stage.step(Plan("one", "One", ""))
        await stage.judge("holds")
        await stage.free_play(Plan(tape.FREE_PLAY, "Free play", ""), {"kill": kill})

    fault = {"do": "fault", "id": "kill", "target": "server"}
    played = Played(playful, early=[fault], step=[[], fault, fault, NEXT])
    assert (await played.end()).ok
    assert played_faults == ["server", "server"]
    assert [event.kind for event in played.events if event.kind in ("step", "fault", "verdict")] == [
        "step", "verdict", "step", "fault", "verdict", "step", "fault", "verdict", "step",
    ]  # fmt: skip
    assert played.errors == ["fault: kill is not to be played yet; it is after the steps, in free play"]
    automatic = Played(playful)
    assert (await automatic.end(auto=True)).ok
    assert len(automatic.of(tape.Step)) == 1


async def test_a_child_that_dies_ends_the_lab_and_says_why() -> None:
    async def lose(stage: Stage) -> None:
        child = await stage.spawn("server", "server", "tests.labs.dying", after=0.05)
        await stage.until(lambda recording: False, 5, f"nothing of {child.id}")

    played = Played(lose)
    ended = await played.end(auto=True)
    assert "server (process" in ended.error
    assert "it was only a test" in ended.error
    assert [event.state for event in played.of(tape.Part)] == ["up", "down"]


async def test_a_child_that_does_not_start_says_why() -> None:
    async def fail(stage: Stage) -> None:
        await stage.spawn("server", "server", "tests.labs.dying", after=0)

    ended = await Played(fail).end(auto=True)
    assert ended.error.startswith("server did not start: ")
    assert "it was only a test" in ended.error


async def test_a_cancelled_lab_writes_its_last_line() -> None:
    played = Played(two_steps)
    task = asyncio.get_running_loop().create_task(played.end())
    await until(lambda: bool(played.of(tape.Predict)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert played.events[-1].error == "interrupted"


async def test_a_tape_that_cannot_be_written_ends_the_lab_at_once() -> None:
    events: list[tape.Event] = []

    def out(event: tape.Event) -> None:
        events.append(event)
        if len(events) > 2:
            raise BrokenPipeError(32, "Broken pipe")

    scenario = SimpleNamespace(run=two_steps, VERDICTS={"holds": found()})
    with pytest.raises(BrokenPipeError):
        await run_lab(LAB, scenario, {}, out, None, auto=True)
