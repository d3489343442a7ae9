"""What a subscriber has seen of one destination: where it resumes after a break, and what is a repeat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from labs.rules.idempotency import SeenKeys
from labs.rules.replay import Gap

_GAP = re.compile(r"(\d{1,18})-(\d{1,18})")
_IDS = 1000  # message ids that are remembered where there are no sequence numbers


class Seen(Enum):
    """What a message is to who receives it."""

    NEW = "new"
    REPEAT = "repeat"
    HOLE = "new, and others before it are missing"


@dataclass(slots=True)
class Cursor:
    """The highest sequence number seen, None before the first where it did not begin with one.

    A destination is in order, so whatever is not above the cursor was seen. Where messages have no sequence numbers (a
    user's), ids are remembered instead, for `age` seconds; there is nothing to resume from then.
    """

    last_seen: int | None = None
    age: float = 300.0
    _ids: SeenKeys | None = None

    def take(self, sequence: int | None, message_id: str, now: float) -> Seen:
        """A message has come: move on, and say what it is."""
        if sequence is None:
            return self._by_id(message_id, now)
        before, self.last_seen = self.last_seen, max(self.last_seen or 0, sequence)
        if before is None or sequence == before + 1:
            return Seen.NEW
        return Seen.REPEAT if sequence <= before else Seen.HOLE

    def skip(self, gap: Gap) -> None:
        """The broker has told that these are gone for good. A cursor of another history begins anew."""
        self.last_seen = 0 if gap.last < gap.first else max(self.last_seen or 0, gap.last)

    def _by_id(self, message_id: str, now: float) -> Seen:
        ids = self._ids = self._ids or SeenKeys(_IDS, _IDS, self.age)
        if ids.seen("", message_id, now):
            return Seen.REPEAT
        ids.remember("", message_id, now)
        return Seen.NEW


def read_gap(header: str | None) -> Gap | None:
    """The gap that a `replay-gap` header tells of."""
    told = _GAP.fullmatch(header or "")
    return Gap(int(told[1]), int(told[2])) if told else None
