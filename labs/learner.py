"""The learner's side of a running lab: what is asked of them, and the commands that they give. The stage acts on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from labs import tape
from labs.commands import Command, CommandError, GiveAnswer, Inject, Next, Stop, Turn, check_answer, parse_command
from labs.lab import KnobError, KnobValue, Lab

Say = Callable[..., None]  # an event class and its fields but for t


class Learner:
    """Obeys commands against the state of the lab: one prediction at most waits, one `next` at most is remembered.

    `knobs` are turned in place. `say` puts an event on the tape, `stop` ends the lab with a reason.
    """

    def __init__(self, lab: Lab, knobs: dict[str, KnobValue], say: Say, stop: Callable[[str], None]) -> None:
        self._lab = lab
        self._knobs = knobs
        self._say = say
        self._stop = stop
        self._asked: tape.Predict | None = None
        self._answered = asyncio.Event()
        self._next = asyncio.Event()
        self.faults: dict[str, Callable[[str], Awaitable[None]]] = {}

    def ask(self, asked: tape.Predict) -> Awaitable[Any]:
        """From now on the prediction waits for its answer; await the result for that."""
        self._asked = asked
        self._answered.clear()
        return self._answered.wait()

    async def next(self) -> None:
        """Wait until the learner goes on; a `next` that came before counts."""
        await self._next.wait()
        self._next.clear()

    async def obey(self, lines: AsyncIterator[str]) -> None:
        """Take commands until they end, which stops the lab. One that is refused changes nothing."""
        async for line in lines:
            try:
                await self._do(parse_command(line))
            except (CommandError, KnobError) as error:
                self._say(tape.Failure, text=str(error))
        self._stop(tape.LEFT)

    async def _do(self, command: Command) -> None:
        match command:
            case GiveAnswer(id, value):
                self._answer(id, value)
            case Next():
                if self._asked is not None:
                    raise CommandError(f"next: the prediction {self._asked.id} waits for an answer")
                self._next.set()
            case Turn(knob, value):
                self._turn(knob, value)
            case Inject(id, target):
                await self._inject(id, target)
            case Stop():
                self._stop(tape.STOPPED)

    def _answer(self, id: str, value: object) -> None:
        if self._asked is None or self._asked.id != id:
            waiting = f"the lab asks for {self._asked.id}" if self._asked else "the lab asks for none"
            raise CommandError(f"answer: no prediction {id!r} waits; {waiting}")
        value = check_answer(self._asked, value)
        self._asked = None
        self._say(tape.Answer, id=id, value=value)
        self._answered.set()

    def _turn(self, name: str, raw: str) -> None:
        knob = self._lab.knob(name)
        value = knob.parse(raw)
        if not knob.live:
            raise CommandError(f"set: {name} is set before a run (--set {name}=VALUE), not during it")
        self._knobs[name] = value
        self._say(tape.Note, text=f"Knob {name} is now {raw}.")

    async def _inject(self, id: str, target: str) -> None:
        fault = next((fault for fault in self._lab.faults if fault.id == id), None)
        if fault is None:
            names = ", ".join(fault.id for fault in self._lab.faults) or "none"
            raise CommandError(f"fault: lab {self._lab.name} has no fault {id!r}; it has {names}")
        if id not in self.faults:
            raise CommandError(f"fault: {id} is not to be played yet; it is after the steps, in free play")
        if target not in fault.targets:
            raise CommandError(f"fault: {id} takes {', '.join(fault.targets)}, not {target!r}")
        self._say(tape.FaultInjected, id=id, target=target, by="learner")
        await self.faults[id](target)
