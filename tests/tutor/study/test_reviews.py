"""Reviews survive: a process that is killed at any moment, two programs, a disk that fails; the backup is equal."""

import dataclasses
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bench.reviews import KILLS, kill_writers
from tests.tutor.spoiled import SPOILED, Spoil
from tutor.study import backup, bank
from tutor.study.learner import Learner
from tutor.study.quiz import DrillSession
from tutor.study.reviews import Mock, MockAnswer, Review, Reviews, review
from tutor.study.store import LabRun, Prediction, Store

NOON = datetime(2026, 8, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "progress.db"


def filled(path: Path) -> Store:
    store = Store(path)
    store.keep_setting("interview", "2026-09-01")
    store.mark_seen("opening-handshake", "read", NOON)
    predictions = (Prediction("status", 200, 101),)
    store.keep_lab_run(LabRun("handshake", NOON.replace(microsecond=0), True, {"switch-101": True}, predictions))
    log = Reviews(store)
    assert log.add(review("opening-handshake", NOON, "drill", 1, 3, 12.3456, ["Zürich — ✓"]))
    mock = Mock("m1", NOON.replace(microsecond=0), 30, ("opening-handshake",))
    assert log.begin_mock(mock)
    done = review("opening-handshake", NOON + timedelta(minutes=5), "mock", 3)
    assert log.add_mock_answer(mock, done, MockAnswer("opening-handshake", "notes\n", ("why?",), 3, 4))
    return store


def test_what_was_kept_is_there_next_time(path: Path):
    filled(path).close()
    kept = Reviews(Store(path))
    one, two = kept.all()
    assert (one.card, one.rating, one.confidence, one.seconds, one.missed) == (
        "opening-handshake", 1, 3, 12.346, ("Zürich — ✓",),
    )  # fmt: skip
    assert one.at == NOON.replace(microsecond=123000)
    (mock,) = kept.mocks()
    assert mock.answers == ((two, MockAnswer("opening-handshake", "notes\n", ("why?",), 3, 4)),)


def test_a_review_is_kept_once_and_can_be_taken_back(path: Path):
    log = Reviews(Store(path))
    done = review("a", NOON, "rapid", 3)
    assert log.add(done) and log.add(done) and log.all() == [done]
    assert log.remove(done) and log.all() == []


def test_an_answer_of_an_interview_goes_with_its_review(path: Path):
    store = filled(path)
    log = Reviews(store)
    assert log.remove(log.all()[1])
    assert len(log.all()) == 1 and [kept.answers for kept in log.mocks()] == [()]


def test_an_answer_and_its_review_are_kept_both_or_neither(path: Path):
    store = filled(path)
    before = Reviews(store).all()
    bad = dataclasses.replace(before[0], id="new", rating=9)  # type: ignore[arg-type]
    assert not store.transact(
        [("INSERT INTO setting VALUES ('a', 'b')", ()), ("INSERT INTO review VALUES (?,?,1,'drill',?,1,1,'[]')",
          (bad.id, bad.card, bad.rating))]
    )  # fmt: skip
    assert "a" not in store.settings() and Reviews(store).all() == before


def test_killed_at_any_moment_at_most_the_review_being_written_is_lost(path: Path):
    Store(path).settings()
    kill_writers(path, KILLS, random.Random())


def test_two_instances_at_once(path: Path):
    one, other = Reviews(Store(path)), Reviews(Store(path))
    for number in range(10):
        assert one.add(review(f"a{number}", NOON, "drill", 3)) and other.add(review(f"b{number}", NOON, "drill", 3))
    assert len(one.all()) == len(other.all()) == 20


@pytest.mark.parametrize(("spoil", "says"), SPOILED)
def test_studying_goes_on_where_nothing_can_be_saved(path: Path, spoil: Spoil, says: str):
    spoil(path)
    before = path.read_bytes()
    store = Store(path)
    learner = Learner(bank.load(), store)
    session = DrillSession(learner.bank.questions[:2], learner, NOON)
    for _ in range(2):
        session.reveal()
        session.rate(NOON, 3)
    assert session.done and len(learner.reviews) == 2 and learner.memory.seen(learner.bank.questions[0].id)
    assert says in store.problem
    store.close()
    assert path.read_bytes() == before


def test_a_full_disk_is_said_and_the_session_goes_on(path: Path):
    store = filled(path)
    connection = store._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")
    learner = Learner(bank.load(), store)
    learner.add(review("a", NOON, "drill", 3, missed=["x" * 1_000_000]))
    assert "full" in store.problem and learner.memory.seen("a")


def test_editing_the_text_of_a_question_keeps_its_progress(path: Path):
    store = filled(path)
    ours = bank.load()
    section = ours.sections[0]
    edited = tuple(dataclasses.replace(each, ask="Other words", key_points=()) for each in section.questions)
    changed = dataclasses.replace(ours, sections=(dataclasses.replace(section, questions=edited),))
    assert Learner(changed, store).memory.seen("opening-handshake")


def test_the_backup_makes_an_equal_store_and_twice_changes_nothing(path: Path, tmp_path: Path):
    text = backup.dump(filled(path))
    other = Store(tmp_path / "other.db")
    for _ in range(2):
        assert backup.load(other, backup.parse(text.encode()))
        assert backup.dump(other) == text
    assert Reviews(other).mocks() == Reviews(Store(path)).mocks()


def test_a_backup_adds_to_what_is_there(path: Path, tmp_path: Path):
    text = backup.dump(filled(path))
    other = Store(tmp_path / "other.db")
    mine = review("mine", NOON, "drill", 4)
    Reviews(other).add(mine)
    assert backup.load(other, backup.parse(text.encode()))
    assert mine in Reviews(other).all() and len(Reviews(other).all()) == 3


def spoilt(path: Path, change) -> bytes:
    known = json.loads(backup.dump(filled(path)))
    change(known)
    return json.dumps(known).encode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda known: known.update(format="other"), "format"),
        (lambda known: known["reviews"][0].update(rating=7), "reviews.0.rating"),
        (lambda known: known["reviews"][0].update(at="yesterday"), "reviews.0.at"),
        (lambda known: known["reviews"][0].update(at="2026-08-01T12:00:00"), "no zone"),
        (lambda known: known["reviews"].append(known["reviews"][0]), "twice"),
        (lambda known: known.update(reviews=known["reviews"][:1]), "no review"),
        (lambda known: known.update(more=1), "more"),
        (lambda known: known.pop("seen"), "seen"),
    ],
)
def test_a_bad_backup_is_refused_in_one_sentence(path: Path, change, says: str):
    with pytest.raises(backup.BackupError) as caught:
        backup.parse(spoilt(path, change))
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"{", b"null", b"[" * 100_000])
def test_what_is_no_backup_at_all_is_refused(data: bytes):
    with pytest.raises(backup.BackupError):
        backup.parse(data)


def test_reviews_are_plain_data():
    done = review("a", NOON, "drill", 3)
    assert isinstance(done, Review) and done.right and done.at.tzinfo is UTC
