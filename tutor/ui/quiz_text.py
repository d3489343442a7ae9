"""What the quiz says about a session: why a rating is suggested, what came of a round. Markdown and styled lines."""

from __future__ import annotations

from textual.content import Content

from tutor.study.model import Bank, Fact
from tutor.study.quiz import DrillSession
from tutor.study.reviews import RATINGS
from tutor.ui.lines import counted

NO_CARD = (
    "Nothing is worth asking now: all of it was known within the last hours, and asking again so soon adds next to "
    "nothing. Byte drills never end, and a mock interview is always there."
)


def why_suggested(session: DrillSession) -> Content:
    """The suggestion that Enter takes, with its reason."""
    card = session.current
    take = Content.assemble("Enter: ", (RATINGS[session.suggested], "bold"))
    if card is None or (not card.points and not isinstance(card.entry, Fact)):
        return take
    if isinstance(card.entry, Fact):
        said = "accepted" if session.right else "not an accepted answer" if session.typed else "nothing was typed"
        glyph, style = ("✓", "bold $text-success") if session.right else ("✗", "bold $text-error")
        typed = f"‘{session.typed}’ is " if session.typed else ""
        return Content.assemble((f"{glyph} ", style), f"{typed}{said}. ", take)
    left_out = [point for place, point in enumerate(card.points) if place not in session.ticks]
    if any(point.critical for point in left_out):
        return take + ", since a point that must be said is missing."
    said_of = sum(point.weight for place, point in enumerate(card.points) if place in session.ticks)
    return take + f", by {said_of} of {sum(point.weight for point in card.points)} ★."


def drill_summary(session: DrillSession, bank: Bank) -> str:
    """A round in Markdown: how many were known, and each card with its rating."""
    known = sum(each.right for each in session.reviews)
    asks = {card.key: card for card in session.cards}
    lines = [
        f"{'✓' if each.right else '✗'} {RATINGS[each.rating]}: {_named(asks[each.card].entry.ref, asks[each.card].ask)}"
        for each in session.reviews
    ]
    head = f"**{known} of {counted(len(session.reviews), 'card')} known.**"
    return "\n\n".join([head, *lines])


def _named(ref: str, ask: str) -> str:
    return f"{ref}. {ask}" if ref else ask
