"""The claims of a lab, each with what was expected and observed as soon as that is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message as UiMessage
from textual.widget import Widget

from labs import tape
from labs.wire.printable import clean
from tutor.ui import keys
from tutor.ui.lines import Lines, hang, indent
from tutor.ui.widgets.sheet import Sheet

MARKS = {
    True: Content.styled("✓ ", "bold $text-success"),
    False: Content.styled("✗ ", "bold $text-error"),
    None: Content.styled("○ ", "$foreground 60%"),
}
WORDS = {True: "holds", False: "does not hold", None: "not measured yet"}


class VerdictList(Sheet, can_focus=True):
    """A cursor on one claim; Enter asks for the evidence, again for the next message of it."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*keys.ROWS, *keys.VERDICTS]

    class EvidenceAsked(UiMessage):
        """The learner wants to see what `verdict` was computed from, for the `turn`th time (0 = first)."""

        def __init__(self, verdict: tape.Verdict, turn: int) -> None:
            super().__init__()
            self.verdict, self.turn = verdict, turn

    def __init__(self, claims: Mapping[str, str], wanted: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._claims = dict(claims)
        self._wanted = wanted
        self._verdicts: dict[str, tape.Verdict] = {}
        self._turn = 0
        self._set: tuple[tuple[int, int, bool], Lines, list[int]] | None = None
        self.cursor = list(claims).index(wanted) if wanted in claims else 0

    @property
    def current(self) -> str:
        """The id of the claim under the cursor."""
        return list(self._claims)[self.cursor] if self._claims else ""

    def show(self, verdicts: Mapping[str, tape.Verdict]) -> None:
        """The verdicts so far; claims that the catalogue does not know are listed too."""
        if verdicts != self._verdicts:
            self._verdicts = dict(verdicts)
            self._claims |= {id: verdict.claim for id, verdict in verdicts.items()}
            self._set = None
            self.refresh(layout=True)

    # -- the cursor

    def _point(self, index: int) -> None:
        self.cursor, self._turn = max(0, min(index, len(self._claims) - 1)), 0
        self.refresh()
        _, starts = self._laid(self.content_size.width)
        if starts:
            height = starts[self.cursor + 1] - starts[self.cursor]
            where = Region(0, starts[self.cursor], self.content_size.width, height).translate(
                self.virtual_region.offset
            )
            if isinstance(self.parent, Widget):
                self.parent.scroll_to_region(where, animate=False)

    def action_move(self, by: int) -> None:
        """Claims down or up."""
        self._point(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Five claims down or up."""
        self._point(self.cursor + 5 * by)

    def action_edge(self, edge: str) -> None:
        """To the first claim, or the last."""
        self._point(0 if edge == "top" else len(self._claims) - 1)

    def action_evidence(self) -> None:
        """Ask for the message."""
        verdict = self._verdicts.get(self.current)
        if verdict is None:
            self.notify("This claim is not measured yet.")
            return
        self.post_message(self.EvidenceAsked(verdict, self._turn))
        self._turn += 1

    def on_click(self, event: events.Click) -> None:
        """A click chooses a claim; on the chosen one it asks for the evidence."""
        place = event.get_content_offset(self)
        _, starts = self._laid(self.content_size.width)
        if place is None or not self._claims:
            return
        index = sum(start <= place.y for start in starts[:-1]) - 1
        if index == self.cursor:
            self.action_evidence()
        else:
            self._point(index)

    # -- drawing

    def lines(self, width: int) -> Lines:
        """All claims."""
        return self._laid(width)[0]

    def _laid(self, width: int) -> tuple[Lines, list[int]]:
        """The lines, and at which of them each claim begins, with the end of the last."""
        key = (width, self.cursor, self.has_focus)
        if self._set is None or self._set[0] != key:
            lines: Lines = []
            starts = []
            for index, id in enumerate(self._claims):
                starts.append(len(lines))
                lines += self._claim(id, index == self.cursor and self.has_focus, width)
            self._set = (key, lines, [*starts, len(lines)])
        return self._set[1], self._set[2]

    def _claim(self, id: str, under_cursor: bool, width: int) -> Lines:
        verdict = self._verdicts.get(id)
        state = verdict.ok if verdict is not None else None
        claim = Content.styled(clean(self._claims[id]), "bold" if under_cursor else "")
        if id == self._wanted:
            claim = Content.assemble(claim, ("  ◀ you came for this", "$primary"))
        bar = Content.styled("▌" if under_cursor else " ", "$primary")
        lines = hang(claim, MARKS[state], width - 1)
        if verdict is None:
            lines[-1] += Content.styled(f"  {WORDS[None]}", "$foreground 60%") if under_cursor else Content("")
        else:
            lines += hang(Content.styled(clean(verdict.expected), "$foreground 70%"), "  expected  ", width - 1)
            style = "" if verdict.ok else "bold $text-error"
            lines += hang(Content.styled(clean(verdict.observed), style), "  observed  ", width - 1)
        return [line.truncate(width, ellipsis=True) for line in indent(lines, bar, bar)]

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.refresh()

    def on_blur(self) -> None:
        """And not."""
        self.refresh()
