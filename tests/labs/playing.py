"""Runs labs inside a test, and edits what they recorded."""

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Callable, Iterable

from labs import tape
from labs.catalog import find
from labs.lab import KnobValue, Lab
from labs.recording import Tape
from labs.stage import Scenario, run_lab


class Played:
    """One run: its last line, its events, its verdicts by id."""

    def __init__(self, ended: tape.Ended, events: list[tape.Event]) -> None:
        self.ended = ended
        self.events = events
        self.verdicts = {event.id: event for event in events if isinstance(event, tape.Verdict)}

    @property
    def failed(self) -> set[str]:
        """The claims that were not borne out: their verdict is that they do not hold, or they were not measured."""
        lab = find(next(event.name for event in self.of(tape.LabStarted)))
        assert lab is not None
        return {id for id in lab.verdicts if id not in self.verdicts or not self.verdicts[id].ok}

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]

    def edited(self, edit: Callable[[tape.Event], tape.Event | None]) -> Tape:
        """The tape with each event as `edit` leaves it; one that it returns None for is gone."""
        edited = Tape()
        for event in self.events:
            kept = edit(event)
            if kept is not None:
                edited.add(kept)
        return edited


_SOUND: dict[str, Played] = {}


async def sound(name: str) -> Played:
    """A run with nothing broken and every knob at its default: played once, then the same again."""
    if name not in _SOUND:
        _SOUND[name] = await play(name)
    return _SOUND[name]


async def play(name: str, *settings: str, events: list[tape.Event] | None = None) -> Played:
    """Run the lab with knobs set as on the command line (`key=zero`); `events` fills as it runs."""
    lab, scenario, knobs = _cast(name, settings)
    events = [] if events is None else events
    return Played(await run_lab(lab, scenario, knobs, events.append, None, auto=True), events)


async def play_freely(name: str, faults: Iterable[tuple[str, str]], *settings: str, judged: str = "") -> Played:
    """Run a lab whose every step asks something with a learner who answers, and plays `faults` (id, target) after the
    steps: each as soon as the lab takes it, but where the target is empty waits until the verdict `judged` has come."""
    lab, scenario, knobs = _cast(name, settings)
    learner = _Learner(faults, judged)
    return Played(await run_lab(lab, scenario, knobs, learner.hear, learner.commands(), auto=False), learner.events)


def _cast(name: str, settings: Iterable[str]) -> tuple[Lab, Scenario, dict[str, KnobValue]]:
    lab = find(name)
    raw = {knob.name: knob.default for knob in lab.knobs} | dict(setting.split("=", 1) for setting in settings)
    return lab, importlib.import_module(lab.module), {knob.name: knob.parse(raw[knob.name]) for knob in lab.knobs}


class _Learner:
    def __init__(self, faults: Iterable[tuple[str, str]], judged: str) -> None:
        self.events: list[tape.Event] = []
        self._commands: asyncio.Queue[str] = asyncio.Queue()
        self._faults = list(faults)
        self._judged = judged
        self._waits = False

    def hear(self, event: tape.Event) -> None:
        self.events.append(event)
        if isinstance(event, tape.Predict):
            value = {"choice": event.options[:1], "number": [1], "order": [event.options], "bytes": ["00"]}[event.form]
            self._say(do="answer", id=event.id, value=value[0])
        elif isinstance(event, tape.Step) and event.id == tape.FREE_PLAY:
            self._play_on()
        elif self._waits and isinstance(event, tape.Verdict) and event.id == self._judged:
            self._waits = False
            self._play_on()

    def _play_on(self) -> None:
        if not self._faults:
            self._say(do="next")
            return
        fault, target = self._faults.pop(0)
        if target:
            self._say(do="fault", id=fault, target=target)
        else:
            self._waits = True

    def _say(self, **command: object) -> None:
        self._commands.put_nowait(json.dumps(command))

    async def commands(self) -> AsyncIterator[str]:
        while True:
            yield await self._commands.get()
