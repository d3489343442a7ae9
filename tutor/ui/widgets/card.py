"""A card of the quiz: what is asked, and below it the parts that were revealed. One text, however long it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.style import Style

from tutor.ui import keys
from tutor.ui.lines import Lines, indent
from tutor.ui.parts import Part
from tutor.ui.typeset import typeset
from tutor.ui.unfolding import Unfolding
from tutor.ui.widgets.fold import INDENT, title_lines
from tutor.ui.widgets.sheet import Sheet

Setting = Callable[[int], Lines]
"""Sets lines at a width"""


class CardText(Sheet):
    """The parts one below the other, the folded ones as their titles; a click on a title asks for that part."""

    def __init__(self) -> None:
        super().__init__(id="card-text")
        self.auto_links = False  # a whole title is what one clicks: it is not to be underlined like a link
        self._parts: Sequence[Part] = ()
        self._unfolded = frozenset[str]()
        self._set: tuple[int, Lines] = (0, [])
        self.tops: dict[str, int] = {}
        """At which line each part begins"""

    def show(self, parts: Sequence[Part], unfolded: frozenset[str]) -> None:
        """Other parts, or others unfolded."""
        if (parts, unfolded) != (self._parts, self._unfolded):
            self._parts, self._unfolded = parts, unfolded
            self._set = (0, [])
            self.redraw()

    def lines(self, width: int) -> Lines:
        """Set anew only where width or parts changed."""
        if self._set[0] != width:
            lines: Lines = []
            for part in self._parts:
                if part.comes_with_answer and part.id not in self._unfolded:
                    continue
                self.tops[part.id] = len(lines)
                lines += self._part(part, width)
            self._set = (width, lines)
        return self._set[1]

    def _part(self, part: Part, width: int) -> Lines:
        unfolded = part.id in self._unfolded
        go = Style.from_meta({"@click": f"screen.unfold({part.id!r})"})
        lines = [line.stylize(go) for line in title_lines(part, width, unfolded=unfolded)]
        if unfolded:
            lines += [Content(""), *indent(part.lines(width - INDENT), " " * INDENT), Content("")]
        return lines

    def action_follow(self, href: str) -> None:
        """A link was clicked."""
        self.screen.follow(href)  # type: ignore[attr-defined]


class CardView(VerticalScroll):
    """The question on top; `show` gives all of it."""

    BINDINGS = keys.MOVE

    def __init__(self) -> None:
        super().__init__(id="card")

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The focus moves at once, its mark a frame later: what the key asked for is not kept waiting for colours."""
        self.call_after_refresh(self.update_node_styles)

    def compose(self) -> ComposeResult:
        """Meta, question, parts."""
        yield Sheet(id="meta")
        yield Sheet(id="ask")
        yield Sheet(id="exhibit")
        yield CardText()

    def show(self, meta: Setting, ask: str, unfolding: Unfolding, exhibit: Setting | None) -> None:
        """What stands on the card now: a line on it, `ask` in Markdown, `exhibit` for what is asked about (bytes),
        and the parts of the answer."""
        self.query_one("#meta", Sheet).update(meta)
        self.query_one("#ask", Sheet).update(lambda width: typeset(ask, width))
        shown = self.query_one("#exhibit", Sheet)
        shown.put_away(exhibit is None)
        if exhibit is not None:
            shown.update(exhibit)
        self.query_one(CardText).show(unfolding.parts, unfolding.open)

    def set_ahead(self, parts: Sequence[Part]) -> None:
        """Set in a thread what is not revealed yet: Markdown that is new would make its key wait."""
        self.call_after_refresh(self._set_ahead, parts)

    def _set_ahead(self, parts: Sequence[Part]) -> None:
        width = self.query_one(CardText).content_size.width - INDENT
        if width > 0:
            self.run_worker(lambda: [part.lines(width) for part in parts], thread=True, exit_on_error=False)

    def bring(self, part: str) -> None:
        """Scroll to where a part begins, once it is laid out; an empty name is the top."""
        self.call_after_refresh(self._bring, part)

    def _bring(self, part: str) -> None:
        text = self.query_one(CardText)
        top = text.virtual_region.y + text.tops.get(part, 0) if part else 0
        self.scroll_to(y=top, animate=False)

    def action_move(self, direction: int) -> None:
        """Scroll two lines."""
        self.scroll_relative(y=direction * 2, animate=False)

    def action_edge(self, edge: str) -> None:
        """Scroll to an end."""
        if edge == "top":
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)


def apart(left: Content, right: str, width: int) -> Content:
    """Both ends of one line; what stands at the left gives way."""
    room = width - len(right) - 2
    kept = left if left.cell_length <= room else left.truncate(max(room, 0), ellipsis=True)
    return kept + " " * (width - kept.cell_length - len(right)) + Content.styled(right, "$foreground 80%")
