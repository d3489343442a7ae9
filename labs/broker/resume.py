"""SUBSCRIBE with `last-seen`: what a subscriber missed, before what comes next."""

from __future__ import annotations

from labs.broker.exchange import Exchange
from labs.broker.handlers import Reply
from labs.broker.message import Message
from labs.broker.subscription import Subscription
from labs.broker.violation import Violation, shown
from labs.rules.replay import Gap

_DIGITS = 18


def read_cursor(last_seen: str) -> int:
    """The header's number; raises Violation."""
    if not (last_seen.isascii() and last_seen.isdigit()) or len(last_seen) > _DIGITS:
        raise Violation(f"SUBSCRIBE: last-seen {shown(last_seen)} is no sequence number; it is the last one received")
    return int(last_seen)


def replay_after(subscription: Subscription, last_seen: str, exchange: Exchange, now: float) -> None:
    """Send what is newer than the cursor. It is called in one go with attaching the subscription, so
    that nothing is published in between."""
    messages, gap = exchange.topics.replay(subscription.destination, read_cursor(last_seen), now)
    catch_up(subscription, messages, gap, exchange, now)


def catch_up(
    subscription: Subscription, messages: list[Message], gap: Gap | None, exchange: Exchange, now: float
) -> None:
    """Send what was missed.

    Where some of it is gone, a MESSAGE with `replay-gap: FIRST-LAST` and without a body comes first: sequence numbers
    that will not come, both included; `LAST` before `FIRST` for a cursor of another history (a server that began anew).
    """
    subscription.prefetch += len(messages) + 1  # who gets much at once is not slow for that
    if gap is not None:
        exchange.ledger.deliver(subscription, exchange.answer(_told(gap), subscription.destination, now))
    for message in messages:
        exchange.ledger.deliver(subscription, message)


def _told(gap: Gap) -> Reply:
    return Reply(b"", headers=(("replay-gap", f"{gap.first}-{gap.last}"),))
