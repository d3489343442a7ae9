"""What the quiz says about a session: why a rating is suggested, what came of a round. Markdown and styled lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tutor.study.model import Fact, KeyPoint
from tutor.study.quiz import DrillSession
from tutor.study.rapid import Judged, RapidSession
from tutor.study.reviews import RATINGS, KeptMock, Rating
from tutor.ui.lines import counted
from tutor.ui.parts import Part
from tutor.ui.typeset import typeset

NO_CARD = (
    "Nothing is worth asking now: all of it was known within the last hours, and asking again so soon adds next to "
    "nothing. Byte drills never end, and a mock interview is always there."
)
NO_FACT = (
    "No fact is worth asking now: all of them were known within the last hours, or the bank has none. "
    "Byte drills never end."
)
NO_QUESTION = "This bank has no question of those levels."
NO_CHOICE = "No question of this bank has choices."


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
    return why_rated(card.points, session.ticks, session.suggested)


def why_rated(points: Sequence[KeyPoint], ticks: frozenset[int], suggested: Rating) -> Content:
    """The rating that the ticks suggest, with its reason."""
    take = Content.assemble("Enter: ", (RATINGS[suggested], "bold"))
    if any(point.critical for place, point in enumerate(points) if place not in ticks):
        return take + ", since a point that must be said is missing."
    got = sum(point.weight for place, point in enumerate(points) if place in ticks)
    return take + f", by {got} of {sum(point.weight for point in points)} ★."


def drill_summary(session: DrillSession) -> str:
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


def rapid_verdict(judged: Judged) -> Content:
    """How a typed answer was taken; every accepted spelling."""
    accepted = " · ".join(judged.fact.answers)
    if judged.right:
        late = ", but late: it counts as hard" if judged.late else ""
        return Content.assemble(("✓ ", "bold $text-success"), ("Right", "bold"), f"{late}. Accepted: {accepted}")
    typed = f"‘{judged.typed.strip()}’ is not accepted" if judged.typed.strip() else "Not known"
    wrong = Content.assemble(("✗ ", "bold $text-error"), (typed, "bold"), f". Accepted: {accepted}.")
    return wrong + " It comes back in this round."


def rapid_summary(session: RapidSession) -> str:
    """A round in Markdown: how many were right at once, and which were not."""
    head = f"**{session.right} of {session.total} right at once.**"
    return "\n\n".join([head, *(f"✗ {fact.ask} **{fact.answers[0]}**" for fact in session.wrong)])


def why_part(title: str, markdown: str) -> Part:
    """A text as a part of a card, such as why the right answer is right."""
    return Part("why", title, "", "", lambda width: typeset(markdown, width), f"## {title}\n\n{markdown}")


def interview(kept: KeptMock) -> str:
    """An interview of the past in a line: when, how long, how much was said."""
    got, of = (sum(getattr(answer, name) for _, answer in kept.answers) for name in ("got", "of"))
    share = f"{got / of:.0%}" if of else "-"
    asked = f"{len(kept.answers)} of {counted(len(kept.mock.questions), 'question')} answered"
    return f"{kept.mock.at.astimezone():%Y-%m-%d %H:%M}  {share} of the key points, {asked}"
