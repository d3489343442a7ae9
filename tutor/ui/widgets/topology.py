"""A picture of the parts: who there is, in what state, and the bytes that passed between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from textual.content import Content

from labs import tape
from labs.placement import Place
from labs.wire.printable import cut, printable
from tutor.ui.lines import Lines, hang
from tutor.ui.part_states import State, state_of
from tutor.ui.widgets.sheet import Sheet
from tutor.ui.widgets.sticky import sticky_lines, through

# roles from left to right: who dials stands left of whom it reaches
SIDES = ("client", "attacker", "observer", "balancer", "proxy", "node", "server", "store")
MAX_NAME = 16  # cells of a part's name beside an arrow
FEW = 4  # links that stand apart; more stand close, those to a part that is down last
EMPTY = "The parts appear when the lab runs."

LIVELY = 3  # drawings for which a link shows that bytes have just passed

Link = tuple[str, str]  # from part to part
Links = Mapping[Link, int]


class Topology(Sheet):
    """Each link as two arrows between its ends, with the bytes each way; then who the parts are."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Mapping[str, tape.Part], Links, frozenset[Link], Mapping[str, Place]]
        self._shown = ({}, {}, frozenset(), {})
        self._moved: dict[Link, int] = {}  # links that carried bytes lately, and for how many drawings they show it

    def show(
        self, parts: Mapping[str, tape.Part], links: Links, places: Mapping[str, Place], *, over: bool = False
    ) -> None:
        """The parts and links of now, or where the run is `over` of its end. Nothing new: nothing is drawn."""
        before = self._shown[1]
        moved = {link for link, count in links.items() if count != before.get(link)}
        self._moved = {link: left - 1 for link, left in self._moved.items() if left > 1} | dict.fromkeys(moved, LIVELY)
        lively = frozenset[Link]() if over else frozenset(self._moved)
        now = ({id: _last(part) if over else part for id, part in parts.items()}, dict(links), lively, dict(places))
        if now == self._shown:
            return
        self._shown = now
        self.redraw()

    def lines(self, width: int) -> Lines:
        """The picture, or that there are no parts yet."""
        return picture(*self._shown, width=width) if self._shown[0] else [Content.styled(EMPTY, "$foreground 70%")]


def picture(
    parts: Mapping[str, tape.Part],
    links: Links,
    lively: Collection[Link] = frozenset(),
    places: Mapping[str, Place] = MappingProxyType({}),
    width: int = 60,
) -> Lines:
    """Who is on which node behind a balancer, the other links, then the parts, none wider than `width`; the arrow of a
    `lively` link is drawn heavy."""
    order = {id: _side(part) for id, part in parts.items()}
    pairs = {tuple(sorted(link, key=lambda id: (order.get(id, len(SIDES)), id))) for link in links}
    bound = through(parts, places)
    linked = bound | {id for pair in pairs for id in pair}
    pairs = {pair for pair in pairs if not bound.issuperset(pair)}
    crowded = len(pairs) + len(places) > FEW
    told = sorted(pairs, key=lambda pair: (crowded and _gone(pair, parts), _place(pair, parts)))
    lines = sticky_lines(parts, links, places, lively, width=width)
    lines += [Content("")] if lines else []
    if crowded:
        lines += _close(told, parts, links, lively, width)
    else:
        names = min(MAX_NAME, max((len(id) for pair in told for id in pair), default=0)) + 2
        lines += [line for pair in told for line in (*_link(pair, parts, links, lively, names), Content(""))]
    lines += _who(parts, linked, width)
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
    first, second = state_of(parts.get(left)), state_of(parts.get(right))
    to = _arrow(f" ──── {there:>{room}} ───▶ ", (left, right) in lively)
    fro = _arrow(f" ◀─── {back:>{room}} ──── ", (right, left) in lively)
    return [
        _named(left, first, names) + to + _named(right, second, names),
        _worded(first, names) + fro + _worded(second, names),
    ]


def _close(
    pairs: Sequence[tuple[str, ...]], parts: Mapping[str, tape.Part], links: Links, lively: Collection[Link], width: int
) -> Lines:
    """Whom several dial, once, and below it a line for each of them; without the unit where there is no room for it."""
    lines: Lines = []
    for hub in dict.fromkeys(right for _, right in pairs):
        dialling = [left for left, right in pairs if right == hub]
        names, words = (max(map(len, each)) for each in (dialling, [_word(parts.get(id)) for id in dialling]))
        glyph, word, colour = state_of(parts.get(hub))
        lines.append(Content.assemble((f"{glyph} ", colour), (printable(hub), "bold"), (f" {word}", colour)))
        digits = max(6, *(len(f"{links.get(way, 0):,}") for left in dialling for way in ((left, hub), (hub, left))))
        unit = " B" if 6 + min(names, MAX_NAME) + words + 2 * (digits + 5) <= width else ""
        for left in dialling:
            glyph, _, colour = state_of(parts.get(left))
            lines.append(
                Content.assemble(
                    ("└ " if left == dialling[-1] else "├ ", "$primary"), (f"{glyph} ", colour),
                    (cut(left, MAX_NAME).ljust(min(names, MAX_NAME)), "bold"),
                    (f" {_word(parts.get(left)):<{words}} ", colour), *_sizes((left, hub), links, lively, unit),
                )
            )  # fmt: skip
        lines.append(Content(""))
    return lines


def _word(part: tape.Part | None) -> str:
    """The state where it is not what one expects: there is little room."""
    word = state_of(part)[1]
    return "" if word == "up" else word


def _sizes(link: Link, links: Links, lively: Collection[Link], unit: str) -> Iterator[tuple[str, str]]:
    for way, arrow in ((link, "▶"), (link[::-1], "◀")):
        yield f" {arrow} {links.get(way, 0):>6,}{unit}", "bold $primary" if way in lively else "$primary"


def _arrow(drawn: str, lively: bool) -> Content:
    return Content.styled(drawn.replace("─", "━"), "bold $primary") if lively else Content.styled(drawn, "$primary")


def _named(id: str, state: State, names: int) -> Content:
    return Content.assemble((f"{state[0]} ", state[2]), (cut(id, names - 2).ljust(names - 2), "bold"))


def _worded(state: State, names: int) -> Content:
    return Content.styled(f"  {state[1]}".ljust(names), state[2])


def _last(part: tape.Part) -> tape.Part:
    """The part as the end of the lab leaves it."""
    return part if part.state == "down" else replace(part, state="ended")


def _who(parts: Mapping[str, tape.Part], linked: Collection[str], width: int) -> Lines:
    """What the picture does not say: role, address, process; those that are one process on one line. A part without a
    link has its state here; who has no more to say is in the picture alone."""
    groups: dict[tuple[object, ...], list[tape.Part]] = {}
    for part in parts.values():
        if part.id not in linked or part.pid or part.address:
            alike = (
                (part.role, part.state, part.pid, part.id in linked) if part.pid and not part.address else (part.id,)
            )
            groups.setdefault(alike, []).append(part)
    return [line for group in groups.values() for line in _part(group, group[0].id in linked, width)]


def _part(group: Sequence[tape.Part], linked: bool, width: int) -> Lines:
    part = group[0]
    glyph, word, colour = state_of(part)
    role = part.role if [each.id for each in group] != [part.role] else None
    where = ", ".join(filter(None, (role, f"pid {part.pid}" if part.pid else None, part.address)))
    state = "" if linked else f"  {word}"
    quiet = (f"  {printable(where)}", "$foreground 70%")
    names = ", ".join(printable(each.id) for each in group)
    return hang(Content.assemble((names, "bold"), (state, colour), quiet), Content.styled(f"{glyph} ", colour), width)
