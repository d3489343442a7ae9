"""Multiple choice: the options of the bank, shuffled, and after each pick the why of all of them."""

from __future__ import annotations

from dataclasses import replace

from textual.content import Content

from tutor.study.choices import QUESTIONS, ChoicesSession, draw
from tutor.ui.lines import Lines
from tutor.ui.quiz_text import NO_CHOICE
from tutor.ui.screens.pick import PickScreen, State, verdict
from tutor.ui.screens.session import meta_of
from tutor.ui.typeset import typeset
from tutor.ui.unfolding import Unfolding
from tutor.ui.widgets.options import Offered


class ChoicesScreen(PickScreen):
    """A round about a few questions."""

    NAME = "Choices"

    def __init__(self, count: int | None = None) -> None:
        super().__init__()
        self._count = count or QUESTIONS
        self._session: ChoicesSession | None = None
        self._unfolding = Unfolding()

    def begin(self) -> None:
        """Choose the questions."""
        rng = self.rng()
        learner = self.learner
        drawn = draw(learner.bank.questions, learner.reviews, self._count, rng)
        self._session = ChoicesSession(drawn, learner, self.now(), rng)
        self.show()

    @property
    def state(self) -> State:
        """What is awaited."""
        if self._session is None or self._session.done:
            return "done"
        return "picked" if self._session.picked else "asked"

    def said(self) -> str:
        """Which of how many."""
        session = self._session
        if session is None or not session.total:
            return ""
        return f"{min(session.total - session.left + 1, session.total)} of {session.total}, {session.right} right"

    def set_option(self, text: str, width: int) -> Lines:
        """Options are Markdown."""
        return typeset(text, width)

    def take(self, place: int) -> None:
        """Pick."""
        assert self._session is not None
        self._session.pick(place, self.now())

    def proceed(self) -> None:
        """The next one."""
        assert self._session is not None
        self._session.proceed(self.now())

    def action_unfold(self, wanted: str) -> None:
        """Once one is picked, the answer of the question it belongs to."""
        opened = self._unfolding.toggle(wanted)
        self.show()
        self.card.bring(opened)

    def show(self) -> None:
        """The choice at hand, or what came of the round."""
        session = self._session
        card = session.current if session else None
        if session is None or card is None:
            text = f"**{session.right} of {session.total} right.**" if session and session.total else NO_CHOICE
            self.show_card(Content.styled("Round done", "bold $primary"), text)
            self.ask_for("", "Enter goes back, r asks another round.")
        else:
            if session.picked is None:
                self._unfolding = Unfolding(card.question)
                self._unfolding.keep("answer")
            self.show_card(meta_of(card.question), card.choice.ask, self._unfolding if session.picked else None)
            self.ask_for(
                "", verdict(replace(session.picked, mistake="")) if session.picked else "Pick one by its number."
            )
            self.options.show([Offered(option.text, option.why) for option in card.options], session.picked)
        self.use("options-pane" if card else "")
        self.shown()
