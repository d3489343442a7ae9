"""The pane beside the reader on a wide screen: what the answer rests on, as soon as the answer is unfolded."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.study.model import Question
from tutor.ui import keys
from tutor.ui.lines import counted
from tutor.ui.parts import parts_of
from tutor.ui.widgets.fold import Fold
from tutor.ui.widgets.prove import ProveIt
from tutor.ui.widgets.sheet import Sheet


class Evidence(VerticalScroll):
    """Claims to prove, corrections, rubric, sources. Before the answer it only says what waits here."""

    BINDINGS = keys.MOVE

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._question: Question | None = None
        self._wanted: tuple[Question, frozenset[str]] | None = None

    def compose(self) -> ComposeResult:
        """What waits."""
        yield Static("", id="waiting", markup=False)

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
        if question is not self._question:
            self._question = question
            with self.app.batch_update():
                await self.query("Fold, ProveIt").remove()
                self.query_one("#waiting", Static).update(_waiting(question))
                folds = [Fold(part) for part in parts_of(question) if part.is_evidence]
                await self.mount_all([*(ProveIt(claim) for claim in question.claims), *folds])
            self.scroll_home(animate=False)
        self.query_one("#waiting").display = "answer" not in unfolded
        for sheet in self.query(".behind").results(Sheet):
            sheet.put_away("answer" not in unfolded)
        for fold in self.query(Fold):
            before = fold.unfolded
            fold.show(unfolded=fold.part.comes_with_answer or fold.part.id in unfolded)
            if fold.unfolded and not before and not fold.part.comes_with_answer:
                self.call_after_refresh(self.scroll_to_widget, fold, animate=False, top=True)

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
