"""Where things are kept on disk: the platform's folders, or all beneath WS_TUTOR_HOME where that is set."""

from __future__ import annotations

import os
from pathlib import Path

APP = "ws-tutor"


def data_folder() -> Path:
    """Where progress is kept. Not created here."""
    return _folder("data")


def cache_folder() -> Path:
    """Where things are kept that can be made again at any time. Not created here."""
    return _folder("cache")


def config_folder() -> Path:
    """Where the learner's own files are kept, such as key bindings. Not created here."""
    return _folder("config")


def _folder(kind: str) -> Path:
    if home := os.environ.get("WS_TUTOR_HOME"):
        return Path(home).expanduser() / kind
    from platformdirs import PlatformDirs

    folders = PlatformDirs(APP, appauthor=False)
    return {"data": folders.user_data_path, "cache": folders.user_cache_path, "config": folders.user_config_path}[kind]
