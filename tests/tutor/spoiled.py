"""Files of progress that cannot be used."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from tutor.study.store import MIGRATIONS, Store

Spoil = Callable[[Path], None]


def damaged(path: Path) -> None:
    """Not a database."""
    path.write_bytes(b"not a database at all " * 100)


def newer(path: Path) -> None:
    """One that a later version wrote."""
    store = Store(path)
    store.keep_setting("a", "b")
    store.close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()


SPOILED = [(damaged, "is damaged"), (newer, "newer ws-tutor")]
