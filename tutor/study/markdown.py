"""Markdown of the bank: the parser that all views share, its links, its words for search, and text for a terminal.

The terminal UI draws Markdown with a widget of its own, given `parser`; what is rendered here is for pipes and `show`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from tutor.study.wrap import PLAIN, Line, Piece, line_cells, table, wrap

if TYPE_CHECKING:  # costs as much as half a first paint, so it is loaded by the first text that has to be parsed
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

LinkKind = Literal["q", "lab", "rfc"]
NARROWEST = 20
_LINK = re.compile(r"(q|lab):([a-z0-9-]+)|rfc:([0-9]+)(?:#([0-9A-Z]+(?:\.[0-9]+)*))?")
_MARKS = re.compile(
    r"`([^`]*)`"  # code
    r"|\[([^\]]*)\]\([^)]*\)"  # a link
    r"|(?<![\w*])\*(?=[^\s*])([^*\n]+)\*(?!\w)"  # emphasis
    r"|\*\*|^#+ |^> ?|^[ \t]*(?:[-*]|[0-9]+\.) |^\|[ :|-]+\|$|^\| | \|$|(?<= )\| ",
    re.MULTILINE,
)
_ANSI = {"strong": "1", "em": "3", "code": "36", "link": "4", "heading": "1"}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads: a question's id, a lab's name, or an RFC's number and `section`."""

    kind: LinkKind
    target: str
    section: str = ""

    def words(self) -> str:
        """What a reader without a mouse can use."""
        if self.kind == "rfc":
            return f"RFC {self.target} §{self.section}" if self.section else f"RFC {self.target}"
        return f"see {self.target}" if self.kind == "q" else f"ws-tutor lab run {self.target}"


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The Markdown of the bank: CommonMark and tables. HTML is shown as the text that it is. To make one takes 1 ms."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def parse_link(href: str) -> Link | None:
    """The link in `q:id`, `lab:name`, `rfc:6455` or `rfc:6455#5.3`; None for all else."""
    match = _LINK.fullmatch(href)
    if match is None:
        return None
    if match[3]:
        return Link("rfc", match[3], match[4] or "")
    return Link("q" if match[1] == "q" else "lab", match[2])


def hrefs(markdown: str) -> list[str]:
    """Where the links in `markdown` lead, as they are written, in order."""
    return [str(node.attrs.get("href", "")) for node in _tree(markdown).walk() if node.type == "link"]


def links(markdown: str) -> list[Link]:
    """The links in `markdown` that lead somewhere here, in order."""
    return [link for href in hrefs(markdown) if (link := parse_link(href)) is not None]


def plain(markdown: str) -> str:
    """The words of `markdown` without its marks: what search looks at, and shows.

    By pattern rather than by parser: a whole bank takes milliseconds, and a mark that stays does no harm there.
    """
    parts = re.split(r"^```.*$", markdown, flags=re.MULTILINE)
    parts[::2] = [_MARKS.sub(lambda mark: mark[1] or mark[2] or mark[3] or "", part) for part in parts[::2]]
    return "".join(parts).strip()


def render(markdown: str, width: int = 80, *, ansi: bool = False, resolve: Callable[[Link], str] = Link.words) -> str:
    """`markdown` as lines of at most `width` cells (at least 20); only code blocks are never wrapped.

    `ansi`: with escape sequences for marks; without them inline code keeps its backticks. `resolve` says in words
    where a link leads.
    """
    return _Renderer(ansi, resolve).text(_tree(markdown), max(width, NARROWEST))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return parser()


def _tree(markdown: str) -> SyntaxTreeNode:
    from markdown_it.tree import SyntaxTreeNode

    return SyntaxTreeNode(_parser().parse(markdown))


def _inline(node: SyntaxTreeNode, marks: frozenset[str], resolve: Callable[[Link], str]) -> Iterator[Piece]:
    """The pieces of an inline node, each link followed by where it leads."""
    for child in node.children:
        match child.type:
            case "text":
                yield Piece(child.content, marks)
            case "code_inline":
                yield Piece(child.content, marks | {"code"})
            case "softbreak":
                yield Piece(" ", marks)
            case "hardbreak":
                yield Piece("\n", marks)
            case "link":
                yield from _link(child, marks, resolve)
            case "strong" | "em":
                yield from _inline(child, marks | {child.type}, resolve)
            case "image":
                yield Piece(child.content, marks)
            case _:
                yield from _inline(child, marks, resolve)


def _link(node: SyntaxTreeNode, marks: frozenset[str], resolve: Callable[[Link], str]) -> Iterator[Piece]:
    pieces = list(_inline(node, marks | {"link"}, resolve))
    yield from pieces
    link = parse_link(str(node.attrs.get("href", "")))
    words = resolve(link) if link else ""
    if words and words not in "".join(piece.text for piece in pieces):
        yield Piece(f" ({words})", marks)


class _Renderer:
    """One rendering: how marks look and what links say. Blocks are lists of finished lines."""

    def __init__(self, ansi: bool, resolve: Callable[[Link], str]) -> None:
        self._ansi = ansi
        self._resolve = resolve

    def text(self, root: SyntaxTreeNode, width: int) -> str:
        return "\n".join(self._blocks(root, width))

    def _blocks(self, parent: SyntaxTreeNode, width: int, tight: bool = False) -> list[str]:
        lines: list[str] = []
        for child in parent.children:
            block = self._block(child, width)
            if lines and block and not tight:
                lines.append("")
            lines += block
        return lines

    def _block(self, node: SyntaxTreeNode, width: int) -> list[str]:
        match node.type:
            case "paragraph" | "inline":
                return self._paragraph(node, width)
            case "heading":
                return self._heading(node, width)
            case "bullet_list" | "ordered_list":
                return self._list(node, width)
            case "blockquote":
                return [f"│ {line}".rstrip() for line in self._blocks(node, max(width - 2, 1))]
            case "fence" | "code_block":
                return [f"  {line}".rstrip() for line in node.content.rstrip("\n").split("\n")]
            case "hr":
                return ["─" * width]
            case "table":
                return self._table(node, width)
            case _:
                return self._blocks(node, width)

    def _paragraph(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return [self._paint(line) for line in wrap(self._pieces(node), width)]

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[str]:
        lines = wrap(self._pieces(node, frozenset({"heading"})), width)
        painted = [self._paint(line) for line in lines]
        if self._ansi or node.tag not in {"h1", "h2"}:
            return painted
        return [*painted, ("=" if node.tag == "h1" else "-") * max(map(line_cells, lines))]

    def _list(self, node: SyntaxTreeNode, width: int) -> list[str]:
        start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 0
        tight = all(child.type != "paragraph" or child.hidden for item in node.children for child in item.children)
        lines: list[str] = []
        for index, item in enumerate(node.children):
            mark = f"{start + index}. " if node.type == "ordered_list" else "• "
            body = self._blocks(item, max(width - len(mark), 1), tight) or [""]
            if lines and not tight:
                lines.append("")
            lines += [(mark if at == 0 else " " * len(mark) if line else "") + line for at, line in enumerate(body)]
        return lines

    def _table(self, node: SyntaxTreeNode, width: int) -> list[str]:
        rows = [row.children for part in node.children for row in part.children]
        aligns = [str(cell.attrs.get("style", "")).rpartition(":")[2] for cell in rows[0]]
        marks = [frozenset({"strong"}) if index == 0 else PLAIN for index in range(len(rows))]
        pieces = [[self._pieces(cell, marks[index]) for cell in row] for index, row in enumerate(rows)]
        return [self._paint(line).rstrip() for line in table(pieces, aligns, width)]

    def _pieces(self, node: SyntaxTreeNode, marks: frozenset[str] = PLAIN) -> Line:
        inlines = [node] if node.type == "inline" else [child for child in node.children if child.type == "inline"]
        pieces = [piece for inline in inlines for piece in _inline(inline, marks, self._resolve)]
        return pieces if self._ansi else [_with_backticks(piece) for piece in pieces]

    def _paint(self, line: Line) -> str:
        if not self._ansi:
            return "".join(piece.text for piece in line)
        runs = groupby(line, key=lambda piece: piece.marks)
        return "".join(_painted("".join(piece.text for piece in run), marks) for marks, run in runs)


def _with_backticks(piece: Piece) -> Piece:
    return Piece(f"`{piece.text}`", piece.marks) if "code" in piece.marks else piece


def _painted(text: str, marks: frozenset[str]) -> str:
    codes = ";".join(_ANSI[mark] for mark in sorted(marks))
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text
