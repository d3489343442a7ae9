"""The cache saves work and never stands in the way."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labs import catalog
from tutor.study import bank, cache

Write = Callable[..., Path]


def kept(home: Path) -> list[Path]:
    return sorted((home / "cache").glob("*"))


def test_what_comes_from_the_cache_is_what_was_checked(monkeypatch: pytest.MonkeyPatch):
    checked = bank.load()
    monkeypatch.setattr(bank, "check", None)  # a second check would fail
    assert bank.load() == checked


def test_neither_yaml_nor_pydantic_is_loaded_for_files_that_are_known(home: Path):
    code = "import sys; from tutor.study import bank; bank.load(); print({'yaml', 'pydantic'} & set(sys.modules))"
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert "pydantic" in first and "yaml" in first
    assert second == "set()\n"


def test_a_changed_file_is_checked_again(write: Write, good: str):
    path = write(good)
    bank.load([path])
    path.write_text(good.replace("level: core", "level: junior"))
    with pytest.raises(bank.BankError):
        bank.load([path])


def test_files_with_faults_are_not_kept(write: Write, good: str, home: Path):
    for _ in range(2):
        with pytest.raises(bank.BankError):
            bank.load([write(good.replace("weight: 3", "weight: 9"))])
    assert kept(home) == []


def test_a_verdict_that_is_gone_is_noticed(write: Write, good: str, monkeypatch: pytest.MonkeyPatch):
    path = write(good)
    bank.load([path])
    monkeypatch.setattr(catalog, "LABS", catalog.LABS[1:])
    with pytest.raises(bank.BankError):
        bank.load([path])


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "valid but wrong", "folder"])
def test_a_damaged_cache_is_as_good_as_none(write: Write, good: str, home: Path, damage: str):
    path = write(good)
    loaded = bank.load([path])
    (file,) = kept(home)
    data = file.read_bytes()
    body = b'[{"title": "x", "questions": [{}], "facts": []}]'
    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        damaged = {
            "empty": b"",
            "cut": data[:-20],
            "changed": data.replace(b"opening", b"closing"),
            "valid but wrong": cache._checksum(body).encode() + b"\n" + body,
        }
        file.write_bytes(damaged[damage])
    assert bank.load([path]) == loaded


def test_without_a_cache_folder_all_goes_on(write: Write, good: str, home: Path):
    home.write_text("a file where the folder should be")
    assert bank.load([write(good)]) == bank.load([write(good)])


def test_few_banks_are_kept_and_nothing_else_is_left(write: Write, good: str, home: Path):
    for number in range(cache.KEPT + 3):
        bank.load([write(good.replace("Q2", f"Q{number}"))])
    assert len(kept(home)) == cache.KEPT
    assert all(path.suffix == ".json" for path in kept(home))
