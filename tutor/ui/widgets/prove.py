"""The line under an answer that opens the lab which measures one of its claims."""

from __future__ import annotations

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
        super().__init__(classes="behind")
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
