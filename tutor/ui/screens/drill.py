"""Flash cards: say it, be honest about how sure you are, look, tick what you said, take the rating that follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from labs import catalog
from tutor.study.grading import MAX_TYPED
from tutor.study.model import Fact
from tutor.study.plan import QUESTION_SECONDS
from tutor.study.quiz import Card, DrillSession
from tutor.study.reviews import CONFIDENCES, RATINGS, Rating
from tutor.ui import keys
from tutor.ui.quiz_text import NO_CARD, drill_summary, why_suggested
from tutor.ui.screens.session import Entry, SessionScreen, meta_of
from tutor.ui.unfolding import WITH_ANSWER, Unfolding
from tutor.ui.widgets.items import Items
from tutor.ui.widgets.rubric import Rubric
from tutor.ui.widgets.typed import TypedAnswer

State = Literal["asked", "revealed", "lab", "done", "empty"]
OFFERED: dict[State, frozenset[str]] = {
    "asked": frozenset({"go_on", "digit", "undo"}),
    "revealed": frozenset({"take", "digit", "unfold", "undo"}),
    "lab": frozenset({"go_on", "undo"}),
    "done": frozenset({"back", "undo", "again"}),
    "empty": frozenset({"back"}),
}
TURNS = frozenset().union(*OFFERED.values())


class DrillScreen(SessionScreen):
    """A round of cards. `plan` are the entries to ask, and names of labs on the way; none: what is most worth it."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.DRILL]
    NAME = "Drill"

    def __init__(self, plan: Sequence[Entry | str] = (), count: int | None = None) -> None:
        super().__init__()
        self._plan, self._count = plan, count
        self._labs: dict[int, str] = {}
        self._session: DrillSession | None = None
        self._unfolding = Unfolding()

    def side(self) -> Iterable[Widget]:
        """A rubric, and where facts are asked a line to type them in."""
        with VerticalScroll(id="rubric-pane", classes="takes", can_focus=False):
            yield Rubric(id="rubric")
        if any(isinstance(each, Fact) for each in self._plan):
            yield TypedAnswer(MAX_TYPED)

    def begin(self) -> None:
        """Choose the cards."""
        now = self.now()
        entries: list[Entry] = []
        for each in self._plan:
            if isinstance(each, str):
                self._labs[len(entries)] = each
            else:
                entries.append(each)
        if not self._plan:
            entries += self.learner.drawn(self.learner.bank.questions, now, QUESTION_SECONDS, self._count)
        self._session = DrillSession(entries, self.learner, now) if entries else None
        self._next_card()

    # -- where one is

    @property
    def state(self) -> State:
        """What is awaited."""
        session = self._session
        if session is None:
            return "empty"
        if session.position in self._labs:
            return "lab"
        if session.done:
            return "done"
        return "revealed" if session.revealed else "asked"

    def said(self) -> str:
        """Which card of how many."""
        session = self._session
        return f"{min(session.position + 1, len(session.cards))} of {len(session.cards)}" if session else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        if action not in TURNS or not self._begun:
            return action not in TURNS
        if action == "undo":
            return self._session is not None and self._session.position > 0
        return action in OFFERED[self.state] and not (isinstance(self.focused, Input) and action != "unfold")

    # -- what is shown

    def _next_card(self) -> None:
        session = self._session
        card = session.current if session else None
        revealed = WITH_ANSWER if session and session.revealed else frozenset[str]()
        self._unfolding = Unfolding(card.entry if card else None, revealed)
        self._show()
        self.card.bring("")
        self.card.set_ahead(self._unfolding.parts)

    def _show(self) -> None:
        session, state = self._session, self.state
        card = session.current if session else None
        ticking = state == "revealed" and card is not None and bool(card.points)
        typing = state == "asked" and card is not None and isinstance(card.entry, Fact)
        self.use("rubric-pane" if ticking else "typed" if typing else "")
        if session is None:
            self.show_card(Content(""), NO_CARD)
            self.ask_for("", "Enter goes back.")
        elif state == "lab":
            self._show_lab(self._labs[session.position])
        elif card is None:
            self.show_card(Content.styled("Round done", "bold $primary"), drill_summary(session))
            self.ask_for("", "Enter goes back, r asks another round, u undoes the last rating.")
        else:
            self.show_card(meta_of(card.entry), card.ask, self._unfolding if session.revealed else None)
            self._show_turn(session, card)
        self._focus_turn(ticking=ticking, typing=typing)
        self.turn_over()

    def _show_turn(self, session: DrillSession, card: Card) -> None:
        if session.revealed:
            self.query_one(Rubric).show(card.points, session.ticks)
            title = "Which of these did you say?" if card.points else ""
            self.ask_for(title, why_suggested(session), RATINGS, session.suggested)
        elif isinstance(card.entry, Fact):
            self.ask_for("Type the answer", "Enter shows it. Spelling counts; case, spaces, dots and dashes do not.")
        else:
            self.ask_for("", "Say it aloud. How sure are you?", CONFIDENCES)

    def _show_lab(self, name: str) -> None:
        lab = catalog.find(name)
        text = f"{lab.title}\n\n{lab.summary}" if lab else name
        self.show_card(Content.styled("Now a lab", "bold $primary"), text)
        self.ask_for("", "o opens the lab, Enter goes on with the cards.")

    def _focus_turn(self, *, ticking: bool, typing: bool) -> None:
        if typing:
            typed = self.query_one(TypedAnswer)
            typed.value = ""
            typed.focus()
        elif ticking:
            self.query_one(Rubric).focus()
        else:
            self.card.focus()

    # -- what the learner does

    def action_go_on(self) -> None:
        """Show the answer; pass a lab."""
        if self.state == "lab" and self._session is not None:
            del self._labs[self._session.position]
            self._next_card()
        else:
            self._reveal("answer")

    def action_digit(self, number: Rating) -> None:
        """Before the answer how sure, after it how well."""
        if self.state == "revealed":
            self._rate(number)
        elif self._session is not None and number in CONFIDENCES:
            self._session.confide(number)
            self._reveal("answer")

    def action_take(self) -> None:
        """Take the suggestion."""
        self._rate(None)

    def _rate(self, rating: Rating | None) -> None:
        assert self._session is not None
        self._session.rate(self.now(), rating)
        self._next_card()

    def action_undo(self) -> None:
        """The last card is at hand again, as it was."""
        if self._session is not None and self._session.undo(self.now()):
            self._next_card()

    def action_again(self) -> None:
        """Another round, of what is worth it now."""
        self._plan, self._labs = (), {}
        self.begin()

    def action_links(self) -> None:
        """Choose a link, or open the lab that comes now."""
        if self.state == "lab" and self._session is not None:
            self.tutor.open_lab(self._labs[self._session.position])
        else:
            super().action_links()

    @on(Input.Submitted, "#typed")
    def _typed(self, event: Input.Submitted) -> None:
        if self._session is not None and self.state == "asked":
            self._session.type(event.value)
            self._reveal("answer")

    @on(Items.Chosen, "#rubric")
    def _ticked(self, event: Items.Chosen) -> None:
        session = self._session
        if session is not None and self.state == "revealed":
            if session.tick(event.place):
                event.items.point(event.place + 1)
            self._show()

    # -- revealing

    def action_unfold(self, wanted: str) -> None:
        """Unfold a part, or fold it again."""
        if self.state == "revealed":
            if self._unfolding.has(wanted):
                self._reveal(wanted)
            else:
                self.notify("This card has no more of that.")

    def _reveal(self, wanted: str) -> None:
        assert self._session is not None
        opened = self._unfolding.toggle(wanted)
        if not self._session.revealed:
            self._session.reveal()
        if opened == "depth" or opened.startswith("follow-"):
            self._session.reveal("depth" if opened == "depth" else "follow-ups")
        self._show()
        if opened not in {"", "answer"}:
            self.card.bring(opened)
