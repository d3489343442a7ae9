"""Sets Markdown as styled lines of a given width: one widget shows a whole answer, however many blocks it has.

Parsing belongs to tutor.study.markdown; what a link does belongs to the widget that shows the lines (`action_follow`).
The parser is loaded by the first text that has marks: a question on a first card has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from textual.content import Content
from textual.style import Style

from tutor.ui.lines import MIN_WIDTH, Lines, indent

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_BULLETS = ("•", "◦", "▪")
_INLINE_STYLES = {"strong": "bold", "em": "italic"}
_BLANK = Content("")
_NO_MARKS = re.compile(r"[A-Z][^`*_\[\]<>#|~\\&\n]*")
"""One paragraph that says in Markdown what it says as it stands"""


def typeset(markdown: str, width: int) -> Lines:
    """The lines of `markdown`, none wider than `width` cells (at least MIN_WIDTH); blocks are a blank line apart."""
    return list(set_lines(markdown, max(width, MIN_WIDTH)))


def link_targets(markdown: str) -> list[tuple[str, str]]:
    """Each link of `markdown` in reading order: its text and where it leads."""
    return [
        ("".join(leaf.content for leaf in node.walk() if leaf.type in ("text", "code_inline")), _href(node))
        for node in _parse(markdown).walk()
        if node.type == "link"
    ]


@lru_cache(maxsize=256)
def set_lines(markdown: str, width: int) -> tuple[Content, ...]:
    """What `typeset` gives, kept: whoever sets it ahead of time, in a thread, saves a key the wait."""
    if _NO_MARKS.fullmatch(markdown):
        return tuple(Content(markdown).wrap(width))
    return tuple(_stack(_parse(markdown).children, width, depth=0))


@lru_cache(maxsize=128)
def _parse(markdown: str) -> SyntaxTreeNode:
    from markdown_it.tree import SyntaxTreeNode

    from tutor.study.markdown import parser

    return SyntaxTreeNode(parser().parse(markdown))


def _stack(nodes: Iterable[SyntaxTreeNode], width: int, depth: int, tight: bool = False) -> Lines:
    """Blocks one above the other, a blank line between them unless the list they are in is tight."""
    lines: Lines = []
    for node in nodes:
        block = _BLOCKS.get(node.type, _verbatim)(node, width, depth)
        if lines and block and not tight:
            lines.append(_BLANK)
        lines.extend(block)
    return lines


def _paragraph(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    return _inline(node).wrap(width)


def _heading(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    return _inline(node).stylize("bold $primary").wrap(width)


def _bullet_list(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    bullet = Content.styled(f"{_BULLETS[depth % len(_BULLETS)]} ", "$primary")
    return _items(node, [bullet] * len(node.children), width, depth)


def _ordered_list(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    start = int(node.attrs.get("start", 1))
    last = len(f"{start + len(node.children) - 1}.")
    numbers = [
        Content.styled(f"{number}.".rjust(last) + " ", "$primary")
        for number in range(start, start + len(node.children))
    ]
    return _items(node, numbers, width, depth)


def _items(node: SyntaxTreeNode, markers: list[Content], width: int, depth: int) -> Lines:
    tight = any(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    lines: Lines = []
    for marker, item in zip(markers, node.children, strict=True):
        if lines and not tight:
            lines.append(_BLANK)
        room = max(width - marker.cell_length, MIN_WIDTH)
        lines.extend(indent(_stack(item.children, room, depth + 1, tight) or [_BLANK], marker))
    return lines


def _quote(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    bar = Content.styled("▎ ", "$primary")
    return indent(_stack(node.children, max(width - 2, MIN_WIDTH), depth), bar, bar)


def _rule(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    return [Content.styled("─" * width, "$foreground 25%")]


def _verbatim(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    """What has no form of its own here (raw HTML) is shown as it was written."""
    return Content(node.content.rstrip("\n")).wrap(width)


def _fence(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    """Code and header blocks on a panel; a line too long for it goes on below, marked with ↪."""
    room = width - 4
    source = node.content.rstrip("\n").expandtabs(4)
    lines: Lines = []
    for line in _highlighted(source, node.info.split()[0] if node.info.split() else "").split("\n"):
        folded = line.fold(room - 2) if line.cell_length > room else [line]
        lines.extend(indent(folded, "", Content.styled("↪ ", "$foreground 50%")))
    return [
        (Content("  ") + line + " " * (room - line.cell_length) + "  ").stylize_before("on $panel") for line in lines
    ]


@lru_cache(maxsize=128)
def _highlighted(source: str, language: str) -> Content:
    """The code with colours; text art and unknown languages stay as they are. Pygments is loaded by the first fence."""
    if language in ("", "text", "txt", "ascii"):
        return Content(source)
    from textual.highlight import highlight

    from tutor.ui.code_colours import CodeColours

    return highlight(source, language=language, theme=CodeColours)


def _table(node: SyntaxTreeNode, width: int, depth: int) -> Lines:
    rows = [[_inline(cell) for cell in row.children] for part in node.children for row in part.children]
    widths = _column_widths(rows, width)
    head, *body = (_table_row(row, widths) for row in rows)
    rule = Content.styled("─┼─".join("─" * cells for cells in widths), "$foreground 25%")
    wraps = any(len(row) > 1 for row in body)
    lines = [line.stylize("bold") for line in head] + [rule]
    for number, row in enumerate(body):
        if number and wraps:
            lines.append(Content.styled("┈┼┈".join("┈" * cells for cells in widths), "$foreground 25%"))
        lines.extend(row)
    return lines


def _table_row(cells: list[Content], widths: list[int]) -> Lines:
    wrapped = [cell.wrap(width) for cell, width in zip(cells, widths, strict=False)]
    bar = Content.styled(" │ ", "$foreground 25%")
    return [
        bar.join(line + " " * (width - line.cell_length) for line, width in zip(row, widths, strict=True))
        for row in zip_longest(*wrapped, fillvalue=_BLANK)
    ]


def _column_widths(rows: list[list[Content]], width: int) -> list[int]:
    """Natural widths where they fit; else the widest column gives way, cell by cell, down to 3 cells each."""
    widths = [max(cell.cell_length for cell in column) for column in zip_longest(*rows, fillvalue=_BLANK)]
    room = width - 3 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > 3:
        widths[widths.index(max(widths))] -= 1
    return [max(cells, 1) for cells in widths]


def _inline(node: SyntaxTreeNode) -> Content:
    """The text of a block's inline children, with links as click actions."""
    if node.type == "text":
        return Content(node.content)
    if node.type == "code_inline":
        return Content.styled(node.content, "$code on $panel")
    if node.type == "softbreak":
        return Content(" ")
    if node.type == "hardbreak":
        return Content("\n")
    content = Content.assemble(*(_inline(child) for child in node.children))
    if node.type == "link":
        return link(content, _href(node))
    return content.stylize(_INLINE_STYLES.get(node.type, ""))


def link(text: Content | str, href: str) -> Content:
    """`text` as a link: the widget that shows it gets `action_follow(href)` when it is clicked."""
    content = Content(text) if isinstance(text, str) else text
    return content.stylize("$primary underline").stylize(Style.from_meta({"@click": f"follow({href!r})"}))


def _href(node: SyntaxTreeNode) -> str:
    return str(node.attrs.get("href", ""))


_BLOCKS: dict[str, Callable[[SyntaxTreeNode, int, int], Lines]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "bullet_list": _bullet_list,
    "ordered_list": _ordered_list,
    "blockquote": _quote,
    "hr": _rule,
    "fence": _fence,
    "code_block": _fence,
    "table": _table,
}
