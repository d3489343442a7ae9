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

from labs.lab import Fault, Lab
from tutor.ui import keys
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
    """What can be broken; gives back a fault's id and its target."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__()
        self._choices = [(fault, target) for fault in faults for target in fault.targets]

    def compose(self) -> ComposeResult:
        """One line a fault and target."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static("Break something on purpose", classes="title")
            yield OptionList(*(Option(_line(*choice)) for choice in self._choices), markup=False)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        fault, target = self._choices[event.option_index]
        self.dismiss((fault.id, target))


def _line(fault: Fault, target: str) -> Content:
    return Content.assemble((fault.id, "bold"), f" of {target}", (f"  {fault.about}", "dim"))
