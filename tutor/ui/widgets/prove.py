"""The line under an answer that opens the lab which measures one of its claims."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from tutor.study.model import Claim
from tutor.ui import keys
from tutor.ui.typeset import MIN_WIDTH, Lines, indent


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
        self.tooltip = f"lab {claim.lab}, verdict {claim.verdict}"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines at this width."""
        return len(self._lines(width))

    def render(self) -> RenderResult:
        """The claim, in as many lines as it takes."""
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> Lines:
        label = Content.styled("▶ prove it  ", "bold")
        return indent(Content(self.claim.text).wrap(max(width - label.cell_length, MIN_WIDTH)), label)

    def action_prove(self) -> None:
        """Ask for the lab."""
        self.post_message(self.Asked(self.claim))

    def on_click(self) -> None:
        """A click is Enter."""
        self.action_prove()
