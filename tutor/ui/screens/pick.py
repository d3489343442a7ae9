"""Picking one of several options: what multiple choice and the byte drills have in common on the screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tutor.study.choices import Picked
from tutor.ui import keys
from tutor.ui.lines import Lines
from tutor.ui.screens.session import SessionScreen
from tutor.ui.widgets.items import Items
from tutor.ui.widgets.options import Options

State = Literal["asked", "picked", "done"]
OFFERED: dict[State, frozenset[str]] = {
    "asked": frozenset({"pick"}),
    "picked": frozenset({"proceed", "unfold"}),
    "done": frozenset({"back", "again"}),
}
TURNS = frozenset().union(*OFFERED.values())


class PickScreen(SessionScreen):
    """Subclasses hold the session, and give `state`, `picked`, `pick`, `proceed`, `again` and what is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.PICK]
    SAID_FIRST = True

    def side(self) -> Iterable[Widget]:
        """The options."""
        with VerticalScroll(id="options-pane", classes="takes", can_focus=False):
            yield Options(self.set_option, id="options")

    # -- what subclasses say

    @property
    def state(self) -> State:
        """What is awaited."""
        raise NotImplementedError

    def set_option(self, text: str, width: int) -> Lines:
        """An option's text as lines."""
        return Content(text).wrap(width)

    def take(self, place: int) -> None:
        """Hand a pick over to the session; IndexError where there is no such option."""
        raise NotImplementedError

    def proceed(self) -> None:
        """On to the next one."""
        raise NotImplementedError

    def show(self) -> None:
        """Draw the state."""
        raise NotImplementedError

    # -- what the learner does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        return action not in TURNS or (self._begun and action in OFFERED[self.state])

    @property
    def options(self) -> Options:
        """The list of options."""
        return self.query_one(Options)

    def shown(self) -> None:
        """After each drawing: where the focus belongs."""
        if self.state == "done":
            self.card.focus()
        elif not (self.state == "picked" and self.focused is self.card):
            self.options.focus()
        self.turn_over()

    @on(Items.Chosen, "#options")
    def _chosen(self, event: Items.Chosen) -> None:
        self.action_pick(event.place)

    def action_pick(self, place: int) -> None:
        """Take the option at that place."""
        if self.state == "asked" and place < self.options.count:
            self.options.point(place)
            self.take(place)
            self.show()

    def action_proceed(self) -> None:
        """The next one."""
        if self.state == "picked":
            self.proceed()
            self.show()
            self.card.bring("")

    def action_again(self) -> None:
        """Another round."""
        self.begin()


def verdict(picked: Picked) -> Content:
    """Right or not in a glyph and a word, and the mistake that was made."""
    if picked.right:
        return Content.assemble(("✓ ", "bold $text-success"), ("Right.", "bold"), " Enter goes on.")
    wrong = Content.assemble(("✗ ", "bold $text-error"), ("No, it is ", "bold"), (f"{picked.right_place + 1}", "bold"))
    return wrong + (f": {picked.mistake.rstrip('.')}." if picked.mistake else ".")
