"""Sticky arrows: each node behind a balancer with the clients that are on it, as the handshakes say. Lines only."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from textual.content import Content

from labs import tape
from labs.placement import Place
from labs.wire.printable import cut
from tutor.ui.lines import Lines, hang
from tutor.ui.part_states import state_of

MAX_NAME = 16
NARROW = 12  # cells for the arrows, also in a pane that is hidden and has none
WORD = 8  # cells of a state at least, so that little moves
AWAY = "away"  # its connection has ended, and it is not back yet


def through(parts: Mapping[str, tape.Part], places: Mapping[str, Place]) -> set[str]:
    """The parts whose links are told by the arrows: clients, balancer and the nodes behind it."""
    behind = {id for id, part in parts.items() if part.role in ("balancer", "node")}
    return {*places, *behind} if places else set()


def sticky_lines(
    parts: Mapping[str, tape.Part],
    links: Mapping[tuple[str, str], int],
    places: Mapping[str, Place],
    lively: Collection[tuple[str, str]] = (),
    *,
    width: int,
    sizes: bool = True,
) -> Lines:
    """The balancer, and below it the nodes; with `sizes` the bytes between the two, each way."""
    balancer = next((parts[place.by] for place in places.values() if place.by in parts), None)
    if balancer is None or not places:
        return []
    balancers = {id for id, part in parts.items() if part.role == "balancer"}  # a foreign one dials by another name
    known = {at.node for at in places.values()} | {end for start, end in links if start in balancers}
    nodes = sorted((part for part in parts.values() if part.role == "node" and part.id in known), key=lambda of: of.id)
    names = min(MAX_NAME, max(len(part.id) for part in (*nodes, balancer)))
    words = max([WORD, *(len(state_of(part)[1]) for part in nodes)])
    lines = [_name(balancer, names, words)]
    for node in nodes:
        last = node is nodes[-1]
        head = Content.styled("└ " if last else "├ ", "$primary") + _name(node, names, words)
        below = Content.styled("  " if last else "│ ", "$primary")
        arrows = _arrows(node.id, places, max(NARROW, width - head.cell_length))
        pad = " " * (head.cell_length - below.cell_length)
        lines += [head + arrows[0], *(below + pad + line for line in arrows[1:])]
        if sizes:
            lines.append(below + "  " + _sizes(balancers, node.id, links, lively))
    return [line.truncate(width, ellipsis=True) for line in lines]


def _name(part: tape.Part, names: int, words: int) -> Content:
    glyph, word, colour = state_of(part)
    return Content.assemble(
        (f"{glyph} ", colour), (cut(part.id, names).ljust(names), "bold"), (f" {word:<{words}} ", colour)
    )


def _arrows(node: str, places: Mapping[str, Place], width: int) -> Lines:
    """An arrow from those who are there, one from those who have moved there, one from those who were and are away."""
    here = {client: place for client, place in places.items() if place.node == node}
    there = [client for client, place in here.items() if place.lasts]
    stayed = [client for client in there if not here[client].before]
    groups = [(Content(", ".join(stayed)), "◀━━ ", "bold $primary")] if stayed else []
    for before in dict.fromkeys(here[client].before for client in there if client not in stayed):
        moved = ", ".join(client for client in there if here[client].before == before)
        groups.append((Content.assemble((moved, "bold"), f" from {before}"), "◀━━ ", "bold $primary"))
    if gone := [client for client in here if client not in there]:
        groups.append((Content.styled(f"{', '.join(gone)} {AWAY}", "$text-warning"), "◀┄┄ ", "$text-warning"))
    drawn = [Content.styled(arrow, style) + text for text, arrow, style in groups]
    if sum(each.cell_length + 2 for each in drawn) <= width + 2:
        return [Content("  ").join(drawn)] if drawn else [Content.styled("nobody", "$foreground 70%")]
    return [line for text, arrow, style in groups for line in hang(text, Content.styled(arrow, style), width)]


def _sizes(
    balancers: set[str], node: str, links: Mapping[tuple[str, str], int], lively: Collection[tuple[str, str]]
) -> Content:
    ways = {"▶": [(each, node) for each in balancers], "◀": [(node, each) for each in balancers]}
    return Content("   ").join(
        Content.styled(
            f"{arrow} {sum(links.get(way, 0) for way in each):,} B",
            "bold $primary" if any(way in lively for way in each) else "$primary",
        )
        for arrow, each in ways.items()
    )
