"""A line or two that Enter or a click chooses: the button to go on, a lab."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from tutor.ui import keys
from tutor.ui.lines import Lines, hang
from tutor.ui.widgets.sheet import Sheet


class Choice(Sheet, can_focus=True):
    """A mark, and the label beside it."""

    ALLOW_SELECT = False
    BINDINGS = keys.CHOICE

    label: reactive[Content] = reactive(Content(""), layout=True, always_update=True)

    class Chosen(Message):
        """This line was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """For selectors."""
            return self.choice

    def __init__(
        self,
        mark: str,
        label: Content,
        *,
        id: str | None = None,
        classes: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes, name=name)
        self._mark = mark
        self.set_reactive(Choice.label, label)

    def lines(self, width: int) -> Lines:
        """The label, hanging beside the mark."""
        return hang(self.label, self._mark, width)

    def action_choose(self) -> None:
        """Tell the screen."""
        self.post_message(self.Chosen(self))

    def on_click(self) -> None:
        """A click is Enter."""
        self.action_choose()
