"""The destinations that are in use, by name, and the pattern subscriptions that wait for new ones. Bounded: what nobody
would miss gives way to what is new."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from labs.broker.config import TRY_LATER
from labs.broker.destinations import Access, compile_pattern, is_pattern
from labs.broker.subscription import Place, Subscription
from labs.broker.violation import Violation

P = TypeVar("P", bound=Place)


class Registry(Generic[P]):
    """Makes a place when its destination is first used, and attaches the subscriptions that are for it."""

    def __init__(self, make: Callable[[str, int], P], limit: int, access: Access) -> None:
        self._make = make
        self._limit = limit
        self._access = access
        self._places: dict[str, P] = {}
        self._patterns: dict[Subscription, re.Pattern[str]] = {}
        # A destination that was forgotten and comes back must not give out a sequence number again.
        self._floor = 0

    def __iter__(self) -> Iterator[P]:
        return iter(self._places.values())

    def __len__(self) -> int:
        return len(self._places)

    def find(self, destination: str) -> P | None:
        """The place of that name, if it is in use."""
        return self._places.get(destination)

    def get(self, destination: str, *, always: bool = False) -> P:
        """The place of that name, made if need be. Raises Violation when all that may be remembered are in use, but
        `always` for what must not be lost."""
        place = self._places.get(destination)
        if place is None:
            if len(self._places) >= self._limit and not always:
                self._forget_one()
            place = self._places[destination] = self._make(destination, self._floor)
            for subscription, pattern in self._patterns.items():
                self._attach_matching(place, subscription, pattern)
        return place

    def subscribe(self, subscription: Subscription) -> None:
        """Attach it to its destination, or to all that match its pattern, now and later."""
        if not is_pattern(subscription.destination):
            self.get(subscription.destination).attach(subscription)
            return
        pattern = self._patterns[subscription] = compile_pattern(subscription.destination)
        for place in self._places.values():
            self._attach_matching(place, subscription, pattern)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Detach it everywhere."""
        self._patterns.pop(subscription, None)
        for place in list(subscription.places):
            place.detach(subscription)

    def _attach_matching(self, place: P, subscription: Subscription, pattern: re.Pattern[str]) -> None:
        user = subscription.session.user
        if pattern.fullmatch(place.destination) and self._access.allows("SUBSCRIBE", place.destination, user):
            place.attach(subscription)

    def _forget_one(self) -> None:
        for destination in list(self._places):
            place = self._places.pop(destination)
            if place.idle:
                self._floor = max(self._floor, place.sequence)
                for subscription in self._patterns:
                    place.detach(subscription)
                return
            self._places[destination] = place  # behind the others, so that the next search begins elsewhere
        raise Violation(f"{self._limit} destinations are in use; none can be added now", TRY_LATER)
