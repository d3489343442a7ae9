"""Banks that were found valid, as JSON in the cache folder, so that a start needs neither YAML nor pydantic.

Never in the way: a cache that is missing, damaged, of another version or read-only is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from labs import catalog
from tutor.study import home
from tutor.study.model import (
    Bank,
    Choice,
    Claim,
    Fact,
    FollowUp,
    KeyPoint,
    Option,
    Question,
    SayItRight,
    Section,
)

KEPT = 8
"""How many banks are kept; the one unused longest goes first."""
_RULES = ("model.py", "rules.py", "source.py", "check.py", "cache.py", "bank.py")


def key(contents: Sequence[bytes]) -> str:
    """What the files' `contents` are known by: they, our own rules and the labs' verdicts. Empty: can't be cached."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        ours = [(Path(__file__).parent / name).read_bytes() for name in _RULES]
    except OSError:
        return ""
    verdicts = json.dumps({lab.name: list(lab.verdicts) for lab in catalog.LABS}).encode()
    for part in (*ours, verdicts, *contents):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def load(name: str) -> Bank | None:
    """The bank kept under that key, or None."""
    try:
        data = _path(name).read_bytes()
        checksum, _, body = data.partition(b"\n")
        if not name or checksum.decode() != _checksum(body):
            return None
        return Bank(tuple(map(_section, json.loads(body))))
    except (OSError, ValueError, TypeError, KeyError, RuntimeError):
        return None


def save(name: str, bank: Bank) -> None:
    """Keep the bank under that key; does nothing where that can't be done."""
    if not name:
        return
    body = json.dumps([asdict(section) for section in bank.sections], ensure_ascii=False).encode()
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        path = _path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            fresh.write_bytes(_checksum(body).encode() + b"\n" + body)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        _forget_old(path.parent)


def _forget_old(folder: Path) -> None:
    banks = sorted(folder.glob("bank-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in banks[KEPT:]:
        path.unlink(missing_ok=True)


def _path(name: str) -> Path:
    return home.cache_folder() / f"bank-{name}.json"


def _checksum(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _section(data: dict[str, Any]) -> Section:
    return Section(
        data["title"],
        tuple(_question(entry) for entry in data["questions"]),
        tuple(_fact(entry) for entry in data["facts"]),
    )


def _question(data: dict[str, Any]) -> Question:
    nested = {
        "key_points": tuple(KeyPoint(**item) for item in data["key_points"]),
        "follow_ups": tuple(FollowUp(**item) for item in data["follow_ups"]),
        "say_it_right": tuple(SayItRight(**item) for item in data["say_it_right"]),
        "choices": tuple(
            Choice(item["ask"], tuple(Option(**each) for each in item["options"])) for item in data["choices"]
        ),
        "claims": tuple(Claim(**item) for item in data["claims"]),
        "sources": tuple(data["sources"]),
        "tags": tuple(data["tags"]),
    }
    return Question(**{**data, **nested})


def _fact(data: dict[str, Any]) -> Fact:
    return Fact(**{**data, **{name: tuple(data[name]) for name in ("answers", "sources", "tags")}})
