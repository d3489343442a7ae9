"""Byte drills without end: each is built as bytes, decoded by labs.wire, and asked. A wrong option is what a named
mistake makes of the same bytes, so that the feedback can name the mistake. One file a family of drills."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tutor.study.drills import frames, handshake, legality, stomp
from tutor.study.drills.drill import Answer, ByteDrill, Draft, Kind, dealt

__all__ = ["KINDS", "Answer", "ByteDrill", "Drills", "Kind"]

KINDS: dict[Kind, str] = {
    "header": "Read the header of a frame",
    "length": "Decode the payload length",
    "unmask": "Unmask a payload",
    "close": "Name the close code",
    "illegal": "Spot what is illegal in a frame",
    "accept": "Complete an upgrade response",
    "heart-beat": "Negotiate heart-beats",
    "stomp-order": "Order a STOMP session",
}

_MAKERS: dict[Kind, Callable[[random.Random], Draft]] = {
    "header": frames.header,
    "length": frames.length,
    "unmask": frames.unmask,
    "close": frames.close,
    "illegal": legality.illegal,
    "accept": handshake.accept,
    "heart-beat": stomp.heart_beat,
    "stomp-order": stomp.order,
}
_FEWEST_OPTIONS = 3


class Drills:
    """Makes drills from `rng`; none of them twice. The same seed makes the same drills."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._made: set[tuple[Kind, str]] = set()

    def next(self, kinds: Sequence[Kind] = ()) -> ByteDrill:
        """A new drill of one of the `kinds`; of any where none are given."""
        kind = self._rng.choice(kinds or tuple(KINDS))
        while True:
            made = dealt(kind, _MAKERS[kind](self._rng), self._rng)
            # Now and then mistakes agree (an unmasked zero, a palindrome of a length): such bytes teach nothing.
            if len(made.options) >= _FEWEST_OPTIONS and (kind, made.shown) not in self._made:
                self._made.add((kind, made.shown))
                return made
