"""Options to pick one from; once one is picked, which is right and what led to each of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from tutor.study.choices import Picked
from tutor.ui import keys
from tutor.ui.lines import Lines, hang, indent
from tutor.ui.widgets.items import Items

Setting = Callable[[str, int], Lines]
"""Sets an option's text at a width"""
_RIGHT = Content.styled("✓ ", "bold $text-success")
_WRONG = Content.styled("✗ ", "bold $text-error")


@dataclass(frozen=True, slots=True)
class Offered:
    """An option: its text, and the why of it, which waits until one is picked."""

    text: str
    why: str = ""


class Options(Items):
    """`show` offers other options, or tells which one was picked."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.OPTIONS]

    def __init__(self, setting: Setting, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._setting = setting
        self._options: Sequence[Offered] = ()
        self._picked: Picked | None = None

    @property
    def count(self) -> int:
        """One an option."""
        return len(self._options)

    def show(self, options: Sequence[Offered], picked: Picked | None) -> None:
        """What is offered, and what was picked of it."""
        if picked is None and self._picked is not None:
            self.cursor = 0
        self._options, self._picked = options, picked
        self.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One is picked once."""
        return action != "choose" or self._picked is None

    def item(self, place: int, width: int) -> Lines:
        """Number and text; then ✓ or ✗, and the why."""
        option, picked = self._options[place], self._picked
        mark = Content.styled(f"{place + 1}  ", "bold $primary")
        lines = indent(self._setting(option.text, width - mark.cell_length), mark)
        if picked is None:
            return lines
        right, mine = place == picked.right_place, place == picked.place
        glyph = _RIGHT if right else _WRONG
        words = "right" if right else "not this"
        said = Content.assemble(glyph, (f"{words}{', your pick' if mine else ''}", "bold" if right or mine else "dim"))
        said += Content(f": {option.why}") if option.why else Content("")
        return [*lines, *hang(said, "   ", width)]
