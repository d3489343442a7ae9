"""Runs labs inside a test, and edits what they recorded."""

import importlib
from collections.abc import Callable

from labs import tape
from labs.catalog import find
from labs.recording import Tape
from labs.stage import run_lab


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
    lab = find(name)
    raw = {knob.name: knob.default for knob in lab.knobs} | dict(setting.split("=", 1) for setting in settings)
    knobs = {knob.name: knob.parse(raw[knob.name]) for knob in lab.knobs}
    events = [] if events is None else events
    scenario = importlib.import_module(lab.module)
    return Played(await run_lab(lab, scenario, knobs, events.append, None, auto=True), events)
