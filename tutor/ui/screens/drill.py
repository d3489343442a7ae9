"""Flash cards: say it, be honest about how sure you are, look, tick what you said, take the rating that follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from labs import catalog
from tutor.study.grading import MAX_TYPED
from tutor.study.model import Fact
from tutor.study.plan import QUESTION_SECONDS
from tutor.study.quiz import Card, DrillSession
from tutor.study.reviews import CONFIDENCES, RATINGS, Rating
from tutor.ui import keys
from tutor.ui.desk import card as as_question
from tutor.ui.parts import Part, parts_of
from tutor.ui.quiz_text import NO_CARD, drill_summary, why_suggested
from tutor.ui.screens.session import Entry, SessionScreen, meta_of
from tutor.ui.widgets.card import NOTHING
from tutor.ui.widgets.items import Items
from tutor.ui.widgets.rubric import Rubric
from tutor.ui.widgets.scale import NONE, Scale, Steps

State = Literal["asked", "revealed", "lab", "done", "empty"]
OFFERED: dict[State, frozenset[str]] = {
    "asked": frozenset({"go_on", "digit", "undo"}),
    "revealed": frozenset({"take", "digit", "more", "unfold", "undo"}),
    "lab": frozenset({"go_on", "undo"}),
    "done": frozenset({"back", "undo", "again"}),
    "empty": frozenset({"back"}),
}
TURNS = frozenset().union(*OFFERED.values())


class DrillScreen(SessionScreen):
    """A round of cards. `plan` are the entries to ask, and names of labs on the way; none: what is most worth it."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.DRILL]
    NAME = "Drill"

    def __init__(self, plan: Sequence[Entry | str] = ()) -> None:
        super().__init__()
        self._plan = plan
        self._labs: dict[int, str] = {}
        self._session: DrillSession | None = None
        self._parts: tuple[Part, ...] = ()
        self._unfolded = NOTHING

    def side(self) -> Iterable[Widget]:
        """A rubric, a line to type a fact in, and what to press."""
        yield Static("", id="side-title", markup=False)
        with VerticalScroll(id="rubric-pane", can_focus=False):
            yield Rubric(id="rubric")
        yield Input(id="typed", compact=True, max_length=MAX_TYPED, placeholder="type the answer")
        yield Scale(id="scale")

    def begin(self) -> None:
        """Choose the cards."""
        now = self.now()
        entries = [each for each in self._plan if not isinstance(each, str)]
        for place, each in enumerate(self._plan):
            if isinstance(each, str):
                self._labs[sum(not isinstance(other, str) for other in self._plan[:place])] = each
        if not self._plan:
            entries = list(self.learner.drawn(self.learner.bank.questions, now, QUESTION_SECONDS))
        self._session = DrillSession(entries, self.learner, now) if entries else None
        self._next_card()

    # -- where one is

    @property
    def state(self) -> State:
        """What is awaited."""
        session = self._session
        if session is None:
            return "empty"
        if session.done:
            return "done"
        if session.position in self._labs:
            return "lab"
        return "revealed" if session.revealed else "asked"

    def said(self) -> str:
        """Which card of how many."""
        session = self._session
        return f"{min(session.position + 1, len(session.cards))} of {len(session.cards)}" if session else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        if action not in TURNS or not self._begun:
            return True
        if action == "undo":
            return self._session is not None and self._session.position > 0
        if isinstance(self.focused, Input) and action in {"go_on", "digit"}:
            return False
        return action in OFFERED[self.state]

    # -- what is shown

    def _next_card(self) -> None:
        card = self._session.current if self._session else None
        self._parts = tuple(part for part in _parts(card) if part.id != "points") if card else ()
        self._unfolded = _open(self._session.revealed if self._session else ())
        self._show()
        self.card.bring("")

    def _show(self) -> None:
        state, session = self.state, self._session
        card = session.current if session else None
        fact = card is not None and isinstance(card.entry, Fact)
        self.set_class(state == "revealed" and card is not None and bool(card.points), "-rubric")
        self.set_class(state == "asked" and fact, "-typing")
        if state == "empty":
            self.show_card(Content(""), NO_CARD)
            self._ask_for("", "Enter goes back.")
        elif state == "done" and session is not None:
            self.show_card(Content.styled("Round done", "bold $primary"), drill_summary(session, self.tutor.desk.bank))
            self._ask_for("", "Enter goes back, r asks another round, u undoes the last rating.")
        elif state == "lab" and session is not None:
            self._show_lab(self._labs[session.position])
        elif session is not None and card is not None:
            parts, unfolded = (self._parts, self._unfolded) if session.revealed else ((), NOTHING)
            self.show_card(meta_of(card.entry), card.ask, parts, unfolded)
            self._show_turn(session, card)
        self._focus_turn(state, fact=fact)
        self.show_status()
        self.refresh_bindings()

    def _show_turn(self, session: DrillSession, card: Card) -> None:
        if not session.revealed and isinstance(card.entry, Fact):
            self._ask_for("Type the answer; spelling counts, case and spaces do not.", "Enter shows it.")
        elif not session.revealed:
            self._ask_for("", "Say it aloud. How sure are you?", CONFIDENCES)
        else:
            self.query_one(Rubric).show(card.points, session.ticks)
            title = "Which of these did you say?" if card.points else ""
            self._ask_for(title, why_suggested(session), RATINGS, session.suggested)

    def _show_lab(self, name: str) -> None:
        lab = catalog.find(name)
        text = f"**{lab.title}**\n\n{lab.summary}" if lab else name
        self.show_card(Content.styled("Now a lab", "bold $primary"), text)
        self._ask_for("", "o opens the lab, Enter goes on with the cards.")

    def _ask_for(self, title: str, said: Content | str, steps: Steps = NONE, marked: int = 0) -> None:
        heading = self.query_one("#side-title", Static)
        heading.update(title)
        heading.display = bool(title)
        self.query_one(Scale).show(said, steps, marked)

    def _focus_turn(self, state: State, *, fact: bool) -> None:
        typed, rubric = self.query_one(Input), self.query_one(Rubric)
        if state == "asked" and fact:
            typed.value = ""
            typed.focus()
        elif self.has_class("-rubric"):
            rubric.focus()
        else:
            self.card.focus()

    # -- what the learner does

    def action_go_on(self) -> None:
        """Show the answer; pass a lab."""
        session = self._session
        if session is None:
            return
        if self.state == "lab":
            del self._labs[session.position]
            self._next_card()
        else:
            self._reveal("answer")

    def action_digit(self, number: Rating) -> None:
        """Before the answer how sure, after it how well."""
        session = self._session
        if session is None:
            return
        if self.state == "revealed":
            self._rate(number)
        elif self.state == "asked" and number in CONFIDENCES:
            session.confide(number)
            self._reveal("answer")

    def action_take(self) -> None:
        """Take the suggestion."""
        self._rate(None)

    def action_links(self) -> None:
        """Choose a link, or open the lab that comes now."""
        if self.state == "lab" and self._session is not None:
            self.tutor.open_lab(self._labs[self._session.position])
        else:
            super().action_links()

    def action_back(self) -> None:
        """To where one came from."""
        self.action_leave()

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

    @on(Input.Submitted, "#typed")
    def _typed(self, event: Input.Submitted) -> None:
        if self._session is not None and self.state == "asked":
            self._session.type(event.value)
            self._reveal("answer")

    @on(Items.Chosen, "#rubric")
    def _ticked(self, event: Items.Chosen) -> None:
        session = self._session
        if session is not None and self.state == "revealed" and session.tick(event.place):
            event.items.point(event.place + 1)
        self._show()

    # -- revealing

    def action_more(self) -> None:
        """The next part."""
        folded = [part.id for part in self._parts if not part.comes_with_answer and part.id not in self._unfolded]
        if folded:
            self.action_unfold(folded[0])
        else:
            self.notify("All is shown.")

    def action_unfold(self, part: str) -> None:
        """Unfold a part, or fold it again; of the follow-ups the next."""
        if self._session is None or self.state != "revealed":
            return
        if part == "follow-ups":
            part = next((each.id for each in self._parts if _is_folded_follow_up(each, self._unfolded)), "")
        if not any(each.id == part for each in self._parts):
            self.notify("This card has no more of that.")
        elif part in self._unfolded:
            self._unfolded -= {part}
            self._show()
        else:
            self._reveal(part)

    def _reveal(self, part: str) -> None:
        assert self._session is not None
        if part == "depth":
            self._session.reveal("depth")
        elif part.startswith("follow-"):
            self._session.reveal("follow-ups")
        elif not self._session.revealed:
            self._session.reveal()
        self._unfolded |= _open(("answer",)) if part == "answer" else {part}
        self._show()
        if part != "answer":
            self.card.bring(part)


def _parts(card: Card) -> tuple[Part, ...]:
    return parts_of(as_question(card.entry) if isinstance(card.entry, Fact) else card.entry)


def _is_folded_follow_up(part: Part, unfolded: frozenset[str]) -> bool:
    return part.id.startswith("follow-") and part.id not in unfolded


def _open(revealed: Sequence[str]) -> frozenset[str]:
    """The parts that are open with the answer."""
    return frozenset({"answer", "notes", "sources"} if revealed else ())
