"""The pane beside the reader on a wide screen: what the answer rests on, as soon as the answer is unfolded."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.study.model import Question
from tutor.ui import keys
from tutor.ui.lines import counted
from tutor.ui.parts import Part, parts_of
from tutor.ui.widgets.folds import Folds, State
from tutor.ui.widgets.prove import Proofs


class Evidence(VerticalScroll):
    """Claims to prove, corrections, rubric, sources. Before the answer it only says what waits here."""

    BINDINGS = keys.MOVE

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._question: Question | None = None
        self._unfolded: frozenset[str] = frozenset()
        self._wanted: tuple[Question, frozenset[str]] | None = None

    def compose(self) -> ComposeResult:
        """What waits."""
        yield Static("", id="waiting", markup=False)
        yield Folds()

    async def show(self, question: Question, unfolded: frozenset[str]) -> None:
        """The evidence of `question`, as much as its unfolded parts allow; built once the pane is on the screen."""
        self._wanted = (question, unfolded)
        if self.size.width:
            await self._build()

    async def on_resize(self) -> None:
        """The terminal has become wide enough."""
        if self.size.width:
            await self._build()

    async def _build(self) -> None:
        if self._wanted is None:
            return
        question, unfolded = self._wanted
        revealed = "answer" in unfolded
        parts = [part for part in parts_of(question) if part.is_evidence]
        behind = frozenset(part.id for part in parts if part.comes_with_answer)
        state = State(unfolded | behind, away=frozenset() if revealed else behind)
        if question is not self._question:
            await self._read(question, parts, state)
        self.query_one("#waiting").display = not revealed
        for proofs in self.query(Proofs):
            proofs.put_away(not revealed)
        self._folds.show(state)
        if "points" in unfolded - self._unfolded:
            self.call_after_refresh(self._reveal, "points")
        self._unfolded = unfolded

    async def _read(self, question: Question, parts: Sequence[Part], state: State) -> None:
        self._question, self._unfolded = question, frozenset()
        with self.app.batch_update():
            await self.query(Proofs).remove()
            self.query_one("#waiting", Static).update(_waiting(question))
            if question.claims:
                await self.mount(Proofs(question.claims), before=self._folds)
            self._folds.read(parts, state)
        self.scroll_home(animate=False)

    @property
    def _folds(self) -> Folds:
        return self.query_one(Folds)

    def _reveal(self, part: str) -> None:
        self.scroll_to(y=self._folds.virtual_region.y + self._folds.top_of(part), animate=False)

    def action_move(self, direction: int) -> None:
        """Scroll."""
        self.scroll_relative(y=direction * 2, animate=False)

    def action_edge(self, edge: str) -> None:
        """Scroll to an end."""
        self.scroll_to(y=0 if edge == "top" else self.max_scroll_y, animate=False)


def _waiting(question: Question) -> Content:
    counts = (
        (len(question.claims), "claim"),
        (len(question.say_it_right), "usual wording"),
        (len(question.key_points), "key point"),
        (len(question.sources), "source"),
    )
    ends = {"claim": " to prove", "usual wording": " to correct"}
    waiting = [counted(count, noun) + ends.get(noun, "") for count, noun in counts if count]
    text = "\n".join(["Behind the answer:", "", *(f"· {line}" for line in waiting), "", "Say it aloud, then press a."])
    return Content.styled(text, "$foreground 70%")
