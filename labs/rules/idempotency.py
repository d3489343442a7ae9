"""Which requests took effect before, by the key that their sender gave them, so that a repeated one has no second
effect. Bounded in number and age. Where several nodes serve one user, what is kept here belongs in their store."""

from __future__ import annotations


class SeenKeys:
    """The latest keys of each owner: `each` of one owner, `total` of all, none for longer than `age` seconds.

    An owner's keys never push out another's until there are more than `total`; then the least recently active give
    way.
    """

    __slots__ = ("_age", "_each", "_owners", "_total", "size")

    def __init__(self, each: int, total: int, age: float) -> None:
        self._each = each
        self._total = total
        self._age = age
        self._owners: dict[str, dict[str, float]] = {}  # both in the order of last use, so that the oldest come first
        self.size = 0

    def seen(self, owner: str, key: str, now: float) -> bool:
        """Whether that key was remembered for that owner, not too long ago."""
        at = self._owners.get(owner, {}).get(key)
        return at is not None and now - at <= self._age

    def remember(self, owner: str, key: str, now: float) -> None:
        """What came under that key has taken effect."""
        keys = self._owners.pop(owner, {})
        self.size -= len(keys)
        self._owners[owner] = keys
        keys.pop(key, None)
        keys[key] = now
        while len(keys) > self._each or now - next(iter(keys.values())) > self._age:
            del keys[next(iter(keys))]
        self.size += len(keys)
        while self.size > self._total and len(self._owners) > 1:
            self.size -= len(self._owners.pop(next(iter(self._owners))))
