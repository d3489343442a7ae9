"""A day as one types it: 2026-12-03, "in 6 days", "thursday", "3 December". Days ahead only; English only."""

from __future__ import annotations

import re
from datetime import date, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NEAR = {"today": 0, "tonight": 0, "tomorrow": 1}
_UNITS = {"day": 1, "days": 1, "week": 7, "weeks": 7}
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
_SHORTEST = 3
"""Letters that a name of a day or month has at least"""


def parse_day(text: str, today: date) -> date | None:
    """The day that was meant, or None where the text says none. A day of the week is the next one after today; a day
    of a month without a year is the next there is."""
    words = re.findall(r"[a-z]+|[\d-]+", text.lower())
    if re.sub(r"[a-z\d\s,.-]", "", text.lower()):
        return None
    if words[:1] == ["in"]:
        words = words[1:]
    if words[:1] in (["on"], ["next"], ["this"]):
        words = words[1:]
    return _iso(words) or _near(words, today) or _distance(words, today) or _of_month(words, today)


def _iso(words: list[str]) -> date | None:
    try:
        return date.fromisoformat(words[0]) if len(words) == 1 else None
    except ValueError:
        return None


def _near(words: list[str], today: date) -> date | None:
    if len(words) != 1:
        return None
    if words[0] in _NEAR:
        return today + timedelta(days=_NEAR[words[0]])
    place = _place(words[0], _DAYS)
    return None if place is None else today + timedelta(days=(place - today.weekday() - 1) % 7 + 1)


def _distance(words: list[str], today: date) -> date | None:
    if len(words) != 2 or words[1] not in _UNITS:
        return None
    count = _NUMBERS.get(words[0]) or (int(words[0]) if words[0].isdigit() and len(words[0]) < 4 else None)
    return None if count is None else today + timedelta(days=count * _UNITS[words[1]])


def _of_month(words: list[str], today: date) -> date | None:
    """3 December, December 3rd, 3 dec 2026."""
    words = [word for word in words if word not in {"st", "nd", "rd", "th", "of"}]
    months = [place for word in words if (place := _place(word, _MONTHS)) is not None]
    numbers = [int(word) for word in words if word.isdigit() and len(word) < 5]
    if len(months) != 1 or len(numbers) + 1 != len(words) or not 1 <= len(numbers) <= 2:
        return None
    years = numbers[1:] or [today.year, today.year + 1]
    for year in years:
        try:
            day = date(year, months[0] + 1, numbers[0])
        except ValueError:
            continue
        if numbers[1:] or day >= today:
            return day
    return None


def _place(word: str, names: tuple[str, ...]) -> int | None:
    found = [place for place, name in enumerate(names) if len(word) >= _SHORTEST and name.startswith(word)]
    return found[0] if found else None
