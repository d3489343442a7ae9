"""Which kinds of byte drills to do."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.study.drills import KINDS, Kind
from tutor.study.reviews import Review
from tutor.ui.screens.base import Dialog


class KindsDialog(Dialog[tuple[Kind, ...]]):
    """All kinds, or one of them; gives back the chosen ones, none meaning all. Each says how it went so far."""

    def __init__(self, reviews: Sequence[Review]) -> None:
        super().__init__()
        self._done = [each for each in reviews if each.mode == "bytes"]
        self._choices: list[tuple[Kind, ...]] = [(), *((kind,) for kind in KINDS)]

    def compose(self) -> ComposeResult:
        """A line each."""
        with VerticalScroll(classes="dialog small", can_focus=False):
            yield Static("What to drill", classes="title")
            yield OptionList(
                Option(Content("All of them")), *(Option(self._line(kind)) for kind in KINDS), markup=False
            )

    def _line(self, kind: Kind) -> Content:
        done = [each for each in self._done if each.card == kind]
        right = f"  {sum(each.right for each in done)} of {len(done)} right" if done else "  not yet"
        return Content.assemble(KINDS[kind], (right, "$foreground 60%"))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index])
