"""A question file -> a tree of values that know their line and column, or the faults that stand in the way.

Bounded in size, depth and number of values, whatever the bytes are. What the values should be, tutor.study.check knows.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutor.study.rules import NOT_TEXT, one_line, quote

MAX_BYTES = 2_000_000
MAX_DEPTH = 16
MAX_VALUES = 100_000

_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,8})")
_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
_ADVICE = (
    ("mapping values are not allowed", "quote text that contains ': '"),
    ("tab character", "indent with spaces"),
    ("cannot start any token", "quote text that begins with @, ` or %, and indent with spaces, not tabs"),
    ("scanning an alias", "quote text that begins with * or &"),
    ("scanning an anchor", "quote text that begins with * or &"),
    ("unknown escape", "write \\\\ for a backslash, or use single quotes"),
    ("quoted scalar", "close the quotes"),
)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in one place. `line` and `column` count from 1; 0 means the file as a whole."""

    path: Path
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        """`file:line:column: what is wrong; what would be right`, in one line."""
        return f"{one_line(str(self.path))}:{self.line}:{self.column}: {self.text}"


class SourceError(ValueError):
    """A file that could not be read into nodes; `faults` says why, as (line, column, text)."""

    def __init__(self, *faults: tuple[int, int, str]) -> None:
        super().__init__(faults[0][2])
        self.faults = faults


@dataclass(slots=True)
class Node:
    """A value and where it begins. `value` is text, an int, a bool, None, or nodes in a list or a dict."""

    value: Any
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of a mapping: where each key stands"""

    def plain(self) -> Any:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def items(self, key: str) -> list[Node]:
        """The nodes of the list under `key`; empty where there is no such list."""
        node = self.get(key)
        return node.value if node is not None and isinstance(node.value, list) else []

    def get(self, key: str) -> Node | None:
        """The node under `key` of a mapping, or None."""
        return self.value.get(key) if isinstance(self.value, dict) else None


def read_bytes(path: Path) -> bytes:
    """All bytes of a regular file of at most MAX_BYTES; raises SourceError, never waits on a pipe or a device."""
    try:
        with io.BufferedReader(io.FileIO(path, opener=_open_without_waiting)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SourceError((0, 0, "this is not a file; give a YAML file or a folder of them"))
            if status.st_size > MAX_BYTES:
                raise SourceError((0, 0, f"the file has {status.st_size:,} bytes; at most {MAX_BYTES:,} are read"))
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError((0, 0, f"cannot be read ({_reason(error)}); give a YAML file or a folder of them")) from error
    if len(data) > MAX_BYTES:
        raise SourceError((0, 0, f"the file grows while it is read; at most {MAX_BYTES:,} bytes are read"))
    return data


def _open_without_waiting(path: str, flags: int) -> int:
    """Opening a named pipe that nobody writes to would wait for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or "unknown error" if isinstance(error, OSError) else str(error)


def parse(data: bytes) -> tuple[Node, list[tuple[int, int, str]]]:
    """The tree in `data`, and the faults that left a tree to look at (repeated keys). Raises SourceError."""
    text = _decode(data)
    builder = _Builder()
    for event in _events(text):
        builder.feed(event)
    if builder.root is None:
        raise SourceError((1, 1, "the file is empty; it begins with 'section:' and 'entries:'"))
    return builder.root, builder.faults


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        line, column = _position(before, len(before))
        wrong = f"byte {error.start} (0x{data[error.start]:02X}) is not UTF-8; save the file as UTF-8"
        raise SourceError((line, column, wrong)) from error
    controls = [
        (*_position(text, bad.start()), f"the character U+{ord(bad[0]):04X} is not text; remove it")
        for _, bad in zip(range(20), NOT_TEXT.finditer(text), strict=False)
    ]
    if controls:
        raise SourceError(*controls)
    return text


def _position(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _events(text: str) -> Iterator[Any]:
    """YAML's events, from libyaml where PyYAML has it. Its errors become SourceError."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise SourceError((*place, _yaml_words(error.problem or "", error.context or ""))) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError((1, 1, "this is not YAML; see the README, 'Writing your own questions'")) from error


def _yaml_words(problem: str, context: str) -> str:
    said = f"{problem} {context}"
    advice = next((advice for part, advice in _ADVICE if part in said), "check the indentation and the quotes here")
    return f"this is not YAML: {one_line(' '.join(said.split()))}; {advice}"


@dataclass(slots=True)
class _Open:
    """A list or mapping that has not ended: `key` waits for its value."""

    node: Node
    key: str | None = None


class _Builder:
    """Puts YAML's events together. A stack of its own, so that depth costs no recursion and is bounded."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.faults: list[tuple[int, int, str]] = []
        self._open: list[_Open] = []
        self._values = 0

    def feed(self, event: Any) -> None:
        """Take one event; raises SourceError where the rest can't be understood or passes a limit."""
        kind = type(event).__name__
        if kind in {"SequenceEndEvent", "MappingEndEvent"}:
            self._open.pop()
            return
        if kind == "DocumentStartEvent" and self.root is not None:
            raise self._stop(event, "a second document begins here; put each section into a file of its own")
        if kind in {"ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"}:
            self._value(event, kind)

    def _value(self, event: Any, kind: str) -> None:
        self._refuse(event, kind)
        if kind == "ScalarEvent":
            if self._is_key():
                self._key(event)
                return
            self._place(Node(_scalar(event), *_place(event)))
            return
        if self._is_key():
            raise self._stop(event, "a list or mapping stands where a key should; quote text that begins with [ or {")
        node = Node([] if kind == "SequenceStartEvent" else {}, *_place(event))
        self._place(node)
        self._open.append(_Open(node))
        if len(self._open) > MAX_DEPTH:
            raise self._stop(event, f"lists and mappings are nested deeper than {MAX_DEPTH}; the schema needs 6")

    def _refuse(self, event: Any, kind: str) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._stop(event, f"the file has more than {MAX_VALUES:,} values; split it")
        if kind == "AliasEvent":
            raise self._stop(event, f"'*{one_line(event.anchor)}' is a YAML alias; write the text out, or quote it")
        if event.anchor:
            raise self._stop(event, f"'&{one_line(event.anchor)}' is a YAML anchor; write the text out, or quote it")
        if event.tag:
            raise self._stop(event, f"{quote(event.tag)} is a YAML tag; remove it, or quote text that begins with '!'")

    def _is_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].node.value, dict) and self._open[-1].key is None

    def _key(self, event: Any) -> None:
        top = self._open[-1]
        key = top.key = event.value
        line, column = _place(event)
        if key not in top.node.keys:
            top.node.keys[key] = (line, column)
        elif len(self.faults) < 100:
            first = top.node.keys[key][0]
            self.faults.append((line, column, f"the key {quote(key)} is repeated (first in line {first}); keep one"))

    def _place(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        if isinstance(top.node.value, list):
            top.node.value.append(node)
        elif top.key is not None:
            top.node.value.setdefault(top.key, node)
            top.key = None

    @staticmethod
    def _stop(event: Any, text: str) -> SourceError:
        return SourceError((*_place(event), text))


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _scalar(event: Any) -> str | int | bool | None:
    """Text as it stands; only what reads back the same (`3`, `true`) is a number or a truth value."""
    text: str = event.value
    if event.style:
        return text
    if text in _NOTHING:
        return None
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if _WHOLE_NUMBER.fullmatch(text) and text != "-0" else text
