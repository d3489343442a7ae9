"""What a verdict's function finds on a tape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labs.recording import Tape


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether the tape bears a claim out: what was expected, what was observed, and the lines (1 = first) that say so.

    `ok` is None where nothing on the tape bears on the claim; then `observed` says what is missing.
    `measured` is what predictions came to: id of the prediction -> value in the form of its answer.
    """

    ok: bool | None
    expected: str
    observed: str
    evidence: tuple[int, ...]
    measured: Mapping[str, object] = field(default_factory=dict)


# Pure: the same tape gives the same finding, live and played back.
Judge = Callable[[Tape], Finding]


def unmeasured(expected: str, why: str) -> Finding:
    """Nothing on the tape bears on the claim, which is no verdict; `why` says what is missing."""
    return Finding(None, expected, why, ())
