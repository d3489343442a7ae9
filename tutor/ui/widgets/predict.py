"""Asks for a prediction, takes it once, and keeps it: a prediction is committed before the result is shown."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message as UiMessage
from textual.widgets import Button, Input, OptionList, Static

from labs import tape

HINTS = {
    "number": "a number",
    "order": "the numbers of the options in their order, as in 2 1 3",
    "bytes": "bytes in hex, as in 81 05",
}


class AnswerError(ValueError):
    """A prediction that is not of its form; the text says what would be right."""


def parse_answer(asked: tape.Predict, text: str) -> object:
    """The value that the lab takes for what was typed; raises AnswerError."""
    text = text.strip()
    if asked.form == "number":
        try:
            return float(text)
        except ValueError:
            raise AnswerError(f"{text!r} is not a number, as in 125") from None
    if asked.form == "order":
        picks = text.replace(",", " ").split()
        places = {str(place): option for place, option in enumerate(asked.options, 1)}
        if sorted(picks) != sorted(places):
            raise AnswerError(f"name each of {', '.join(places)} once, as in {' '.join(reversed(places))}")
        return [places[pick] for pick in picks]
    try:
        return bytes.fromhex(text.replace("0x", "")).hex()
    except ValueError:
        raise AnswerError(f"{text!r} is not bytes in hex, as in 81 05") from None


class Predict(Vertical):
    """The question with its options or a field to type in. Posts `Predicted` once."""

    class Predicted(UiMessage):
        """The learner committed `value` as the answer to `asked`."""

        def __init__(self, asked: tape.Predict, value: object) -> None:
            super().__init__()
            self.asked, self.value = asked, value

    def __init__(self, asked: tape.Predict) -> None:
        super().__init__()
        self._asked = asked

    def compose(self) -> ComposeResult:
        asked = self._asked
        yield Static(Content(f"Predict: {asked.ask}"), id="ask")
        if asked.form == "choice":
            yield OptionList(*(Content(option) for option in asked.options), id="options")
            return
        if asked.form == "order":
            listing = "\n".join(f"{place}  {option}" for place, option in enumerate(asked.options, 1))
            yield Static(Content(listing))
        hint = HINTS.get(asked.form, "")
        yield Input(placeholder=f"{hint}{f', in {asked.unit}' if asked.unit else ''}; Enter commits", id="typed")
        yield Static("", id="refusal")
        yield Button("Commit", id="commit", compact=True)

    def take_focus(self) -> None:
        self.query("OptionList, Input").first().focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._commit(self._asked.options[event.option_index])

    @on(Input.Submitted)
    @on(Button.Pressed)
    def _typed(self, event: UiMessage) -> None:
        event.stop()
        try:
            value = parse_answer(self._asked, self.query_one("#typed", Input).value)
        except AnswerError as error:
            self.query_one("#refusal", Static).update(Content(f"✗ {error}"))
            return
        self._commit(value)

    def _commit(self, value: object) -> None:
        self.disabled = True
        self.post_message(self.Predicted(self._asked, value))
