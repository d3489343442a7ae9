"""Question files -> Bank. Files that were found valid before come from a cache; others are checked, fault by fault.

Reading is tutor.study.source's work, checking tutor.study.check's, and both are imported only when they are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import questions
from tutor.study import cache
from tutor.study.model import Bank, Section
from tutor.study.source import Fault, SourceError, read_bytes

if TYPE_CHECKING:
    from tutor.study.check import Name

MAX_FILES = 500


class BankError(ValueError):
    """Question files that can't be studied. `faults` holds all that is wrong with them, in reading order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class File:
    """A question file as it was read."""

    path: Path
    data: bytes


def load(paths: Sequence[Path] | None = None) -> Bank:
    """The bank in `paths`: files, or folders of *.yaml and *.yml, in that order; None is our own questions.

    Raises BankError, and nothing else whatever the bytes are, with every fault of every file.
    """
    files, faults = read(paths)
    if faults:
        raise BankError([*faults, *check(files)[1]])
    key = cache.key([file.data for file in files])
    bank = cache.load(key)
    if bank is None:
        bank, faults = check(files)
        if faults:
            raise BankError(faults)
        cache.save(key, bank)
    return bank


def read(paths: Sequence[Path] | None = None) -> tuple[list[File], list[Fault]]:
    """The bytes of all files under `paths`, and a fault for each that can't be read."""
    files, faults = [], []
    for path in [Path(questions.__path__[0])] if paths is None else paths:
        try:
            found = _files_in(path)
        except SourceError as error:
            faults += _faults(path, error)
            continue
        for file in found:
            try:
                files.append(File(file, read_bytes(file)))
            except SourceError as error:
                faults += _faults(file, error)
    return files, faults


def check(files: Sequence[File]) -> tuple[Bank, list[Fault]]:
    """The bank in `files` and all faults in reading order; a file that has faults is not in the bank."""
    from tutor.study.check import check as check_tree
    from tutor.study.source import parse

    sections: list[Section] = []
    faults: list[Fault] = []
    names: dict[tuple[str, str], tuple[Path, Name]] = {}
    for file in files:
        try:
            tree, found = parse(file.data)
        except SourceError as error:
            faults += _faults(file.path, error)
            continue
        section, more, used = check_tree(tree)
        found += more
        found += [text for name in used if (text := _repeated(names, file.path, name))]
        faults += sorted(Fault(file.path, *place_and_text) for place_and_text in found)
        if section is not None and not found:
            sections.append(section)
    return Bank(tuple(sections)), faults


def _files_in(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.iterdir() if file.suffix in {".yaml", ".yml"})
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError((0, 0, f"cannot be read ({error}); give a YAML file or a folder of them")) from error
    if not files:
        raise SourceError((0, 0, "no question files are in this folder; their names end in .yaml or .yml"))
    if len(files) > MAX_FILES:
        raise SourceError((0, 0, f"{len(files)} question files are in this folder; at most {MAX_FILES} are read"))
    return files


def _faults(path: Path, error: SourceError) -> list[Fault]:
    return [Fault(path, *fault) for fault in error.faults]


def _repeated(names: dict[tuple[str, str], tuple[Path, Name]], path: Path, name: Name) -> tuple[int, int, str] | None:
    """Note the name; what is wrong where it was there before."""
    key = (name.kind, name.text.lower())
    if not name.text:
        return None
    if key not in names:
        names[key] = (path, name)
        return None
    other, first = names[key]
    wrong = f"the {name.kind} '{name.text}' is already used at {other.name}:{first.line}"
    return name.line, name.column, f"{wrong}; each {name.kind} is used once over all files"
