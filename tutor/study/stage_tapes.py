"""The tape of a lab that runs, where the presenter's view finds it: `lab run` writes it, `stage` follows it. The latest
good one of each lab is kept, to be played on the day when a live run fails.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from tutor.study import home

try:
    import fcntl
except ImportError:  # Windows: whether a writer still lives is not known there, and is taken for granted
    fcntl = None  # type: ignore[assignment]

MAX_TAPE = 256 * 1024 * 1024  # bytes; what comes beyond is not shown, and such a tape is not kept
READ = 1024 * 1024  # bytes that one look at a tape takes at most


def _folder() -> Path:
    return home.data_folder() / "stage"


def live_tape(lab: str) -> Path:
    """Where the newest run of that lab is being written, or was."""
    return _folder() / f"{lab}.live.jsonl"


def good_tape(lab: str) -> Path:
    """The last run of that lab in which every verdict held; perhaps there is none."""
    return _folder() / f"{lab}.good.jsonl"


class LiveTape:
    """Writes one run. Where that is not possible there is nothing to follow, and the lab never hears of it."""

    def __init__(self, lab: str) -> None:
        self._lab = lab
        self._file: BinaryIO | None = None
        self._size = 0
        with contextlib.suppress(OSError):
            self._file = self._open()

    def _open(self) -> BinaryIO:
        """A new file in the place of the old one: who follows that one sees by it that another run has begun."""
        path = live_tape(self._lab)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        file = part.open("wb", buffering=0)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until this process is gone, however it goes
            part.replace(path)
        except OSError:
            file.close()
            part.unlink(missing_ok=True)
            raise
        return file

    def write(self, line: bytes) -> None:
        """Another line, newline included."""
        self._size += len(line)
        if self._file is None or self._size > MAX_TAPE:
            return
        try:
            self._file.write(line)
        except OSError:
            self._drop()

    def keep(self) -> None:
        """Every verdict has held: this is the good one from now on, unless another run has begun meanwhile."""
        path, good = live_tape(self._lab), good_tape(self._lab)
        if self._file is None or self._size > MAX_TAPE:
            return
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(self._file.fileno()), path.stat()):
                part = good.with_name(f"{good.name}.{os.getpid()}")
                shutil.copyfile(path, part)
                part.replace(good)

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()


class Follower:
    """Reads the newest run of a lab as it is written. `runs` counts those that it has seen; one that was over before
    the first look is of another day, and is none."""

    def __init__(self, lab: str) -> None:
        self._path = live_tape(lab)
        self._file: BinaryIO | None = None
        self._known: os.stat_result | None = None  # the file that is read, or was found to be of another day
        self._rest = b""
        self._first = True
        self.runs = 0

    def poll(self) -> list[str]:
        """The lines that have come since the last look. When `runs` has grown they are the first of another run."""
        self._find()
        self._first = False
        if self._file is None:
            return []
        *lines, self._rest = (self._rest + self._file.read(READ)).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    @property
    def writing(self) -> bool:
        """Whether the run's process is still there."""
        return self._file is not None and _is_locked(self._file)

    def _find(self) -> None:
        """Open what is being written, where that is another file than the one that is open."""
        try:
            found = self._path.stat()
            if self._known is not None and os.path.samestat(found, self._known):
                return
            file = self._path.open("rb")
        except OSError:
            return
        self._known = os.fstat(file.fileno())
        if self._first and not _is_locked(file):
            file.close()
            return
        self.close()
        self._file, self._rest = file, b""
        self.runs += 1

    def close(self) -> None:
        """Read no more of this run."""
        if self._file is not None:
            self._file.close()
        self._file = None


def _is_locked(file: BinaryIO) -> bool:
    """Whether its writer lives."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False
