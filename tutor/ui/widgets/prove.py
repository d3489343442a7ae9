"""The line under an answer that opens the lab which measures one of its claims."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tutor.study.model import Claim
from tutor.ui import keys
from tutor.ui.typeset import indent


class ProveIt(Widget, can_focus=True):
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

    def render(self) -> RenderResult:
        """The claim, and where it is measured."""
        label = Content.styled("▶ prove it ", "bold")
        room = max(self.content_size.width - label.cell_length, 12)
        where = Content.styled(f"lab {self.claim.lab}, verdict {self.claim.verdict}", "dim")
        return Content("\n").join(indent([*Content(self.claim.text).wrap(room), *where.wrap(room)], label))

    def action_prove(self) -> None:
        """Ask for the lab."""
        self.post_message(self.Asked(self.claim))

    def on_click(self) -> None:
        """A click is Enter."""
        self.action_prove()
