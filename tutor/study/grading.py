"""Closed answers, compared exactly once case, spaces, punctuation and the ways to write a number are folded; and the
rating that a learner's own ticks suggest. Prose is never scored by its words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from tutor.study.model import KeyPoint
from tutor.study.reviews import AGAIN, GOOD, HARD, Rating

MAX_TYPED = 500
"""Characters of an answer that are looked at"""

_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_GROUPED = re.compile(r"(?<![0-9.])([0-9]{1,3}(?:([,'’_ \u00a0\u2009\u202f])[0-9]{3})(?:\2[0-9]{3})*)(?![0-9])")
_TOKEN = re.compile(
    r"(?<![0-9a-z])-?0x[0-9a-f]+|(?<![0-9a-z)])-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)|[0-9]+(?:\.[0-9]+)?|\S"
)
_NUMBER = re.compile(r"(-?)([0-9]*)(?:\.([0-9]+))?")
_MEANT = frozenset("%<>=+≤≥≠~^$")
"""Signs that change what an answer says, and so are not folded away"""


def accepts(answers: Iterable[str], typed: str) -> bool:
    """Whether `typed` is one of the accepted spellings."""
    readings = _readings(typed)
    return any(not readings.isdisjoint(_readings(answer)) for answer in answers)


def _readings(text: str) -> frozenset[str]:
    """The forms under which a text is compared: groups of thousands joined, and as they stand (a list of numbers)."""
    text = text[:MAX_TYPED].strip()
    text = _SUPERSCRIPT.sub(lambda found: "^" + found[0], text)
    joined = _GROUPED.sub(lambda found: found[1].replace(found[2], ""), text)
    forms = {_fold(joined), _fold(text)} - {""}
    return frozenset(forms or {text.casefold()} - {""})


def _fold(text: str) -> str:
    """Letters and numbers alone: letters run together, two numbers in a row stay two."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2212", "-")
    out: list[str] = []
    after_number = False
    for token in _TOKEN.findall(text):
        if number := _number(token):
            out.append(f"|{number}" if after_number else number)
            after_number = True
        elif token.isalnum() or token in _MEANT:
            out.append(token)
            after_number = False
    return "".join(out)


def _number(token: str) -> str:
    """One spelling of a number: 0x0A as 0xa, 1.50 as 1.5, .5 as 0.5; nothing for another token."""
    if "0x" in token:
        sign, _, digits = token.partition("0x")
        return f"{sign}0x{digits.lstrip('0') or '0'}"
    found = _NUMBER.fullmatch(token)
    if not found or not (found[2] or found[3]):
        return ""
    sign, whole, decimals = found[1], found[2] or "0", (found[3] or "").rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def suggest(points: Sequence[KeyPoint], ticked: Collection[int]) -> Rating:
    """The rating that ticks suggest; `ticked` holds the places of the key points that were said.

    A missed critical point is a miss, and so is less than half of the weight; three quarters are good. Easy is never
    suggested: ticks say what was said, not with how little effort. A card without key points suggests good.
    """
    if not points:
        return GOOD
    missed = [point for place, point in enumerate(points) if place not in ticked]
    of = sum(point.weight for point in points)
    got = of - sum(point.weight for point in missed)
    if any(point.critical for point in missed) or got * 2 < of:
        return AGAIN
    return GOOD if got * 4 >= of * 3 else HARD


def missed(points: Sequence[KeyPoint], ticked: Collection[int]) -> tuple[str, ...]:
    """The texts of the key points that were not said."""
    return tuple(point.text for place, point in enumerate(points) if place not in ticked)


def matched_words(points: Sequence[KeyPoint], said: str) -> tuple[tuple[str, ...], ...]:
    """For each key point, its own words that occur in what was said, to be highlighted; never a score."""
    spoken = set(_words(said))
    return tuple(tuple(dict.fromkeys(word for word in _words(point.text) if word in spoken)) for point in points)


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[\w-]+", text.casefold()) if len(word) > 3 or word.isdigit()]
