"""Asks for a prediction, takes it once, and keeps it: a prediction is committed before the result is shown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message as UiMessage
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from labs import tape
from labs.commands import MAX_ANSWER
from labs.tape_fields import is_hex
from labs.wire.printable import clean, printable
from tutor.ui import keys
from tutor.ui.widgets.rows import Piece, Rows

HINTS = {
    "choice": "Arrows choose, Enter commits.",
    "number": "Type a number{of_unit}; Enter commits.",
    "order": "Space picks what comes next, Backspace takes it back, Enter commits.",
    "bytes": "Type bytes in hex, as in 81 05; Enter commits.",
}


class AnswerError(ValueError):
    """A prediction that is not of its form; the text says what would be right."""


def parse_answer(form: str, text: str) -> object:
    """The value that the lab takes for a typed number or bytes; raises AnswerError."""
    text = text.strip()
    if form == "number":
        try:
            number = float(text.replace("_", " "))
        except ValueError:
            number = math.nan
        if not abs(number) < 1e15:
            raise AnswerError(f"{printable(text)[:40]!r} is not a number, such as 125")
        return int(number) if number.is_integer() else number
    digits = "".join(text.lower().replace("0x", " ").split())
    if not digits or not is_hex(digits) or len(digits) > 2 * MAX_ANSWER:
        raise AnswerError(f"{printable(text)[:40]!r} is not bytes in hex, such as 81 05")
    return digits


class Predict(Vertical):
    """The question with its options or a field to type in. Posts `Predicted` once."""

    class Predicted(UiMessage):
        """The learner committed `value` as the answer to `asked`."""

        def __init__(self, asked: tape.Predict, value: object) -> None:
            super().__init__()
            self.asked, self.value = asked, value

    def __init__(self, asked: tape.Predict) -> None:
        super().__init__()
        self.asked = asked
        self._committed = False

    def compose(self) -> ComposeResult:
        """What is asked stands in the story too; here it is beside what answers it."""
        asked = self.asked
        yield Static(Content.assemble(("◆ Predict  ", "bold $primary"), clean(asked.ask)), classes="ask")
        if asked.form == "choice":
            options = [Option(Content(clean(option))) for option in asked.options]
            yield OptionList(*options, markup=False, compact=True)
        elif asked.form == "order":
            yield OrderPicker(asked.options)
        else:
            yield Input(compact=True, max_length=4 * MAX_ANSWER)
        of_unit = f" of {printable(asked.unit)}" if asked.unit else ""
        hint = HINTS.get(asked.form, HINTS["bytes"]).replace("{of_unit}", of_unit)
        yield Static(hint, classes="hint", markup=False)

    @property
    def control(self) -> Widget:
        """What takes the answer."""
        return self.query("OptionList, OrderPicker, Input").first(Widget)

    def take_focus(self) -> None:
        """The learner may answer at once."""
        self.control.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._commit(self.asked.options[event.option_index])

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self._commit(parse_answer(self.asked.form, event.value))
        except AnswerError as error:
            self._refuse(str(error))

    def on_order_picker_picked(self, event: OrderPicker.Picked) -> None:
        """All options have their place."""
        event.stop()
        if len(event.order) == len(self.asked.options):
            self._commit(event.order)
        else:
            self._refuse(f"{len(self.asked.options) - len(event.order)} are still to be picked with Space")

    def _refuse(self, why: str) -> None:
        self.query_one(".hint", Static).update(Content.styled(f"✗ {why}", "$text-error"))

    def _commit(self, value: object) -> None:
        if not self._committed:
            self._committed = True
            self.post_message(self.Predicted(self.asked, value))


class OrderPicker(Rows):
    """Options that are picked one after the other."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.ORDER]

    class Picked(UiMessage):
        """The learner wants to commit `order`, whole or not."""

        def __init__(self, order: list[str]) -> None:
            super().__init__()
            self.order = order

    def __init__(self, options: list[str]) -> None:
        super().__init__()
        self._options = options
        self._picked: list[int] = []
        self.cursor = 0

    @property
    def count(self) -> int:
        """One line an option."""
        return len(self._options)

    def on_mount(self) -> None:
        """As high as there are options."""
        self.measure()

    def pieces(self, index: int, width: int) -> Iterable[Piece]:
        """Its place so far, and the option."""
        place = f"{self._picked.index(index) + 1}." if index in self._picked else "·"
        yield f" {place:>3} ", "accent"
        yield clean(self._options[index]), ""

    def action_pick(self) -> None:
        """The option under the cursor comes next; the cursor goes to one that has no place yet."""
        if self.cursor not in self._picked:
            self._picked.append(self.cursor)
            free = [index for index in range(self.count) if index not in self._picked]
            later = [index for index in free if index > self.cursor]
            self.point((later or free or [self.cursor])[0])

    def action_undo(self) -> None:
        """Take the last one back."""
        if self._picked:
            self.point(self._picked.pop())

    def action_commit(self) -> None:
        """Hand the order over."""
        self.post_message(self.Picked([self._options[index] for index in self._picked]))

    def on_click(self, event: events.Click) -> None:
        """A click picks."""
        event.prevent_default()
        index = self.line_at(event)
        if index is not None:
            self.point(index)
            self.action_pick()
