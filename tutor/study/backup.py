"""All progress as one JSON text, and back. Importing adds what is not there yet, so doing it twice changes nothing.

Imports pydantic: only the command that needs it loads this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from tutor.study import store as files
from tutor.study.reviews import Mock, MockAnswer, Review, Reviews, Statement, insert_answer, insert_mock, insert_review
from tutor.study.store import LabRun, Seen, Store

MAX_BYTES = 64 * 1024 * 1024
FORMAT: Literal["ws-tutor progress 1"] = "ws-tutor progress 1"


class BackupError(ValueError):
    """A file that is no backup of ours; one line says where it is wrong and what is wanted."""


@dataclass(frozen=True, slots=True)
class Interview:
    """A mock interview, and what it keeps of each answer by the id of its review."""

    mock: Mock
    answers: dict[str, MockAnswer]


@checked(frozen=True, config={"extra": "forbid"})
class Backup:
    """Everything on file, in a fixed order."""

    format: Literal["ws-tutor progress 1"]
    settings: dict[str, str]
    seen: dict[str, Seen]
    lab_runs: tuple[LabRun, ...]
    reviews: tuple[Review, ...]
    mocks: tuple[Interview, ...]


_ADAPTER = TypeAdapter(Backup)


def dump(store: Store) -> str:
    """All that the store has; equal stores give equal texts."""
    log = Reviews(store)
    mocks = sorted(log.mocks(), key=lambda kept: (kept.mock.at, kept.mock.id))
    backup = Backup(
        FORMAT,
        dict(sorted(store.settings().items())),
        dict(sorted(store.seen().items())),
        tuple(sorted(store.lab_runs(limit=-1), key=lambda run: (run.at, run.lab))),
        tuple(sorted(log.all(), key=lambda review: (review.at, review.id))),
        tuple(Interview(kept.mock, {done.id: answer for done, answer in kept.answers}) for kept in mocks),
    )
    return _ADAPTER.dump_json(backup, indent=1).decode() + "\n"


def parse(data: bytes) -> Backup:
    """The backup in a file's bytes. Raises BackupError."""
    if len(data) > MAX_BYTES:
        raise BackupError(f"has {len(data)} bytes; a backup has at most {MAX_BYTES}")
    try:
        backup = _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        place = f"{where}: " if where else ""
        raise BackupError(f"{place}{first['msg']}; give a file that ws-tutor progress export wrote") from error
    _hold(backup)
    return backup


def load(store: Store, backup: Backup) -> bool:
    """Add to the store what it lacks, in one transaction; settings and reach are the backup's. True where saved."""
    reviews = {review.id: review for review in backup.reviews}
    statements: list[Statement] = []
    for name, value in backup.settings.items():
        statements.append(("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value)))
    for question, seen in backup.seen.items():
        statements.append(files.insert_seen(question, seen))
    known = store.lab_runs(limit=-1)
    statements += [files.insert_lab_run(run) for run in backup.lab_runs if run not in known]
    statements += [insert_review(review) for review in backup.reviews]
    for interview in backup.mocks:
        statements.append(insert_mock(interview.mock))
        for key, answer in interview.answers.items():
            statements.append(insert_answer(interview.mock, reviews[key], answer))
    return store.transact(statements)


def _hold(backup: Backup) -> None:
    """What the types can't say."""
    ids = {review.id for review in backup.reviews}
    if len(ids) != len(backup.reviews):
        raise BackupError("reviews: an id is there twice; each review has one of its own")
    for interview in backup.mocks:
        if not ids.issuperset(interview.answers):
            raise BackupError(f"mocks: {interview.mock.id}: an answer has no review; each belongs to one")
    times = [review.at for review in backup.reviews] + [each.mock.at for each in backup.mocks]
    times += [run.at for run in backup.lab_runs] + [
        at for seen in backup.seen.values() for at in (seen.first, seen.last)
    ]
    if any(at.tzinfo is None for at in times):
        raise BackupError("a time has no zone; it takes one such as 2026-09-01T12:00:00Z")
    earliest = datetime(1970, 1, 1, tzinfo=UTC)
    if any(at < earliest for at in times):
        raise BackupError("a time lies before 1970")
