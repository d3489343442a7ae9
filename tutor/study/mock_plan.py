"""How long a mock interview takes and how its questions are mixed, as it is kept among the settings."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tutor.study import mock
from tutor.study.model import Bank, Level, Question

SETTING = "mock-plan"
DEFAULT_MINUTES = 30
SHARES = (0, 1, 2, 3, 4)


class MixError(ValueError):
    """Shares of the levels that can't be; the text says what would be right."""


def parse_mix(text: str) -> dict[Level, int]:
    """Shares as they are typed, such as 2,3,1 for core, senior and architect. Raises MixError."""
    names = {str(share): share for share in SHARES}
    shares = [names.get(word.strip(), -1) for word in text.split(",")]
    if len(shares) != len(mock.LEVELS) or min(shares) < 0 or not any(shares):
        levels = ", ".join(mock.LEVELS)
        raise MixError(f"--mix {text[:40]}: it takes the shares of {levels} from 0 to {SHARES[-1]}, such as 2,3,1")
    return dict(zip(mock.LEVELS, shares, strict=True))


@dataclass(frozen=True, slots=True)
class MockPlan:
    """Minutes, and the share of each level in a round of the mix."""

    minutes: int = DEFAULT_MINUTES
    mix: Mapping[Level, int] = field(default_factory=lambda: dict(mock.MIX))

    @property
    def count(self) -> int:
        """How many questions fit."""
        return self.minutes // mock.MINUTES_A_QUESTION

    def draw(self, bank: Bank, rng: random.Random) -> tuple[Question, ...]:
        """Questions by chance; of any level where the shares are all nothing."""
        mix = dict(self.mix) if any(self.mix.values()) else None
        return mock.draw(bank, self.minutes, rng, mix)

    def to_setting(self) -> str:
        """As text."""
        return json.dumps({"minutes": self.minutes, "mix": dict(self.mix)})

    @classmethod
    def from_setting(cls, text: str) -> MockPlan:
        """As it was kept; what can't be read is as if it had not been."""
        low, high = mock.MINUTES
        try:
            known = json.loads(text)
            minutes = min(high, max(low, int(known["minutes"])))
            return cls(minutes, {level: max(0, int(known["mix"][level])) for level in mock.LEVELS})
        except (ValueError, TypeError, KeyError):
            return cls()
