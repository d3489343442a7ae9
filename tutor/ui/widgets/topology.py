"""A picture of the parts: who there is, in what state, and the bytes that passed between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from textual.content import Content

from labs import tape
from labs.wire.printable import cut, printable
from tutor.ui.lines import Lines, hang
from tutor.ui.widgets.sheet import Sheet

# state: glyph, word, colour
STATES = {
    "up": ("●", "up", "$text-success"),
    "down": ("✗", "down", "$text-error"),
    "frozen": ("❄", "frozen", "$text-primary"),
    "draining": ("◐", "draining", "$text-warning"),
    "ended": ("○", "ended", "$foreground 70%"),  # with its lab, whose process is gone
}
UNKNOWN = ("?", "unknown", "")
# roles from left to right: who dials stands left of whom it reaches
SIDES = ("client", "attacker", "observer", "balancer", "proxy", "node", "server", "store")
MAX_NAME = 16  # cells of a part's name beside an arrow
FEW = 4  # links that stand apart; more stand close, those to a part that is down last
EMPTY = "The parts appear when the lab runs."

LIVELY = 3  # drawings for which a link shows that bytes have just passed

State = tuple[str, str, str]  # glyph, word, colour
Link = tuple[str, str]  # from part to part
Links = Mapping[Link, int]


class Topology(Sheet):
    """Each link as two arrows between its ends, with the bytes each way; then who the parts are."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Mapping[str, tape.Part], Links, frozenset[Link]] = ({}, {}, frozenset())
        self._moved: dict[Link, int] = {}  # links that carried bytes lately, and for how many drawings they show it

    def show(self, parts: Mapping[str, tape.Part], links: Links, *, over: bool = False) -> None:
        """The parts and links of now, or where the run is `over` of its end. Nothing new: nothing is drawn."""
        before = self._shown[1]
        moved = {link for link, count in links.items() if count != before.get(link)}
        self._moved = {link: left - 1 for link, left in self._moved.items() if left > 1} | dict.fromkeys(moved, LIVELY)
        lively = frozenset[Link]() if over else frozenset(self._moved)
        now = ({id: _last(part) if over else part for id, part in parts.items()}, dict(links), lively)
        if now == self._shown:
            return
        height = len(self.lines(self.content_size.width))
        self._shown = now
        self.refresh(layout=len(self.lines(self.content_size.width)) != height)

    def lines(self, width: int) -> Lines:
        """The picture, or that there are no parts yet."""
        return picture(*self._shown, width=width) if self._shown[0] else [Content.styled(EMPTY, "$foreground 70%")]


def picture(
    parts: Mapping[str, tape.Part], links: Links, lively: Collection[Link] = frozenset(), width: int = 60
) -> Lines:
    """The links, then the parts, none wider than `width`; the arrow of a `lively` link is drawn heavy."""
    order = {id: _side(part) for id, part in parts.items()}
    pairs = {tuple(sorted(link, key=lambda id: (order.get(id, len(SIDES)), id))) for link in links}
    names = min(MAX_NAME, max((len(id) for pair in pairs for id in pair), default=0)) + 2
    lines: Lines = []
    crowded = len(pairs) > FEW
    for pair in sorted(pairs, key=lambda pair: (crowded and _gone(pair, parts), _place(pair, parts))):
        lines += [*_link(pair, parts, links, lively, names), *([] if crowded else [Content("")])]
    lines += [Content("")] if crowded else []
    linked = {id for pair in pairs for id in pair}
    for part in parts.values():
        if part.id not in linked or part.pid or part.address:
            lines += _part(part, part.id in linked, width)
    return [line.truncate(width, ellipsis=True) for line in lines]


def _gone(pair: tuple[str, ...], parts: Mapping[str, tape.Part]) -> bool:
    return any(id in parts and parts[id].state == "down" for id in pair)


def _place(pair: tuple[str, ...], parts: Mapping[str, tape.Part]) -> list[int]:
    """In the order in which the parts came."""
    return [list(parts).index(id) if id in parts else len(parts) for id in pair]


def _side(part: tape.Part) -> int:
    return SIDES.index(part.role) if part.role in SIDES else len(SIDES)


def _link(
    pair: tuple[str, ...], parts: Mapping[str, tape.Part], links: Links, lively: Collection[Link], names: int
) -> Lines:
    """Names above, states below, an arrow each way between them."""
    left, right = pair
    there, back = (f"{links.get(way, 0):,} B" for way in ((left, right), (right, left)))
    room = max(len(there), len(back))
    first, second = _state(parts.get(left)), _state(parts.get(right))
    to = _arrow(f" ──── {there:>{room}} ───▶ ", (left, right) in lively)
    fro = _arrow(f" ◀─── {back:>{room}} ──── ", (right, left) in lively)
    return [
        _named(left, first, names) + to + _named(right, second, names),
        _worded(first, names) + fro + _worded(second, names),
    ]


def _arrow(drawn: str, lively: bool) -> Content:
    return Content.styled(drawn.replace("─", "━"), "bold $primary") if lively else Content.styled(drawn, "$primary")


def _named(id: str, state: State, names: int) -> Content:
    return Content.assemble((f"{state[0]} ", state[2]), (cut(id, names - 2).ljust(names - 2), "bold"))


def _worded(state: State, names: int) -> Content:
    return Content.styled(f"  {state[1]}".ljust(names), state[2])


def _last(part: tape.Part) -> tape.Part:
    """The part as the end of the lab leaves it."""
    return part if part.state == "down" else replace(part, state="ended")


def _state(part: tape.Part | None) -> State:
    return STATES.get(part.state, UNKNOWN) if part is not None else UNKNOWN


def _part(part: tape.Part, linked: bool, width: int) -> Lines:
    """What the picture does not say: role, address, process. A part without a link has its state here."""
    glyph, word, colour = _state(part)
    where = ", ".join(filter(None, (part.role, f"process {part.pid}" if part.pid else None, part.address)))
    state = "" if linked else f"  {word}"
    quiet = (f"  {printable(where)}", "$foreground 70%")
    line = Content.assemble((printable(part.id), "bold"), (state, colour), quiet)
    return hang(line, Content.styled(f"{glyph} ", colour), width)
