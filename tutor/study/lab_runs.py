"""What progress remembers of a lab that was run, read off its tape. Running it is the business of labs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from labs import tape
from tutor.study.store import LabRun, Prediction


def lab_run(events: Iterable[tape.Event]) -> LabRun | None:
    """The run that a tape is of; None where the lab did not come to its last line, or measured nothing."""
    started: tape.LabStarted | None = None
    ended: tape.Ended | None = None
    asked: dict[str, tape.Predict] = {}
    answers: dict[str, object] = {}
    measured: dict[str, object] = {}
    verdicts: dict[str, bool] = {}
    for event in events:
        match event:
            case tape.LabStarted():
                started = event
            case tape.Predict():
                asked[event.id] = event
            case tape.Answer():
                answers[event.id] = event.value
            case tape.Measured():
                measured[event.id] = event.value
            case tape.Verdict():
                verdicts[event.id] = event.ok
            case tape.Ended():
                ended = event
    if started is None or ended is None or not verdicts:
        return None
    predictions = tuple(
        Prediction(id, _plain(answers.get(id)), _plain(measured.get(id)), each.ask, each.unit)
        for id, each in asked.items()
    )
    return LabRun(started.name, _when(started.started), ended.ok, verdicts, predictions)


def _when(text: str) -> datetime:
    """The wall clock of the tape; now, where it can't be read."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.now(UTC)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).replace(microsecond=0)


def _plain(value: object) -> str | float | None:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str | float | int | None) else str(value)
