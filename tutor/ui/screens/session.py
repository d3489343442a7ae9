"""What every quiz session on the screen has: a card, a pane for what is awaited of one, and the way out at any moment.
The rules of a session are in tutor.study; what it learns is written behind the keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget

from tutor.study.learner import Learner
from tutor.study.model import Fact, Question
from tutor.ui.desk import Desk
from tutor.ui.parts import Part
from tutor.ui.screens.base import TutorScreen
from tutor.ui.widgets.bars import TopBar
from tutor.ui.widgets.card import NOTHING, CardView

Entry = Question | Fact


class SessionScreen(TutorScreen):
    """A session over the quiz mode. Subclasses give `side`, `begin` and keys (with keys.SESSION among them)."""

    MODE = "quiz"
    CSS_PATH = "../quiz.tcss"
    AUTO_FOCUS = ""
    NAME = ""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Content, Sequence[Part], frozenset[str]] = (Content(""), (), NOTHING)
        self._begun = False

    def body(self) -> Iterable[Widget]:
        """The card, and beside or below it what is to be done."""
        with Container(id="session"):
            yield CardView()
            with Vertical(id="side"):
                yield from self.side()

    # -- what subclasses say

    def side(self) -> Iterable[Widget]:
        """What takes the learner's answers."""
        raise NotImplementedError

    def begin(self) -> None:
        """The bank and the progress are there: ask the first question."""
        raise NotImplementedError

    def said(self) -> str:
        """How far one is, for the line at the top."""
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

    def fill(self) -> None:
        """Begin once."""
        if not self._begun:
            self._begun = True
            self.begin()

    def show_status(self) -> None:
        """What session this is and how far one is; first of all, where nothing is being saved."""
        lost = "✗ not saved   " if self.tutor.desk.problem else ""
        self.query_one(TopBar).status = f"{lost}{self.NAME}  {self.said()}".rstrip()

    def action_leave(self) -> None:
        """Out; nothing is left to be saved."""
        self.app.pop_screen()

    @property
    def card(self) -> CardView:
        """The card."""
        return self.query_one(CardView)

    def show_card(
        self, meta: Content, ask: str, parts: Sequence[Part] = (), unfolded: frozenset[str] = NOTHING
    ) -> None:
        """What stands on the card now; `ask` is Markdown."""
        self._shown = (Content(ask), parts, unfolded)
        self.card.show(meta, ask, parts, unfolded)

    def action_scroll_card(self, pages: int) -> None:
        """The text, wherever the focus is."""
        self.card.scroll_relative(y=pages * (self.card.size.height - 1), animate=False)

    def action_copy(self) -> None:
        """What is shown, as Markdown."""
        ask, parts, unfolded = self._shown
        text = "\n\n".join([f"# {ask.plain}", *(part.markdown for part in parts if part.id in unfolded)])
        self.app.copy_to_clipboard(text + "\n")
        self.notify("Copied as Markdown.")

    def action_links(self) -> None:
        """Choose a link of what is shown."""
        from tutor.ui.screens.reference import LinksDialog

        _, parts, unfolded = self._shown
        links = dict.fromkeys(target for part in parts if part.id in unfolded for target in part.links)
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
