"""One part of a question that stays folded until it is asked for. Drawn as one widget, whatever it holds."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message

from tutor.ui.lines import Lines, indent
from tutor.ui.parts import Part
from tutor.ui.widgets.sheet import Sheet

INDENT = 2
"""Cells that the content stands in from the title"""


class Fold(Sheet):
    """A title line and, once unfolded, the part's lines below it. A click on the title folds and unfolds."""

    class Toggled(Message):
        """The learner clicked the title."""

        def __init__(self, part: Part) -> None:
            super().__init__()
            self.part = part

    class Followed(Message):
        """The learner clicked a link."""

        def __init__(self, href: str) -> None:
            super().__init__()
            self.href = href

    def __init__(self, part: Part, *, unfolded: bool = False) -> None:
        super().__init__(classes=f"part-{part.id.partition('-')[0]}")
        self.part = part
        self.set_class(part.is_evidence, "evidence")
        self.set_class(part.comes_with_answer, "behind")
        self.unfolded = unfolded
        self.current = False
        self.set_class(unfolded, "-unfolded")
        self._set: tuple[int, bool, Lines] = (0, False, [])

    def show(self, *, unfolded: bool, current: bool = False) -> None:
        """Unfold or fold it, and mark it as the one that is read; both at once, since each look at the rules costs."""
        if (unfolded, current) == (self.unfolded, self.current):
            return
        self.unfolded, self.current = unfolded, current
        self.set_class(unfolded, "-unfolded", update=False)
        self.set_class(current, "-current", update=False)
        self.update_node_styles()
        self.refresh(layout=True)

    def lines(self, width: int) -> Lines:
        """The title and, unfolded, what it holds; set anew only where width or state changed."""
        if self._set[:2] != (width, self.unfolded):
            lines = title_lines(self.part, width, unfolded=self.unfolded)
            if self.unfolded:
                lines += [Content(""), *indent(self.part.lines(width - INDENT), " " * INDENT)]
            self._set = (width, self.unfolded, lines)
        return self._set[2]

    def on_click(self, event: events.Click) -> None:
        """The title line is the handle."""
        if event.y < len(title_lines(self.part, self.content_size.width, unfolded=self.unfolded)):
            self.post_message(self.Toggled(self.part))

    def action_follow(self, href: str) -> None:
        """A link was clicked."""
        self.post_message(self.Followed(href))


def title_lines(part: Part, width: int, *, unfolded: bool) -> Lines:
    """An arrow and the title; folded, what unfolds it stands at the right end."""
    fits = len(part.title) + len(part.hint) + 4 <= width  # else the key alone: the title comes first
    hint = "" if unfolded else part.hint if fits else part.key
    arrow = Content.styled("▾ " if unfolded else "▸ ", "bold $primary")
    lines = indent(Content.styled(part.title, "bold").wrap(width - 4 - len(hint)), arrow)
    gap = width - lines[0].cell_length - len(hint)
    lines[0] += " " * gap + Content.styled(hint, "$foreground 60%")
    return lines
