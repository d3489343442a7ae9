"""The questions by section, or what a search found. Posts which question has the cursor and which one is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual import events, on
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tutor.study.model import Question
from tutor.ui import keys
from tutor.ui.desk import GLYPHS, Seen

ONE_LINE = 66
"""From this width, in cells, a question takes one line, below it two."""

Group = tuple[str, tuple[Question, ...]]
Progress = Callable[[Question], Seen]


class QuestionList(OptionList):
    """One cursor, moved with j and k as well as the arrows."""

    BINDINGS = keys.MOVE

    class Pointed(Message):
        """The cursor rests on another question."""

        def __init__(self, question: Question) -> None:
            super().__init__()
            self.question = question

    class Opened(Message):
        """Enter or a click on a question."""

        def __init__(self, question: Question) -> None:
            super().__init__()
            self.question = question

    def __init__(self, seen: Progress, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._progress = seen
        self._questions: dict[str, Question] = {}
        self._snippets: dict[str, Content] = {}
        self._wide = False

    def show(self, groups: Iterable[Group], snippets: dict[str, Content], cursor: str = "") -> None:
        """List questions under the titles of their groups, with snippets by id. The cursor goes to the id `cursor`: to
        none where that is not listed, to the first where it is empty."""
        shown = [(title, questions) for title, questions in groups if questions]
        self._questions = {question.id: question for _, questions in shown for question in questions}
        self._snippets = snippets
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            self.add_options(self._options_of(shown))
        self.point(cursor or next(iter(self._questions), ""))

    def _options_of(self, shown: Sequence[Group]) -> Iterable[Option]:
        for number, (title, questions) in enumerate(shown):
            heading = Content("\n" if number else "") + Content.styled(title, "bold $primary")
            yield Option(heading, disabled=True)
            for question in questions:
                yield Option(self._prompt(question), id=question.id)

    def _prompt(self, question: Question) -> Content:
        seen = self._progress(question)
        state = f"{GLYPHS[seen]} {seen}"
        ref = Content.styled(question.ref.ljust(4), "bold")
        if self._wide:
            room = self.scrollable_content_region.width - 4 - 19
            ask = Content(question.ask).truncate(room, ellipsis=True, pad=True)
            lines = [Content.assemble(ref, ask, f" {state:<9}{question.level:>9}")]
        else:
            lines = [ref + question.ask, Content(f"    {state}  {question.level}").stylize("dim")]
        if snippet := self._snippets.get(question.id):
            lines.append(Content("    ") + snippet)
        return Content("\n").join(lines)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is listed, in order."""
        return tuple(self._questions.values())

    @property
    def pointed(self) -> Question | None:
        """The question under the cursor."""
        option = self.highlighted_option
        return self._questions.get(option.id or "") if option is not None else None

    def point(self, question_id: str) -> None:
        """Put the cursor on that question, if it is listed."""
        if question_id in self._questions:
            self.highlighted = self.get_option_index(question_id)

    def step(self, direction: int) -> Question | None:
        """Move the cursor to the next question (1) or the one before (-1); None at the ends."""
        ids = list(self._questions)
        here = ids.index(self.pointed.id) if self.pointed else -1
        if not 0 <= here + direction < len(ids):
            return None
        self.point(ids[here + direction])
        return self.pointed

    def mark(self, question: Question) -> None:
        """Draw the question again: its progress changed."""
        if question.id in self._questions:
            self.replace_option_prompt(question.id, self._prompt(question))

    def on_blur(self, event: events.Blur) -> None:
        """The focus moves at once, its mark a frame later: what the key asked for does not wait until the list, which
        has not changed otherwise, is drawn again."""
        event.prevent_default()
        self.call_after_refresh(self._show_focus)

    def _show_focus(self) -> None:
        self.has_focus = self.screen.focused is self

    def on_resize(self, event: events.Resize) -> None:
        """Draw all again where the form of the rows depends on the width."""
        wide = self.scrollable_content_region.width >= ONE_LINE
        if wide or wide != self._wide:
            self._wide = wide
            for question in self._questions.values():
                self.replace_option_prompt(question.id, self._prompt(question))

    @on(OptionList.OptionHighlighted)
    def _cursor_moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if question := self._questions.get(event.option_id or ""):
            self.post_message(self.Pointed(question))

    @on(OptionList.OptionSelected)
    def _option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if question := self._questions.get(event.option_id or ""):
            self.post_message(self.Opened(question))

    def action_move(self, direction: int) -> None:
        """Cursor down or up, without going round."""
        self.step(direction)

    def action_edge(self, edge: str) -> None:
        """First or last question."""
        ids = list(self._questions)
        if ids:
            self.point(ids[0 if edge == "top" else -1])
        if edge == "top":
            self.scroll_home(animate=False)
