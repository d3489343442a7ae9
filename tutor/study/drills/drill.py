"""What a byte drill is, and how its options are dealt."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["header", "length", "unmask", "close", "illegal", "accept", "heart-beat", "stomp-order"]
MOST_OPTIONS = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """An option: its text, and the mistake that leads to it. The right one has none."""

    text: str
    mistake: str = ""

    @property
    def right(self) -> bool:
        """Whether it is what the bytes say."""
        return not self.mistake


@dataclass(frozen=True, slots=True)
class ByteDrill:
    """One drill. `shown` is what is looked at, several lines of fixed width; `data` are its bytes where they are one
    frame or head, for a hex view. `why` explains the right answer in Markdown, with its source. `mistakes` are all that
    are known, also those that are not among the options."""

    kind: Kind
    ask: str
    shown: str
    data: bytes
    options: tuple[Answer, ...]
    why: str
    mistakes: tuple[Answer, ...]

    @property
    def right_place(self) -> int:
        """The place of the right option, 0 is the first."""
        return next(place for place, option in enumerate(self.options) if option.right)


@dataclass(frozen=True, slots=True)
class Draft:
    """A drill before its options are dealt: the right answer and what mistakes would make of the bytes."""

    ask: str
    shown: str
    data: bytes
    right: str
    wrong: tuple[Answer, ...]
    why: str


class Mismatch(AssertionError):
    """A drill's bytes did not decode to what was built: a defect of ours, which no learner may be asked about."""


def must(built: object, decoded: object) -> None:
    """Hold what was decoded against what was built; raises Mismatch."""
    if built != decoded:
        raise Mismatch(f"built {built!r}, decoded {decoded!r}")


def dealt(kind: Kind, draft: Draft, rng: random.Random) -> ByteDrill:
    """The drill with its options in a random order: the right one and up to three others, no two alike."""
    wrong: dict[str, Answer] = {}
    for answer in rng.sample(draft.wrong, len(draft.wrong)):
        if answer.text != draft.right:
            wrong.setdefault(answer.text, answer)
    options = [Answer(draft.right), *list(wrong.values())[: MOST_OPTIONS - 1]]
    rng.shuffle(options)
    return ByteDrill(kind, draft.ask, draft.shown, draft.data, tuple(options), draft.why, tuple(wrong.values()))


def hex_lines(data: bytes, width: int = 16) -> str:
    """Bytes in hex, `width` a line."""
    return "\n".join(data[at : at + width].hex(" ") for at in range(0, len(data), width))
