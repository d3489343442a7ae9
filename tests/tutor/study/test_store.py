"""Progress survives, two programs share it, and a file that is wrong stays as it is while studying goes on."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tutor.spoiled import damaged, newer
from tutor.study import store
from tutor.study.store import LabRun, Place, Prediction, Store

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "progress.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[[], Store]]:
    """Makes stores of the same file and closes them in the end."""
    stores: list[Store] = []

    def make() -> Store:
        stores.append(Store(path))
        return stores[-1]

    yield make
    for each in stores:
        each.close()


Opened = Callable[[], Store]


def test_a_new_store_is_empty(opened: Opened):
    new = opened()
    assert (new.seen(), new.place(), new.settings(), new.lab_runs(), new.problem) == ({}, None, {}, [], "")


def test_nothing_is_touched_before_the_first_use(path: Path):
    Store(path).close()
    assert not path.parent.exists()


def test_it_lies_in_the_learners_home(home: Path):
    assert Store().path == home / "data" / "progress.db"


def test_what_was_kept_is_there_next_time(opened: Opened):
    first = opened()
    run = LabRun(
        "handshake", NOON, False, {"accept-key": True}, (Prediction("status", 200, 101), Prediction("x", None, "y"))
    )
    assert first.mark_seen("opening-handshake", "opened", NOON)
    assert first.mark_seen("opening-handshake", "read", NOON + timedelta(hours=1))
    assert first.mark_seen("opening-handshake", "opened", NOON + timedelta(hours=2))
    assert first.keep_place(Place("questions", "opening-handshake", ("answer", "depth"), 12))
    assert first.keep_setting("theme", "dark") and first.keep_setting("theme", "high-contrast")
    assert first.keep_lab_run(run)
    first.close()

    again = opened()
    assert again.seen() == {"opening-handshake": store.Seen(NOON, NOON + timedelta(hours=2), 3, "read")}
    assert again.place() == Place("questions", "opening-handshake", ("answer", "depth"), 12)
    assert again.settings() == {"theme": "high-contrast"}
    assert again.lab_runs() == [run]
    assert again.problem == ""


def test_lab_runs_come_newest_first_and_by_lab(opened: Opened):
    kept = opened()
    for number, lab in enumerate(["handshake", "masking", "handshake"]):
        kept.keep_lab_run(LabRun(lab, NOON + timedelta(days=number), True, {}))
    assert [run.at.day for run in kept.lab_runs()] == [3, 2, 1]
    assert [run.at.day for run in kept.lab_runs("handshake", 1)] == [3]


def test_two_stores_of_one_file_see_each_others_writes(opened: Opened):
    one, other = opened(), opened()
    assert one.problem == other.problem == ""
    one.mark_seen("a", "read")
    other.mark_seen("b", "read")
    assert set(one.seen()) == set(other.seen()) == {"a", "b"}


def test_programs_that_start_and_write_at_once_lose_nothing(path: Path):
    code = (
        "import sys; from pathlib import Path; from tutor.study.store import Store\n"
        "kept = Store(Path(sys.argv[1]))\n"
        "assert all(kept.mark_seen(f'q{n}', 'read') for n in range(25)), kept.problem\n"
    )
    programs = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [program.wait(30) for program in programs] == [0, 0, 0, 0]
    kept = Store(path)
    assert {seen.times for seen in kept.seen().values()} == {4}
    kept.close()


def test_a_write_waits_for_another_programs_transaction_and_then_says_so(
    path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    kept = opened()
    kept.mark_seen("a", "read")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not kept.mark_seen("b", "read")
    assert kept.problem == f"Progress is not saved: {path} cannot be used (database is locked)."
    other.execute("ROLLBACK")
    other.close()
    assert kept.mark_seen("b", "read")
    assert kept.problem == ""


def test_a_full_disk(opened: Opened):
    kept = opened()
    kept.keep_setting("theme", "dark")
    connection = kept._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")  # SQLite's own way to run out of room
    assert not kept.keep_setting("big", "x" * 1_000_000)
    assert "full" in kept.problem and kept.problem.count(".") >= 1 and "\n" not in kept.problem
    assert kept.settings() == {"theme": "dark"}


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "data").write_text("a file where the folder should be")
    kept = Store(tmp_path / "data" / "progress.db")
    assert not kept.mark_seen("a", "read")
    assert kept.seen() == {} and kept.place() is None and kept.settings() == {} and kept.lab_runs() == []
    assert kept.problem.startswith("Progress is not saved: ")


def test_a_file_that_may_only_be_read(path: Path, opened: Opened):
    opened().keep_setting("theme", "dark")
    kept = opened()
    assert kept.settings() == {"theme": "dark"}
    connection = kept._connection
    assert connection is not None
    connection.execute("PRAGMA query_only = ON")
    assert not kept.keep_setting("theme", "light")
    assert "readonly" in kept.problem
    assert kept.settings() == {"theme": "dark"}


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmark (url TEXT)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (newer, "was written by a newer ws-tutor; update ws-tutor to use it."),
        (foreign, "belongs to another program; move it away to begin anew."),
        (damaged, "is damaged; move it away to begin anew."),
    ],
)
def test_a_file_that_is_not_ours_to_change_stays_as_it_is(
    path: Path, opened: Opened, spoil: Callable[[Path], None], says: str
):
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes()
    kept = opened()
    assert not kept.mark_seen("a", "read")
    assert not kept.keep_place(Place())
    assert kept.seen() == {}
    assert kept.problem == f"Progress is not saved: {path} {says}"
    kept.close()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_migrations_run_once_and_keep_what_is_there(path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch):
    first = opened()
    first.mark_seen("a", "read")
    first.close()
    more = (*store.MIGRATIONS, ("ALTER TABLE seen ADD COLUMN stability REAL",))
    monkeypatch.setattr(store, "MIGRATIONS", more)
    for _ in range(2):
        kept = opened()
        assert kept.problem == ""
        kept.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(more),)
    assert connection.execute("SELECT question, stability FROM seen").fetchall() == [("a", None)]
    connection.close()


def test_a_migration_that_fails_changes_nothing(path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch):
    first = opened()
    first.mark_seen("a", "read")
    first.close()
    monkeypatch.setattr(store, "MIGRATIONS", (*store.MIGRATIONS, ("CREATE TABLE x (y)", "nonsense")))
    assert not opened().mark_seen("b", "read")
    monkeypatch.undo()
    kept = opened()
    assert set(kept.seen()) == {"a"} and kept.problem == ""
