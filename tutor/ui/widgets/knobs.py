"""One knob to set: a line to type in, or choices to turn through; what a knob does not take is said beneath it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message as UiMessage
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from labs.lab import MAX_TEXT, Knob, KnobError
from tutor.ui import keys


class Cycle(Widget, can_focus=True):
    """One of a few values; arrows and clicks turn through them."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*keys.CYCLE]

    value: reactive[str] = reactive("")

    class Submitted(UiMessage):
        """Enter."""

    def __init__(self, values: tuple[str, ...], value: str) -> None:
        super().__init__()
        self._values = values
        self.set_reactive(Cycle.value, value if value in values else values[0])

    def render(self) -> Content:
        """All values, the one that holds in brackets."""
        other = "" if self.has_focus else "$foreground 70%"  # on the ground that says so it would be hard to read
        words = [(f"[{value}]", "bold") if value == self.value else (f" {value} ", other) for value in self._values]
        return Content(" ").join(Content.styled(*word) for word in words)

    def action_turn(self, by: int) -> None:
        """The next value, round and round."""
        self.value = self._values[(self._values.index(self.value) + by) % len(self._values)]

    def action_submit(self) -> None:
        """Tell the form."""
        self.post_message(self.Submitted())

    def on_click(self) -> None:
        """A click turns."""
        self.action_turn(1)


class KnobLine(Vertical):
    """A knob with its value as it would be written; `locked`: it can't be turned while the lab runs."""

    def __init__(self, knob: Knob, value: str, *, locked: bool = False) -> None:
        super().__init__()
        self.knob = knob
        self._first = value
        self.locked = locked

    def compose(self) -> ComposeResult:
        """Name and purpose, the value, and room for what is wrong."""
        knob = self.knob
        about = f"{knob.about}; before a run only" if self.locked else knob.about
        yield Static(Content.assemble((knob.name, "bold"), (f"  {about}{_range(knob)}", "$foreground 70%")))
        values = knob.choices if knob.kind == "choice" else ("on", "off") if knob.kind == "flag" else ()
        if values:
            yield Cycle(values, self._first)
        else:
            yield Input(self._first, placeholder="nothing", compact=True, max_length=MAX_TEXT, select_on_focus=False)
        yield Static("", classes="refusal", markup=False)

    def on_mount(self) -> None:
        """What can't be turned has no focus."""
        self.query_one("Cycle, Input").disabled = self.locked

    @property
    def _control(self) -> Cycle | Input:
        control = self.query_one("Cycle, Input")
        assert isinstance(control, Cycle | Input)
        return control

    @property
    def value(self) -> str:
        """As it stands there."""
        return self._control.value

    @property
    def turned(self) -> bool:
        """Whether it is another value than at first."""
        return not self.locked and self.value != self._first

    def reset(self) -> None:
        """To the default."""
        if not self.locked:
            self._control.value = self.knob.default

    def check(self) -> bool:
        """Whether the knob takes the value; why not is said in place."""
        try:
            self.knob.parse(self.value)
        except KnobError as error:
            self.query_one(".refusal", Static).update(Content.styled(f"✗ {error}", "$text-error"))
            self.add_class("-wrong")
            return False
        self.remove_class("-wrong")
        return True

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.check()

    def focus_control(self) -> None:
        """Set this one."""
        self._control.focus()


def _range(knob: Knob) -> str:
    if knob.kind != "number":
        return ""
    return f" ({knob.low:g} to {knob.high:g}{f' {knob.unit}' if knob.unit else ''})"
