"""Byte drills: real bytes, made anew each time; the feedback names the mistake that was made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from tutor.study.choices import BytesSession
from tutor.study.drills import KINDS, ByteDrill, Drills, Kind
from tutor.study.drills.typed import MAX_TYPED, TypedError, hint
from tutor.ui import keys
from tutor.ui.exhibit import exhibit
from tutor.ui.quiz_text import why_part
from tutor.ui.screens.kinds import KindsDialog
from tutor.ui.screens.pick import PickScreen, State, verdict
from tutor.ui.unfolding import Unfolding
from tutor.ui.widgets.options import Offered
from tutor.ui.widgets.typed import TypedAnswer


class BytesScreen(PickScreen):
    """Without end, or `count` of them."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.BYTES]
    NAME = "Byte drills"

    def __init__(self, count: int | None = None) -> None:
        super().__init__()
        self._count = count
        self._kinds: tuple[Kind, ...] = ()
        self._session: BytesSession | None = None
        self._typing = False

    def side(self) -> Iterable[Widget]:
        """The options, and a line to type the answer in where that can be done."""
        yield from super().side()
        yield TypedAnswer(MAX_TYPED)

    def begin(self) -> None:
        """The first drill."""
        self._session = BytesSession(Drills(self.rng()), self.learner, self.now(), self._kinds)
        self.show()

    @property
    def state(self) -> State:
        """What is awaited."""
        session = self._session
        if session is None:
            return "done"
        if session.picked is None:
            return "asked"
        return "picked" if session.answered != self._count else "done"

    @property
    def drill(self) -> ByteDrill:
        """The one at hand."""
        assert self._session is not None, "none before the progress is read"
        return self._session.current

    def said(self) -> str:
        """How many were right."""
        session = self._session
        return f"{session.right} of {session.answered} right" if session else ""

    def take(self, place: int) -> None:
        """Pick."""
        assert self._session is not None
        self._session.pick(place, self.now())
        self.card.bring("why")

    def proceed(self) -> None:
        """Another one."""
        assert self._session is not None
        self._session.proceed(self.now())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Typed is what has a line to type in."""
        if action == "type":
            return self._typing
        return action != "unfold" and super().check_action(action, parameters)

    # -- typing and pasting

    @on(Input.Submitted, "#typed")
    def _typed(self, event: Input.Submitted) -> None:
        if self._session is not None and self.state == "asked" and event.value.strip():
            try:
                self._session.answer(event.value, self.now())
            except TypedError as error:
                self.ask_for("", Content.assemble(("✗ ", "bold $text-error"), f"{error}."))
            else:
                self.show()
                self.card.bring("why")

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted is an answer, wherever the focus is; lines become one."""
        if self._typing:
            self.query_one(TypedAnswer).take(event.text)

    def action_leave(self) -> None:
        """Out of the line to type in, or out of the session."""
        if isinstance(self.focused, TypedAnswer):
            self.options.focus()
        else:
            super().action_leave()

    def action_type(self) -> None:
        """To the line to type in."""
        self.query_one(TypedAnswer).focus()

    def action_copy(self) -> None:
        """The bytes, to work on them elsewhere."""
        if self._session is not None:
            self.app.copy_to_clipboard(self.drill.shown + "\n")
            self.notify("Copied.")

    # -- kinds

    def action_kinds(self) -> None:
        """Choose what is drilled."""
        self.app.push_screen(KindsDialog(self.learner.reviews), self._kinds_chosen)

    def _kinds_chosen(self, kinds: tuple[Kind, ...] | None) -> None:
        if kinds is not None:
            self._kinds = kinds
            self.begin()

    # -- what is shown

    def show(self) -> None:
        """The drill at hand; once it is answered, the why."""
        session = self._session
        if session is None:
            return
        drill, picked = session.current, session.picked
        typing = hint(drill.kind) if picked is None else ""
        self._typing = bool(typing)
        self.use("options-pane", "typed" if typing else "")
        typed = self.query_one(TypedAnswer)
        typed.placeholder, typed.value = typing, ""
        unfolding = Unfolding()
        if picked is not None:
            unfolding.parts, unfolding.open = (why_part("Why", drill.why),), frozenset({"why"})
        meta = Content.styled(KINDS[drill.kind], "bold $primary")
        self.show_card(meta, drill.ask, unfolding, exhibit(drill))
        self.ask_for("", verdict(picked) if picked else "Pick one by its number" + (f", {typing}." if typing else "."))
        offered = [Offered(option.text, option.mistake) for option in drill.options]
        self.options.show(offered, picked)
        self.shown()
