"""What every quiz session on the screen has: a card, a pane for what is awaited of one, and the way out at any moment.
The rules of a session are in tutor.study; what it learns is written behind the keys."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from textual import events
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget

from tutor.study.learner import Learner
from tutor.study.model import Fact, Question
from tutor.ui.desk import Desk
from tutor.ui.parts import Part
from tutor.ui.screens.base import TutorScreen
from tutor.ui.unfolding import Unfolding
from tutor.ui.widgets.bars import TopBar
from tutor.ui.widgets.card import CardView, Setting, apart
from tutor.ui.widgets.scale import NONE, Scale, Steps
from tutor.ui.widgets.sheet import Sheet

Entry = Question | Fact
BESIDE = 110  # cells from which the pane stands beside the card, as the style sheet has it
SHARE = 0.5  # of the rows for a rubric below the card: the other half is the answer's, which it is ticked by
BELOW = 6  # rows of the pane for its border, heading and clock, and for what to press


class SessionScreen(TutorScreen):
    """A session over the quiz mode. Subclasses give `side`, `begin` and keys (with keys.SESSION among them)."""

    MODE = "quiz"
    CSS_PATH = "../quiz.tcss"
    AUTO_FOCUS = ""
    NAME = ""
    SAID_FIRST: ClassVar[bool] = False
    """Whether what is said of an answer stands above what takes it"""

    def __init__(self) -> None:
        super().__init__()
        self._copied = ""
        self._shown: Sequence[Part] = ()
        self._begun = False

    def body(self) -> Iterable[Widget]:
        """The card, and beside or below it what is to be done."""
        with Container(id="session"):
            yield CardView()
            with Vertical(id="side"):
                yield Sheet(id="side-title")
                if self.SAID_FIRST:
                    yield Scale(id="scale")
                yield from self.side()
                if not self.SAID_FIRST:
                    yield Scale(id="scale")

    # -- what subclasses say

    def side(self) -> Iterable[Widget]:
        """What takes the learner's answers."""
        raise NotImplementedError

    def begin(self) -> None:
        """The bank and the progress are there: ask the first question."""
        raise NotImplementedError

    def said(self) -> str:
        """How far one is, for the top of the card."""
        return ""

    # -- the frame

    @property
    def learner(self) -> Learner:
        """Where sessions put what they learn; there once the bank is loaded."""
        learner = self.tutor.desk.learner
        assert learner is not None, "no session begins before the progress is read"
        return learner

    @staticmethod
    def now() -> datetime:
        """The local time."""
        return Desk.now()

    @staticmethod
    def rng() -> random.Random:
        """Where chance comes from."""
        return random.Random()

    def fill(self) -> None:
        """Begin once."""
        if not self._begun:
            self._begun = True
            self.begin()

    def show_status(self) -> None:
        """What session this is; before all, where nothing is being saved."""
        self.query_one(TopBar).status = "✗ not saved" if self.tutor.desk.problem else self.NAME

    def action_leave(self) -> None:
        """Out; nothing is left to be saved."""
        self.app.pop_screen()

    def action_back(self) -> None:
        """Out, where all is done."""
        self.action_leave()

    # -- the card

    @property
    def card(self) -> CardView:
        """The card."""
        return self.query_one(CardView)

    def show_card(
        self, meta: Content, ask: str, unfolding: Unfolding | None = None, exhibit: Setting | None = None
    ) -> None:
        """What stands on the card now; `ask` is Markdown. Without `unfolding` nothing is revealed."""
        self._shown = unfolding.shown if unfolding else []
        self._copied = "\n\n".join([f"# {ask}", *(part.markdown for part in self._shown)]) + "\n"
        said = self.said()
        self.card.show(lambda width: [apart(meta, said, width)], ask, unfolding or Unfolding(), exhibit)

    def ask_for(self, title: str, said: Content | str, steps: Steps = NONE, marked: int = 0) -> None:
        """What is awaited of the learner: a heading, words, and keys to press."""
        heading = self.query_one("#side-title", Sheet)
        heading.put_away(not title)
        heading.update(lambda width: Content(title).wrap(width))
        self.query_one(Scale).show(said, steps, marked)

    def on_resize(self, event: events.Resize) -> None:
        """What takes the answers leaves room for what to press below it, and for the card above."""
        room = event.size.height - 2 if event.size.width >= BESIDE else round((event.size.height - 2) * SHARE)
        for pane in self.query("#rubric-pane"):
            pane.styles.max_height = max(3, room - BELOW)

    def use(self, *wanted: str) -> None:
        """Show what takes an answer now, by ids, and put the rest away."""
        for widget in self.query(".takes"):
            widget.styles.display = "block" if widget.id in wanted else "none"

    def turn_over(self) -> None:
        """Another state: what stands at the top, and the keys that are offered."""
        self.show_status()
        self.refresh_bindings()

    def action_scroll_card(self, pages: int) -> None:
        """The text, wherever the focus is."""
        self.card.scroll_relative(y=pages * (self.card.size.height - 1), animate=False)

    def action_copy(self) -> None:
        """What is shown, as Markdown."""
        self.app.copy_to_clipboard(self._copied)
        self.notify("Copied.")

    def action_links(self) -> None:
        """Choose a link of what is shown."""
        from tutor.ui.screens.reference import LinksDialog

        links = dict.fromkeys(target for part in self._shown for target in part.links)
        if links:
            self.app.push_screen(LinksDialog(list(links)), self._link_chosen)
        else:
            self.notify("Nothing that is shown has a link.")

    def _link_chosen(self, href: str | None) -> None:
        if href:
            self.follow(href)

    def follow(self, href: str) -> None:
        """Go where a link leads; the session stays as it is."""
        self.tutor.follow(href)


def meta_of(entry: Entry) -> Content:
    """Reference, level, tags; a fact is called one."""
    tags = "  ".join(f"#{tag}" for tag in entry.tags)
    level = entry.level if isinstance(entry, Question) else "fact"
    return Content.assemble(
        (entry.ref, "bold $primary"), (f"  {level}  ", "$foreground 80%"), (tags, "$foreground 60%")
    )
