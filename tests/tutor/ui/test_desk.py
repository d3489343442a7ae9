"""Progress only grows, is written in the background, and is there again."""

from __future__ import annotations

from pathlib import Path

from tutor.study.store import Place, Store
from tutor.ui.desk import Desk

SAMPLE = Path(__file__).parent / "sample"


def desk(path: Path) -> Desk:
    loaded = Desk([SAMPLE], Store(path))
    loaded.load()
    return loaded


def test_progress_only_grows_and_is_kept(tmp_path: Path) -> None:
    first = desk(tmp_path / "p.db")
    question = first.bank.questions[0]
    assert first.is_new
    assert first.mark(question, "read")
    assert not first.mark(question, "opened")
    first.close()
    second = desk(tmp_path / "p.db")
    assert second.seen(question) == "read"
    assert not second.is_new
    second.close()


def test_the_last_place_wins(tmp_path: Path) -> None:
    first = desk(tmp_path / "p.db")
    for line in range(50):
        first.keep_place(Place("questions", "masking", ("answer",), line))
    first.close()
    second = desk(tmp_path / "p.db")
    assert second.place == Place("questions", "masking", ("answer",), 49)
    assert second.next_question() is second.question("Q2")
    second.close()


def test_a_place_that_is_gone_leads_to_what_is_unread(tmp_path: Path) -> None:
    first = desk(tmp_path / "p.db")
    first.keep_place(Place("questions", "a-question-of-another-bank"))
    first.mark(first.bank.questions[0], "read")
    assert first.next_question() is first.bank.questions[1]
    first.close()


def test_facts_are_found_as_cards(tmp_path: Path) -> None:
    loaded = desk(tmp_path / "p.db")
    found = loaded.find("status upgrade is:fact")
    assert [each.question.ref for each in found] == ["R1"]
    assert "**101**" in found[0].question.answer
    assert loaded.question("status-of-the-upgrade") is found[0].question
    loaded.close()


def test_searching_before_anything_is_loaded(tmp_path: Path) -> None:
    empty = Desk([SAMPLE], Store(tmp_path / "p.db"))
    assert empty.find("key") == []
    assert empty.next_question() is None
    empty.close()


def test_a_file_that_fails_later_is_said_once_and_so_is_its_recovery(tmp_path: Path) -> None:
    store = Store(tmp_path / "p.db")
    said: list[str] = []
    loaded = Desk([SAMPLE], store)
    loaded.on_problem = said.append
    loaded.load()
    connection = store._connection
    assert connection is not None and loaded.problem == ""
    connection.execute("PRAGMA query_only = ON")
    for value in "ab":
        loaded.keep_setting("theme", value)
    loaded._writer.submit(connection.execute, "PRAGMA query_only = OFF")
    loaded.keep_setting("theme", "c")
    loaded.close()
    assert len(said) == 2 and "readonly" in said[0] and said[1] == ""
    assert Store(tmp_path / "p.db").settings()["theme"] == "c"
