"""The Anki package, read as Anki reads it: one note an entry, stable ids, text that is escaped."""

import dataclasses
import sqlite3
import zipfile
from pathlib import Path

from tutor.study import anki, bank
from tutor.study.model import Bank

BANK = bank.load()


def notes(path: Path) -> dict[str, tuple[int, list[str]]]:
    """guid -> (modified, fields)."""
    with zipfile.ZipFile(path) as package:
        data = package.extract("collection.anki2", path.parent)
    connection = sqlite3.connect(data)
    rows = connection.execute("SELECT guid, mod, flds FROM notes").fetchall()
    assert connection.execute("SELECT count(*) FROM cards").fetchone()[0] == len(rows)
    connection.close()
    return {guid: (modified, fields.split("\x1f")) for guid, modified, fields in rows}


def test_every_entry_is_a_note(tmp_path: Path):
    count = anki.write(BANK, tmp_path / "a.apkg", 1_790_000_000)
    found = notes(tmp_path / "a.apkg")
    assert count == len(found) == len(BANK.questions) + len(BANK.facts)
    _, fields = found[anki.guid(BANK.questions[0])]
    assert len(fields) == len(anki.FIELDS) and "<table>" in fields[1] and all(fields)


def test_a_later_export_updates_the_same_notes(tmp_path: Path):
    anki.write(BANK, tmp_path / "a.apkg", 1_790_000_000)
    section = BANK.sections[0]
    edited = (dataclasses.replace(section.questions[0], ask="New words?"), *section.questions[1:])
    changed = Bank((dataclasses.replace(section, questions=edited), *BANK.sections[1:]))
    anki.write(changed, tmp_path / "b.apkg", 1_790_000_600)
    before, after = notes(tmp_path / "a.apkg"), notes(tmp_path / "b.apkg")
    assert before.keys() == after.keys()
    assert all(after[guid][0] > before[guid][0] for guid in before)
    assert "New words?" in after[anki.guid(section.questions[0])][1][0]


def test_text_is_text_and_not_html(tmp_path: Path):
    section = BANK.sections[0]
    question = dataclasses.replace(section.questions[0], ask="<script>x</script> {{Answer}}")
    anki.write(Bank((dataclasses.replace(section, questions=(question,), facts=()),)), tmp_path / "a.apkg", 1)
    assert "<script>" not in notes(tmp_path / "a.apkg")[anki.guid(question)][1][0]
