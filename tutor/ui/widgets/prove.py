"""The lines under an answer that open the labs which measure its claims."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from tutor.study.model import Claim
from tutor.ui import keys
from tutor.ui.lines import Lines, hang
from tutor.ui.widgets.sheet import Sheet


class ProveIt(Sheet, can_focus=True):
    """One claim; Enter or a click proves it."""

    ALLOW_SELECT = False
    BINDINGS = keys.PROVE

    class Asked(Message):
        """The learner wants to see the claim happen."""

        def __init__(self, claim: Claim) -> None:
            super().__init__()
            self.claim = claim

    def __init__(self, claim: Claim) -> None:
        super().__init__()
        self.claim = claim
        self.tooltip = f"lab {claim.lab}, verdict {claim.verdict}"

    def lines(self, width: int) -> Lines:
        """The claim, in as many lines as it takes."""
        return hang(Content(self.claim.text), Content.styled("▶ prove it  ", "bold"), width)

    def action_prove(self) -> None:
        """Ask for the lab."""
        self.post_message(self.Asked(self.claim))

    def on_click(self) -> None:
        """A click is Enter."""
        self.action_prove()


class Proofs(Vertical):
    """All claims of a question; they come with the answer, all at once."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        super().__init__(*(ProveIt(claim) for claim in claims), classes="behind")

    def put_away(self, away: bool) -> None:
        """Take no room, or what the style sheet says."""
        self.styles.display = "none" if away else None
