"""Runs one lab: its steps, predictions, parts and verdicts onto a tape, under the learner's commands.

A scenario is a module with `async def run(stage)` and `VERDICTS`, a pure function of the tape for each verdict. It says
what happens; processes, order and names are the stage's.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import platform
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from labs import tape
from labs.findings import Judge, unmeasured
from labs.lab import KnobValue, Lab
from labs.learner import Learner
from labs.net.journal import Journal
from labs.net.processes import SHARED_CLOCK, Child, ProcessError
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from labs.parts import Parts
from labs.recording import Tape

STEP_SECONDS = 30.0  # between two steps or predictions, the learner's time not counted
PUMP_SECONDS = 0.03  # how far the tape is behind the wire at most
POLL_SECONDS = 0.02
SETTLE_SECONDS = 15.0  # for what came of the last fault, when the learner has gone on already


class StageError(RuntimeError):
    """The lab cannot go on; the text is for the learner."""


class FaultRefused(ValueError):
    """A fault that its target cannot suffer now, which changes nothing; the text says why, and what would be right."""


# What a fault does to its target.
Fault = Callable[[str], Awaitable[None]]


class Scenario(Protocol):
    """What a module of labs.scenarios has."""

    VERDICTS: Mapping[str, Judge]

    async def run(self, stage: Stage) -> None: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """A prediction to be made before a step runs; the finding of some verdict measures what it came to."""

    id: str
    ask: str
    form: str
    options: Sequence[str] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A step before it is run: what the learner reads, and predicts."""

    id: str
    title: str
    text: str
    asks: Sequence[Ask] = ()


class Stage:
    """What a scenario acts on."""

    def __init__(
        self,
        lab: Lab,
        scenario: Scenario,
        knobs: Mapping[str, KnobValue],
        out: Callable[[tape.Event], None],
        *,
        auto: bool,
        pauses: bool = True,
    ) -> None:
        self.lab = lab
        self.knobs = dict(knobs)
        self.tape = Tape()
        self._scenario = scenario
        self._out = out
        self._auto = auto
        self._pauses = pauses and not auto
        self._journal = Journal(time.monotonic())
        self._tasks = Tasks(lambda failure: self.stop(f"{type(failure).__name__}: {failure}"))
        self.parts = Parts(self._tasks, self._journal, self._say, self.stop, _load)
        self._learner = Learner(lab, self.knobs, self._say, self.stop)
        self._step = ""
        self._opened = False
        self._began = datetime.now(UTC)
        self._judged: dict[str, bool] = {}
        self._excused: set[str] = set()
        self._measured: dict[str, object] = {}
        self._stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._deadline: asyncio.TimerHandle | None = None

    # What a scenario says.

    async def step(self, plan: Plan) -> None:
        """Begin a step. The learner answers its predictions, or says `next`, before it runs; the first runs at once."""
        self._say(tape.Step, id=plan.id, title=plan.title, text=plan.text)
        first, self._step = not self._step, plan.id
        self._watch(f"step {plan.id}")
        for ask in plan.asks:
            await self._predict(ask)
        if not plan.asks and not first and self._pauses:
            await self._wait_for(self._learner.next())

    async def free_play(
        self, plan: Plan, faults: Mapping[str, Fault], settled: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> None:
        """After the guided path: the learner plays `faults` (by their ids in the catalogue, each called with its
        target) one after the other, until they go on. Skipped in a run that does not wait for the learner.

        A fault that lasts returns at once, so that the next one can come while it does; then `settled` waits until what
        came of it is over, and judges. Each fault begins that anew, and the end of free play waits for it."""
        if not self.plays_freely:
            return
        chosen: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        for id in faults:
            self.on_fault(id, lambda target, id=id: chosen.put((id, target)))  # type: ignore[misc]
        ends = self._tasks.start(self._learner.next(), "end of free play")
        judging: asyncio.Task[None] | None = None
        while True:
            self._say(tape.Step, id=tape.FREE_PLAY, title=plan.title, text=plan.text)
            self._step = tape.FREE_PLAY
            choice = self._tasks.start(chosen.get(), "choice of a fault")
            either: set[asyncio.Future[Any]] = {ends, choice}
            await self._wait_for(asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED))
            if not choice.done():
                choice.cancel()
                await asyncio.wait([judging] if judging else [ends], timeout=SETTLE_SECONDS)
                return
            unjudged = judging is not None and not judging.done()
            if judging is not None:
                judging.cancel()
            changed = await self._play_fault(faults, *choice.result())
            if settled is not None and (changed or unjudged):
                judging = self._tasks.start(settled(), "what comes of a fault")

    async def _play_fault(self, faults: Mapping[str, Fault], id: str, target: str) -> bool:
        """Whether it was played; one that is refused says why."""
        try:
            await faults[id](target)
        except FaultRefused as refused:
            self._say(tape.Failure, text=f"fault: {refused}")
            return False
        return True

    @property
    def plays_freely(self) -> bool:
        """Whether there is a learner to play faults after the steps."""
        return self._pauses

    def note(self, text: str, *, aloud: bool = False) -> None:
        """Tell the learner something; `aloud` says it on standard error too, to one who runs it by hand."""
        self._say(tape.Note, text=text)
        if aloud and sys.stderr.isatty() and not sys.stdout.isatty():
            print(text, file=sys.stderr, flush=True)

    def metric(self, name: str, value: float, unit: str, part: str | None = None) -> None:
        self._say(tape.Metric, name=name, value=value, unit=unit, part=part)

    def part(
        self, id: str, role: str, state: str = "up", *, pid: int | None = None, address: str | None = None
    ) -> None:
        """A part comes, goes or changes its state."""
        self._say(tape.Part, id=id, role=role, state=state, pid=pid, address=address)

    def fault(self, id: str, target: str, by: str = "lab") -> None:
        """Say that something is broken on purpose from now on."""
        self._say(tape.FaultInjected, id=id, target=target, by=by)

    def on_fault(self, id: str, break_it: Fault) -> None:
        """What the fault `id` of the catalogue does to its target when the learner asks for it."""
        self._learner.faults[id] = break_it

    async def judge(self, *ids: str) -> None:
        """Compute these verdicts from the tape as it is now; those that were excused stay so."""
        await self.flush()
        for id in ids:
            if id in self._excused:
                continue
            finding = self._scenario.VERDICTS[id](self.tape)
            if finding.ok and not finding.evidence:
                finding = unmeasured(finding.expected, "no line of the tape bears it out")
            for asked, value in finding.measured.items():
                if any(event.id == asked for _, event in self.tape.of(tape.Predict)):
                    self._measure(asked, value)
            self._judged[id] = bool(finding.ok)
            if finding.ok is None:
                self.note(f"Not measured: {self.lab.verdicts[id]}: {finding.observed}.")
                continue
            self._say(
                tape.Verdict, id=id, claim=self.lab.verdicts[id], ok=finding.ok, expected=finding.expected,
                observed=finding.observed, evidence=list(finding.evidence),
            )  # fmt: skip
        await self.flush()

    def excuse(self, why: str, *ids: str) -> None:
        """These verdicts cannot be measured on this machine, `why` not: that is told, and is no failure of the lab."""
        for id in ids:
            if id not in self._judged:
                self._excused.add(id)
                self.note(f"Not measured here: {self.lab.verdicts[id]}: {why}.")

    def _measure(self, asked: str, value: object) -> None:
        """Say what a prediction came to, once: a claim may be judged again."""
        if (asked, value) not in self._measured.items():
            self._measured[asked] = value
            self._say(tape.Measured, id=asked, value=value)

    # Parts and bytes.

    def tap(self, part: str) -> Tap:
        """The tap of a part that runs in the lab's own process."""
        return Tap(lambda record: self._journal.take(part, record))

    def host(self, part: str, role: str) -> Tap:
        """A part that runs in the lab's own process: announce it and return its tap."""
        self.part(part, role, pid=os.getpid())
        return self.tap(part)

    async def spawn(self, id: str, role: str, module: str, **config: object) -> Child:
        """Start a part as a process of its own and wait until it listens; raises ProcessError."""
        return await self.parts.spawn(id, role, module, config)

    def expect_stranger(self, part: str, role: str) -> None:
        """Connections that no part of the lab dialled come from `part`."""
        self._journal.stranger = part
        self.part(part, role)

    async def until(self, condition: Callable[[Tape], bool], seconds: float, what: str) -> None:
        """Wait until the tape shows it; raises StageError that names `what` did not come."""
        self._watch(what, seconds + STEP_SECONDS)
        if not await self.shows(condition, seconds):
            raise StageError(f"{what} did not come within {seconds:g} s")

    async def shows(self, condition: Callable[[Tape], bool], seconds: float) -> bool:
        """Wait until the tape shows it; whether it did within `seconds`."""
        await self.flush()
        end = time.monotonic() + seconds
        while not condition(self.tape):
            if time.monotonic() > end:
                return False
            await asyncio.sleep(POLL_SECONDS)
            await self.flush()
        return True

    def once_more(self) -> None:
        """What this step does is done again: its time begins anew."""
        self._watch(f"step {self._step}")

    async def flush(self) -> None:
        """Bring the tape up to this moment."""
        self._drain(await self.parts.cast.barrier())

    def stop(self, reason: str) -> None:
        """End the lab before its end."""
        if not self._stopped.done():
            self._stopped.set_result(reason)

    # Below the surface.

    async def _predict(self, ask: Ask) -> None:
        asked = tape.Predict(
            t=self._now(), id=ask.id, ask=ask.ask, form=ask.form, options=list(ask.options), unit=ask.unit
        )
        self._journal.event(asked)
        if not self._auto:
            await self._wait_for(self._learner.ask(asked))

    async def _wait_for(self, learner: Awaitable[Any]) -> None:
        """The learner may take any time: nothing is timed meanwhile."""
        self._watch("")
        await self.flush()
        await learner
        self._watch(f"step {self._step}")

    def _watch(self, what: str, seconds: float = STEP_SECONDS) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        if what:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(seconds, self.stop, f"{what} took longer than {seconds:g} s")

    def _now(self) -> float:
        return time.monotonic() - self._journal.began

    def _say(self, kind: type[tape.Event], **fields: Any) -> None:
        self._journal.event(kind(t=self._now(), **fields))

    def _drain(self, until: float) -> None:
        if not self._opened:  # as late as this, because the first process is starting by now
            self._opened = True
            self._journal.event(_lab_started(self.lab, self.knobs, self._began))
        for event in self._journal.drain(until):
            self.tape.add(event)
            self._out(event)

    async def _pump(self) -> None:
        while True:
            await asyncio.sleep(PUMP_SECONDS)
            if self._journal.waiting:
                await self.flush()

    async def perform(self, commands: AsyncIterator[str] | None) -> tape.Ended:
        """Run the scenario to its end, or to its stop; no child is left. Returns the last line, which has been written.
        Cancelled, it writes that line all the same, then passes the cancellation on."""
        async with self._tasks:
            self._tasks.start(self._pump(), "pump")
            if commands is not None:
                self._tasks.start(self._learner.obey(commands), "commands")
            try:
                error = await self._play()
                await self.flush()
            finally:
                self._watch("")
                await self.parts.cast.aclose()
        self._drain(time.monotonic())
        ended = self._ended(error)
        self._journal.event(ended)
        self._drain(time.monotonic())
        if error == tape.INTERRUPTED:
            raise asyncio.CancelledError
        return ended

    def _ended(self, error: str | None) -> tape.Ended:
        missing = [id for id in self.lab.verdicts if id not in self._judged and id not in self._excused]
        if error is None and missing:
            error = f"not measured: {', '.join(missing)}"
        ok = error is None and all(self._judged.values())
        seconds = self._now()
        return tape.Ended(t=seconds, ok=ok, verdicts=len(self._judged), seconds=round(seconds, 3), error=error)

    async def _play(self) -> str | None:
        """Run the scenario; why it could not be run to its end, or None."""
        scenario = self._tasks.start(self._scenario.run(self), "scenario")
        try:
            either: set[asyncio.Future[Any]] = {scenario, self._stopped}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._stopped.cancel()
            return tape.INTERRUPTED
        if not scenario.done():
            return self._stopped.result()
        failure = scenario.exception()
        if failure is None:
            return None
        expected = isinstance(failure, StageError | ProcessError | OSError)
        return str(failure) if expected else f"defect in lab {self.lab.name}: {type(failure).__name__}: {failure}"


def _load() -> None:
    """Import what the first bytes will need, while the first process starts: the two would add up."""
    for module in ("labs.wire.dissect", "labs.net.client"):
        importlib.import_module(module)


def _lab_started(lab: Lab, knobs: Mapping[str, KnobValue], began: datetime) -> tape.LabStarted:
    from importlib.metadata import PackageNotFoundError, version

    try:
        own = version("ws-tutor")
    except PackageNotFoundError:
        own = "unknown"
    host = {
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "clock": "one for all processes" if SHARED_CLOCK else "stamped on arrival",
    }
    return tape.LabStarted(
        t=0.0, name=lab.name, title=lab.title, questions=list(lab.questions), knobs=dict(knobs), version=own,
        started=began.isoformat(timespec="milliseconds"), host=host,
    )  # fmt: skip


async def run_lab(
    lab: Lab,
    scenario: Scenario,
    knobs: Mapping[str, KnobValue],
    out: Callable[[tape.Event], None],
    commands: AsyncIterator[str] | None,
    *,
    auto: bool,
    pauses: bool = True,
) -> tape.Ended:
    """Run one lab; every event goes to `out` in order. The result's `error` is None where it ran to its end.

    `auto` waits for nobody; without `pauses` only predictions are waited for, not `next` between steps.
    """
    return await Stage(lab, scenario, knobs, out, auto=auto, pauses=pauses).perform(commands)
