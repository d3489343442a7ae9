"""A picture of the parts: who there is, in what state, and the bytes that passed between them."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.widget import Widget

from labs import tape

# state: glyph, word, colour
STATES = {
    "up": ("●", "up", "$text-success"),
    "down": ("✗", "down", "$text-error"),
    "frozen": ("❄", "frozen", "$text-primary"),
    "draining": ("◐", "draining", "$text-warning"),
}
UNKNOWN = ("?", "unknown", "")
EMPTY = "The parts appear when the lab runs."


class Topology(Widget):
    """One line a part, then one a link with its bytes each way."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: Mapping[str, tape.Part] = {}
        self._links: Mapping[tuple[str, str], int] = {}

    def show(self, parts: Mapping[str, tape.Part], links: Mapping[tuple[str, str], int]) -> None:
        changed = len(parts) + len(links) != len(self._parts) + len(self._links)
        self._parts, self._links = dict(parts), dict(links)
        self.refresh(layout=changed)

    def render(self) -> Content:
        if not self._parts:
            return Content.styled(EMPTY, "dim")
        rows = [_part(part) for part in self._parts.values()]
        pairs = {tuple(sorted(link)) for link in self._links}
        rows += [self._link(first, second) for first, second in sorted(pairs)]
        return Content("\n").join(rows)

    def _link(self, first: str, second: str) -> Content:
        there, back = self._links.get((first, second), 0), self._links.get((second, first), 0)
        return Content.assemble(("  ", ""), f"{first} ⇄ {second}  ", (f"→ {there} B  ← {back} B", "dim"))


def _part(part: tape.Part) -> Content:
    glyph, word, colour = STATES.get(part.state, UNKNOWN)
    where = " ".join(filter(None, (part.address, f"pid {part.pid}" if part.pid else None)))
    return Content.assemble((f"{glyph} {part.id} ", f"bold {colour}".strip()), (f"{part.role}, {word}  {where}", "dim"))
