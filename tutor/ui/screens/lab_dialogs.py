"""Boxes over a lab: its knobs, and what can be broken on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from labs import tape
from labs.lab import Fault, Lab
from tutor.ui import keys
from tutor.ui.part_states import STATES, UNKNOWN
from tutor.ui.screens.base import Dialog
from tutor.ui.widgets.knobs import Cycle, KnobLine


class KnobsDialog(Dialog[dict[str, str]]):
    """All knobs of a lab; gives back those that were turned, none of which its knob refuses. While the lab runs only
    the live ones can be turned."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.KNOBS]

    def __init__(self, lab: Lab, values: Mapping[str, str], *, running: bool) -> None:
        super().__init__()
        self._lab = lab
        self._values = values
        self._during_run = running

    def compose(self) -> ComposeResult:
        """A line of value each."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static(f"Knobs: {self._lab.title}", classes="title", markup=False)
            for knob in self._lab.knobs:
                value = self._values.get(knob.name, knob.default)
                yield KnobLine(knob, value, locked=self._during_run and not knob.live)
            yield Static("Enter sets them · Ctrl+R puts back the defaults", classes="hint")

    def on_mount(self) -> None:
        """Begin with the first that can be turned."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        line = next((line for line in self.query(KnobLine) if not line.locked), None)
        if line is not None:
            line.focus_control()

    @on(Input.Submitted)
    @on(Cycle.Submitted)
    def _set(self) -> None:
        lines = list(self.query(KnobLine))
        wrong = [line for line in lines if not line.check()]
        if wrong:
            wrong[0].focus_control()
        else:
            self.dismiss({line.knob.name: line.value for line in lines if line.turned})

    def action_defaults(self) -> None:
        """Every knob to its default."""
        for line in self.query(KnobLine):
            line.reset()


class FaultsDialog(Dialog[tuple[str, str]]):
    """What can be broken; gives back a fault's id and its target. A number chooses its line at once."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.NUMBERED]

    def __init__(self, faults: tuple[Fault, ...], parts: Mapping[str, tape.Part]) -> None:
        super().__init__()
        self._faults = faults
        self._parts = parts
        self._choices = [(fault, target) for fault in faults for target in fault.targets]

    def compose(self) -> ComposeResult:
        """One line a fault and target."""
        one = self._faults[0] if len(self._faults) == 1 else None
        title = f"{one.id}: {one.about}" if one else "Break something on purpose"
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static(title, classes="title", markup=False)
            yield OptionList(*(Option(self._line(*each)) for each in enumerate(self._choices, 1)), markup=False)

    def action_number(self, number: int) -> None:
        """That line, if there is one."""
        if number <= len(self._choices):
            fault, target = self._choices[number - 1]
            self.dismiss((fault.id, target))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.action_number(event.option_index + 1)

    def _line(self, number: int, choice: tuple[Fault, str]) -> Content:
        """Its number, and the target with its state, or the fault with what it does. In no colour: on the line of the
        cursor some could not be read."""
        fault, target = choice
        part = self._parts.get(target)
        glyph, word, _ = STATES.get(part.state, UNKNOWN) if part is not None else ("", "", "")
        state = f"  {glyph} {word}".rstrip()
        if len(self._faults) == 1:
            return Content.assemble((f"{number}  ", "bold"), (target, "bold"), state)
        return Content.assemble(
            (f"{number if number < 10 else ' '}  ", "bold"), (fault.id, "bold"), f" of {target}", state,
            (f"  {fault.about}", "dim"),
        )  # fmt: skip
