"""STOMP heart-beats of one connection: what the two sides agree on, when to send one, when the peer is dead.
STOMP 1.2, Heart-beating."""

from __future__ import annotations

import math
import re

_FORM = re.compile(r"([0-9]{1,15}),([0-9]{1,15})")
# The sender MUST send at least every n ms: a timer is late, never early.
_EARLY = 0.9


def parse_heart_beat(value: str) -> tuple[int, int] | None:
    """The two numbers of a `heart-beat` header in milliseconds, or None when it is not `cx,cy`."""
    match = _FORM.fullmatch(value)
    return (int(match[1]), int(match[2])) if match else None


def agree(offered: int, wanted: int) -> int:
    """Milliseconds between heart-beats in one direction: what its sender can do, and what its receiver would like."""
    return max(offered, wanted) if offered and wanted else 0


class HeartBeats:
    """One side's half of the agreement, in seconds on the caller's clock.

    `send_every` and `expect_every` in milliseconds, 0 for none; the peer is dead after `tolerance` times its interval
    without a byte.
    """

    __slots__ = ("_dead_after", "_send_every", "beat_at", "heard_at")

    def __init__(self, send_every: int, expect_every: int, tolerance: float, now: float) -> None:
        self._send_every = send_every / 1000 * _EARLY
        self._dead_after = expect_every / 1000 * tolerance
        self.heard_at = now
        self.beat_at = now + self._send_every if send_every else math.inf

    @property
    def silent_at(self) -> float:
        """When the peer is dead unless it is heard before; `inf` where it promised nothing."""
        return self.heard_at + self._dead_after if self._dead_after else math.inf

    @property
    def deadline(self) -> float:
        """When to look again."""
        return min(self.beat_at, self.silent_at)

    def due(self, now: float) -> bool:
        """Whether a heart-beat is to be sent now; if so the next one is scheduled."""
        if now < self.beat_at:
            return False
        self.beat_at = now + self._send_every
        return True
