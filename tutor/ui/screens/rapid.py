"""Rapid-fire: short answers, typed, compared exactly, against a clock that can be switched off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from tutor.study.grading import MAX_TYPED
from tutor.study.model import Fact
from tutor.study.plan import FACT_SECONDS
from tutor.study.rapid import CLOCK_SECONDS, RapidSession
from tutor.ui import keys
from tutor.ui.quiz_text import NO_FACT, rapid_summary, rapid_verdict
from tutor.ui.screens.session import SessionScreen, meta_of
from tutor.ui.unfolding import WITH_ANSWER, Unfolding
from tutor.ui.widgets.clock import Clock
from tutor.ui.widgets.typed import TypedAnswer

CLOCK_SETTING = "rapid-clock"
TICK = 0.25
State = Literal["asked", "judged", "done", "empty"]
OFFERED: dict[State, frozenset[str]] = {
    "asked": frozenset({"clock"}),
    "judged": frozenset({"proceed", "clock"}),
    "done": frozenset({"back", "again"}),
    "empty": frozenset({"back"}),
}
TURNS = frozenset().union(*OFFERED.values())


class RapidScreen(SessionScreen):
    """A round of facts, those of `plan` or what is most worth it. `clock`: None is as it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.RAPID]
    NAME = "Rapid-fire"

    def __init__(self, plan: Sequence[Fact] = (), count: int | None = None, *, clock: bool | None = None) -> None:
        super().__init__()
        self._plan, self._count, self._clock = plan, count, clock
        self._session: RapidSession | None = None

    def side(self) -> Iterable[Widget]:
        """A clock and a line to type in."""
        yield Clock()
        yield TypedAnswer(MAX_TYPED)

    def begin(self) -> None:
        """Choose the facts."""
        if self._clock is None:
            self._clock = self.tutor.desk.setting(CLOCK_SETTING, "on") == "on"
        now = self.now()
        facts = self._plan or self.learner.drawn(self.learner.bank.facts, now, FACT_SECONDS, self._count)
        seconds = CLOCK_SECONDS if self._clock else None
        self._session = RapidSession(facts, self.learner, now, seconds) if facts else None
        self._show()
        self.set_interval(TICK, self._tick)

    @property
    def state(self) -> State:
        """What is awaited."""
        if self._session is None:
            return "empty"
        if self._session.done:
            return "done"
        return "asked" if self._session.judged is None else "judged"

    def said(self) -> str:
        """How many are behind, and what comes back."""
        session = self._session
        return f"{session.left} left, {session.right} of {session.total} right at once" if session else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        return action not in TURNS or (self._begun and action in OFFERED[self.state])

    # -- what is shown

    def _show(self) -> None:
        session, state = self._session, self.state
        self.use(*(["clock", "typed"] if state == "asked" else ["clock"] if state == "judged" else []))
        fact = session.current if session else None
        if session is None:
            self.show_card(Content(""), NO_FACT)
            self.ask_for("", "Enter goes back.")
        elif fact is None:
            self.show_card(Content.styled("Round done", "bold $primary"), rapid_summary(session))
            self.ask_for("", "Enter goes back, r asks another round.")
        elif session.judged is None:
            self.show_card(meta_of(fact), fact.ask)
            self.ask_for("Type the answer", "Enter commits; nothing typed means: not known.")
        else:
            self.show_card(meta_of(fact), fact.ask, Unfolding(fact, WITH_ANSWER))
            self.ask_for("", rapid_verdict(session.judged))
        typed = self.query_one(TypedAnswer)
        if state == "asked":
            typed.value = ""
            typed.focus()
        else:
            self.card.focus()
        self._tick()
        self.turn_over()

    def _tick(self) -> None:
        session = self._session
        if session is None or self.state not in {"asked", "judged"}:
            return
        clock = self.query_one(Clock)
        left = session.seconds_left(self.now())
        if session.seconds is None:
            clock.show(None, 1, "no clock")
        elif left is None:
            clock.show(None, 1, "the clock stands")
        else:
            words = f"{left:.0f} s" if left else "time is up: right counts as hard now"
            clock.show(left, session.seconds, words)

    # -- what the learner does

    @on(Input.Submitted, "#typed")
    def _typed(self, event: Input.Submitted) -> None:
        if self._session is not None and self.state == "asked":
            self._session.answer(event.value, self.now())
            self._show()

    def action_proceed(self) -> None:
        """The next one."""
        if self._session is not None:
            self._session.proceed(self.now())
            self._show()

    def action_clock(self) -> None:
        """On or off, and remembered."""
        session = self._session
        if session is not None:
            self._clock = session.seconds is None
            session.seconds = CLOCK_SECONDS if self._clock else None
            self.tutor.desk.keep_setting(CLOCK_SETTING, "on" if self._clock else "off")
            self._tick()

    def action_again(self) -> None:
        """Another round, of what is worth it now."""
        self._plan = ()
        self.begin()
