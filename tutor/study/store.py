"""Progress on disk, in SQLite: what was seen, where one left off, settings, lab runs. Opened at first use.

Never in the way of studying: where nothing can be saved, `problem` says why, reads give what can be read and writes
do nothing. A file that is damaged, foreign or from a newer version is left as it is.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from tutor.study import home

Reach = Literal["opened", "read"]
REACHES: tuple[Reach, ...] = ("opened", "read")
APPLICATION_ID = 0x77735475
BUSY_SECONDS = 2.0

# One tuple of statements a version; a released one never changes. `PRAGMA user_version` counts those that have run.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE seen (
            question TEXT PRIMARY KEY,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            times INTEGER NOT NULL,
            reach INTEGER NOT NULL
        ) WITHOUT ROWID""",
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE place (one INTEGER PRIMARY KEY CHECK (one = 1), at TEXT NOT NULL)",
        """CREATE TABLE lab_run (
            id INTEGER PRIMARY KEY,
            lab TEXT NOT NULL,
            at INTEGER NOT NULL,
            ok INTEGER NOT NULL CHECK (ok IN (0, 1)),
            verdicts TEXT NOT NULL,
            predictions TEXT NOT NULL
        )""",
        "CREATE INDEX lab_run_by_lab ON lab_run (lab, at)",
    ),
    (
        """CREATE TABLE review (
            id TEXT PRIMARY KEY,
            card TEXT NOT NULL,
            at INTEGER NOT NULL,
            mode TEXT NOT NULL,
            rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 4),
            confidence INTEGER CHECK (confidence BETWEEN 1 AND 3),
            seconds REAL NOT NULL,
            missed TEXT NOT NULL
        )""",
        "CREATE INDEX review_by_time ON review (at)",
        "CREATE TABLE mock (id TEXT PRIMARY KEY, at INTEGER NOT NULL, interview TEXT NOT NULL)",
        """CREATE TABLE mock_answer (
            review TEXT PRIMARY KEY REFERENCES review (id) ON DELETE CASCADE,
            mock TEXT NOT NULL REFERENCES mock (id),
            answer TEXT NOT NULL
        ) WITHOUT ROWID""",
    ),
    (),  # a prediction in `lab_run` says what was asked, which an older ws-tutor could not read
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a question was looked at, when, and how far: its answer `opened`, or all of it `read`."""

    first: datetime
    last: datetime
    times: int
    reach: Reach


@dataclass(frozen=True, slots=True)
class Place:
    """Where one left off: screen, question, its unfolded parts (the current one last), the first line in view."""

    screen: str = ""
    question: str = ""
    unfolded: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was predicted in a lab and what was measured, as the tape has them; None where there was none."""

    id: str
    predicted: str | int | float | None
    measured: str | int | float | None
    ask: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class LabRun:
    """One run of a lab: `verdicts` maps each verdict's id to whether it held."""

    lab: str
    at: datetime
    ok: bool
    verdicts: Mapping[str, bool]
    predictions: tuple[Prediction, ...] = ()


def insert_lab_run(run: LabRun) -> tuple[str, Sequence[Any]]:
    """The statement that keeps how a lab ended."""
    predictions = json.dumps([asdict(prediction) for prediction in run.predictions])
    values = (run.lab, _seconds(run.at), int(run.ok), json.dumps(dict(run.verdicts)), predictions)
    return "INSERT INTO lab_run (lab, at, ok, verdicts, predictions) VALUES (?, ?, ?, ?, ?)", values


def insert_seen(question: str, seen: Seen) -> tuple[str, Sequence[Any]]:
    """The statement that takes over how a question was looked at elsewhere; what is known only grows."""
    values = (question, _seconds(seen.first), _seconds(seen.last), seen.times, REACHES.index(seen.reach))
    query = """INSERT INTO seen VALUES (?, ?, ?, ?, ?) ON CONFLICT (question) DO UPDATE
               SET first = min(first, excluded.first), last = max(last, excluded.last),
                   times = max(times, excluded.times), reach = max(reach, excluded.reach)"""
    return query, values


class _Unusable(Exception):
    """The file can't be used as it is, and will not be until someone does something; the text says why."""


class Store:
    """The learner's progress in one file. Any thread may use it; each write is one transaction.

    Two programs may have the same file open: a write waits up to BUSY_SECONDS for the other's.
    """

    def __init__(self, path: Path | None = None) -> None:
        """`path` is the database; None means progress.db in the platform's data folder (or beneath WS_TUTOR_HOME)."""
        self._given = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._unusable = False
        self._problem = ""

    @property
    def path(self) -> Path:
        """Where the database is, or would be."""
        return self._given or home.data_folder() / "progress.db"

    @property
    def problem(self) -> str:
        """Why nothing is being saved, in one sentence; empty while all is well. Opens the file if need be."""
        self._read(lambda connection: None, None)
        return self._problem

    def seen(self) -> dict[str, Seen]:
        """All questions that were looked at, by id."""
        rows: list[Any] = self._read(_all("SELECT question, first, last, times, reach FROM seen"), [])
        return {
            question: Seen(_when(first), _when(last), times, REACHES[min(reach, len(REACHES) - 1)])
            for question, first, last, times, reach in rows
        }

    def mark_seen(self, question: str, reach: Reach, at: datetime | None = None) -> bool:
        """Note that a question was looked at; its reach only grows. True where it was saved."""
        now = _seconds(at)
        return self._write(
            """INSERT INTO seen VALUES (?, ?, ?, 1, ?) ON CONFLICT (question) DO UPDATE
               SET last = max(last, excluded.last), times = times + 1, reach = max(reach, excluded.reach)""",
            (question, now, now, REACHES.index(reach)),
        )

    def place(self) -> Place | None:
        """Where one left off, or None."""
        rows: list[Any] = self._read(_all("SELECT at FROM place"), [])
        try:
            known = json.loads(rows[0][0])
            unfolded = tuple(str(part) for part in known["unfolded"])
            return Place(str(known["screen"]), str(known["question"]), unfolded, int(known["line"]))
        except (IndexError, ValueError, TypeError, KeyError):
            return None

    def keep_place(self, place: Place) -> bool:
        """Come back here next time. True where it was saved."""
        return self._write("INSERT OR REPLACE INTO place VALUES (1, ?)", (json.dumps(asdict(place)),))

    def settings(self) -> dict[str, str]:
        """All remembered choices, by name."""
        return dict(self._read(_all("SELECT name, value FROM setting"), []))

    def keep_setting(self, name: str, value: str) -> bool:
        """Remember a choice, such as the theme. True where it was saved."""
        return self._write("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def lab_runs(self, lab: str | None = None, limit: int = 100) -> list[LabRun]:
        """The runs of one lab, or of all, newest first."""
        query = """SELECT lab, at, ok, verdicts, predictions FROM lab_run
                   WHERE ?1 IS NULL OR lab = ?1 ORDER BY id DESC LIMIT ?2"""
        rows: list[Any] = self._read(_all(query, (lab, limit)), [])
        return [_lab_run(row) for row in rows]

    def keep_lab_run(self, run: LabRun) -> bool:
        """Remember how a lab ended. True where it was saved."""
        return self.transact([insert_lab_run(run)])

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """What a query of a sibling module finds; nothing where the file can't be read."""
        return self._read(_all(query, values), [])

    def transact(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> bool:
        """Carry out all statements, each with its values, or none of them. True where they were saved."""
        with self._lock, self._guarded():
            connection = self._open()
            if connection is not None:
                if len(statements) == 1:  # a transaction by itself, in one step: no other thread comes in between
                    connection.execute(*statements[0])
                else:
                    with _transaction(connection):
                        for statement, values in statements:
                            connection.execute(statement, values)
                self._problem = ""
                return True
        return False

    def close(self) -> None:
        """Close the file; using the store again opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _read(self, read: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        with self._lock, self._guarded():
            connection = self._open()
            if connection is not None:
                return read(connection)
        return otherwise

    def _write(self, statement: str, values: Sequence[Any]) -> bool:
        return self.transact([(statement, values)])

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """What goes wrong with the file becomes `problem`."""
        try:
            yield
        except _Unusable as error:
            self._unusable = True
            self._problem = f"Progress is not saved: {self.path} {error}."
            self.close()
        except (sqlite3.Error, OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._problem = f"Progress is not saved: {self.path} cannot be used ({reason})."

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and not self._unusable:
            self._connection = _connect(self.path)
        return self._connection


def _connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that has all tables; raises _Unusable, sqlite3.Error or OSError, and is closed then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _look(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode NORMAL would leave the last answers to a power cut; what FULL costs is in tests/bench/reviews.py.
        connection.execute("PRAGMA synchronous = FULL")
        if _version(connection) < len(MIGRATIONS):
            _to_wal(connection)
            _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _look(connection: sqlite3.Connection) -> None:
    """Refuse what is not ours before anything is written."""
    try:
        connection.execute("BEGIN")  # one view of the file: another program may be making the tables at this moment
        version = _version(connection)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        connection.execute("COMMIT")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise _Unusable("is damaged; move it away to begin anew") from error
    if not empty and application != APPLICATION_ID:
        raise _Unusable("belongs to another program; move it away to begin anew")
    if version > len(MIGRATIONS):
        raise _Unusable("was written by a newer ws-tutor; update ws-tutor to use it")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait here for another program that does the same at this moment, so we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _migrate(connection: sqlite3.Connection) -> None:
    with _transaction(connection):
        for statements in MIGRATIONS[_version(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _all(query: str, values: Sequence[Any] = ()) -> Callable[[sqlite3.Connection], list[Any]]:
    return lambda connection: connection.execute(query, values).fetchall()


def _lab_run(row: Sequence[Any]) -> LabRun:
    lab, at, ok, verdicts, predictions = row
    return LabRun(
        lab, _when(at), bool(ok), json.loads(verdicts), tuple(Prediction(**each) for each in json.loads(predictions))
    )


def _seconds(at: datetime | None) -> int:
    return int((at or datetime.now(UTC)).timestamp())


def _when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
