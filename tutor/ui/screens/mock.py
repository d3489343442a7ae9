"""The mock interview: answer aloud or in notes, look at the rubric, tick, rate, take the follow-ups. The clock only
tells the time. What was answered is saved as it is rated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tutor.study.grading import matched_words
from tutor.study.mock import MockSession
from tutor.study.mock_plan import MockPlan
from tutor.study.model import Question
from tutor.study.reviews import CONFIDENCES, RATINGS, Rating
from tutor.ui import keys
from tutor.ui.quiz_text import NO_QUESTION, why_part, why_rated
from tutor.ui.screens.session import SessionScreen, meta_of
from tutor.ui.unfolding import WITH_ANSWER, Unfolding
from tutor.ui.widgets.clock import Clock, minutes_and_seconds
from tutor.ui.widgets.items import Items
from tutor.ui.widgets.notes import Notes
from tutor.ui.widgets.rubric import Rubric

TICK = 0.5
State = Literal["answering", "rubric", "follow-up", "follow-up answered", "empty"]
OFFERED: dict[State, frozenset[str]] = {
    "answering": frozenset({"go_on", "digit", "notes"}),
    "rubric": frozenset({"take", "digit", "unfold"}),
    "follow-up": frozenset({"go_on", "unfold", "undo"}),
    "follow-up answered": frozenset({"proceed", "unfold", "undo"}),
    "empty": frozenset({"back"}),
}
TURNS = frozenset().union(*OFFERED.values())


class MockScreen(SessionScreen):
    """One interview after `plan`."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.MOCK]
    NAME = "Mock interview"

    def __init__(self, plan: MockPlan) -> None:
        super().__init__()
        self._plan = plan
        self._session: MockSession | None = None
        self._unfolding = Unfolding()
        self._asked = 0
        self._answered = False

    def side(self) -> Iterable[Widget]:
        """The clock, notes while one answers, then the rubric."""
        yield Clock()
        yield Notes()
        with VerticalScroll(id="rubric-pane", classes="takes", can_focus=False):
            yield Rubric(id="rubric")

    def begin(self) -> None:
        """Draw the questions; the clock runs from now."""
        questions = self._plan.draw(self.learner.bank, self.rng())
        if questions:
            self._session = MockSession(questions, self._plan.minutes, self.learner, self.now())
            self.set_interval(TICK, self._tick)
        self._next_question()

    # -- where one is

    @property
    def state(self) -> State:
        """What is awaited."""
        session = self._session
        if session is None or session.done:
            return "empty"
        if session.rated:
            return "follow-up answered" if self._answered or not session.follow_ups else "follow-up"
        return "rubric" if session.revealed else "answering"

    def said(self) -> str:
        """Which question of how many."""
        session = self._session
        return f"{min(session.position + 1, len(session.questions))} of {len(session.questions)}" if session else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        if isinstance(self.focused, Notes):
            return action not in TURNS
        return action not in TURNS or (self._begun and action in OFFERED[self.state])

    # -- what is shown

    def _next_question(self) -> None:
        self._unfolding = Unfolding(self._session.current if self._session else None)
        self._unfolding.keep("answer", "notes", "sources")  # the follow-ups are still to be asked
        self._asked, self._answered = 0, False
        self.query_one(Notes).text = ""
        self._show()
        self.card.bring("")
        self.card.set_ahead(self._unfolding.parts)

    def _show(self) -> None:
        session, state = self._session, self.state
        question = session.current if session else None
        takes = {"answering": "notes", "rubric": "rubric-pane"}.get(state, "")
        self.use(takes, "clock" if state != "empty" else "")
        if session is None or question is None:
            self.show_card(Content(""), NO_QUESTION)
            self.ask_for("", "Enter goes back.")
        elif state == "answering":
            self.show_card(meta_of(question), question.ask)
            self.ask_for("Answer aloud; n takes notes", "Done? How sure are you? Enter shows the rubric.", CONFIDENCES)
        elif state == "rubric":
            self._show_rubric(session, question)
        else:
            self._show_follow_up(session, question)
        self._focus_turn()
        self._tick()
        self.turn_over()

    def _show_rubric(self, session: MockSession, question: Question) -> None:
        self.show_card(meta_of(question), question.ask, self._unfolding)
        said = matched_words(question.key_points, session.notes) if session.notes else ()
        self.query_one(Rubric).show(question.key_points, session.ticks, said)
        title = "Which of these did you say? (words of your notes are underlined)" if session.notes else ""
        why = why_rated(question.key_points, session.ticks, session.suggested)
        self.ask_for(title or "Which of these did you say?", why, RATINGS, session.suggested)

    def _show_follow_up(self, session: MockSession, question: Question) -> None:
        if self._asked < len(session.follow_ups):
            follow_up = session.follow_ups[self._asked]
            unfolding = Unfolding()
            if self._answered:
                unfolding.parts, unfolding.open = (why_part("Answer", follow_up.answer),), frozenset({"why"})
            of = f"Follow-up {self._asked + 1} of {len(session.follow_ups)} to {question.ref}"
            self.show_card(Content.styled(of, "bold $primary"), follow_up.ask, unfolding)
            self.ask_for("", "Enter goes on." if self._answered else "Answer aloud; Enter shows what to say.")
        else:
            self.show_card(meta_of(question), question.ask, self._unfolding)
            self.ask_for("", "Saved. Enter goes on, a shows the answer.")

    def _focus_turn(self) -> None:
        if self.state == "rubric":
            self.query_one(Rubric).focus()
        else:
            self.card.focus()

    def _tick(self) -> None:
        session = self._session
        if session is not None and not session.done:
            left = session.seconds_left(self.now())
            words = f"{minutes_and_seconds(left)} {'left' if left > 0 else 'over; take the time you need'}"
            self.query_one(Clock).show(left, session.mock.minutes * 60, words)

    # -- what the learner does

    def action_notes(self) -> None:
        """Write notes."""
        self.query_one(Notes).focus()

    def action_go_on(self) -> None:
        """Show the rubric, or the answer to a follow-up."""
        session = self._session
        if session is not None and self.state == "answering":
            session.note(self.query_one(Notes).text)
            session.reveal()
        else:
            self._answered = True
        self._show()

    def action_digit(self, number: Rating) -> None:
        """Before the rubric how sure, after it how well."""
        session = self._session
        if session is not None and self.state == "rubric":
            self._rate(number)
        elif session is not None and number in CONFIDENCES:
            session.confide(number)
            self.action_go_on()

    def action_take(self) -> None:
        """Take the suggestion."""
        self._rate(None)

    def _rate(self, rating: Rating | None) -> None:
        assert self._session is not None
        self._session.rate(self.now(), rating)
        self._show()
        self.card.bring("")

    def action_undo(self) -> None:
        """The rating of the question at hand is taken back."""
        if self._session is not None and self._session.undo():
            self._asked, self._answered = 0, False
            self._show()
            self.card.bring("")

    def action_proceed(self) -> None:
        """The next follow-up, the next question, or the scorecard."""
        session = self._session
        assert session is not None
        self._asked, self._answered = self._asked + 1, False
        if self._asked < len(session.follow_ups):
            self._show()
        elif session.proceed(self.now()) is None:
            self._finish()
        else:
            self._next_question()

    def action_leave(self) -> None:
        """To the scorecard of what was answered; without an answer simply out."""
        if self._session is not None and self._session.answers:
            self._finish()
        else:
            super().action_leave()

    def _finish(self) -> None:
        from tutor.ui.screens.scorecard import ScorecardScreen

        assert self._session is not None
        self.app.switch_screen(ScorecardScreen(self._session.kept))

    @on(Items.Chosen, "#rubric")
    def _ticked(self, event: Items.Chosen) -> None:
        session = self._session
        if session is not None and self.state == "rubric":
            if session.tick(event.place):
                event.items.point(event.place + 1)
            self._show()

    def action_unfold(self, wanted: str) -> None:
        """The answer is there as soon as the rubric is."""
        if self._session is None or not self._session.revealed:
            return
        opened = self._unfolding.toggle(wanted if self._unfolding.open >= WITH_ANSWER else "answer")
        self._asked = len(self._session.follow_ups) if self._session.rated else 0
        self._show()
        self.card.bring(opened)
