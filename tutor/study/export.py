"""The bank in other forms: one Markdown book. Text in, text out; the caller writes it where it belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from tutor.study.markdown import parse_link
from tutor.study.model import Bank, Choice, Fact, Question, SayItRight, Section

_LINK = re.compile(r"\[([^\]]+)\]\(((?:q|lab|rfc):[^)\s]+)\)")


def book(bank: Bank, title: str = "WebSocket interview questions") -> str:
    """The whole bank as one Markdown document, in reading order; the same bank gives the same text."""
    blocks = [f"# {title}"]
    for section in bank.sections:
        blocks += _section(section)
    text = "\n\n".join(blocks) + "\n"
    return _LINK.sub(lambda match: _leads_somewhere(bank, match[2], match[1]), text)


def question(entry: Question, part: str = "all", level: int = 1) -> str:
    """One question as Markdown, under a heading of that level: all of it, or one part.

    `part` is `answer`, `depth`, `follow-ups` or the like; the text is empty where the question lacks it.
    """
    made = [
        block for name, make in _MAKERS.items() if part in {"all", name} for block in make(entry, "#" * (level + 1))
    ]
    heading = f"{'#' * level} {entry.ref}. {entry.ask}"
    about = f"*{', '.join([entry.level, *entry.tags])}*"
    return "\n\n".join([heading, about, *made]) if made else ""


def fact(entry: Fact) -> str:
    """A rapid-fire question as a Markdown list item: what is accepted, and why."""
    accepted = f" (also: {'; '.join(entry.answers[1:])})" if len(entry.answers) > 1 else ""
    lines = [f"**{entry.ask}**", f"{entry.answers[0]}{accepted}.", f"{entry.explain} *{'; '.join(entry.sources)}*"]
    return "- " + "\n".join(lines).replace("\n", "\n  ")


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    for entry in section.questions:
        yield f'<a id="{entry.id}"></a>'
        yield question(entry, level=3)
    if section.facts:
        yield "\n".join(map(fact, section.facts))


def _answer(entry: Question, mark: str) -> Iterator[str]:
    yield entry.answer


def _say_it_right(entry: Question, mark: str) -> Iterator[str]:
    if entry.say_it_right:
        yield f"{mark} Say it right"
        yield _table(entry.say_it_right)


def _depth(entry: Question, mark: str) -> Iterator[str]:
    if entry.depth:
        yield f"{mark} In depth"
        yield entry.depth


def _follow_ups(entry: Question, mark: str) -> Iterator[str]:
    if entry.follow_ups:
        yield f"{mark} Follow-ups"
    for each in entry.follow_ups:
        yield f"**{each.ask}**"
        yield each.answer


def _key_points(entry: Question, mark: str) -> Iterator[str]:
    yield f"{mark} Key points"
    yield "\n".join(
        f"- {point.text} ({'critical, ' if point.critical else ''}weight {point.weight})" for point in entry.key_points
    )


def _choices(entry: Question, mark: str) -> Iterator[str]:
    if entry.choices:
        yield f"{mark} Choose"
    for each in entry.choices:
        yield f"**{each.ask}**"
        yield _options(each)


def _claims(entry: Question, mark: str) -> Iterator[str]:
    if entry.claims:
        yield f"{mark} Prove it"
        yield "\n".join(f"- {claim.text}: [{claim.lab}](lab:{claim.lab}), `{claim.verdict}`" for claim in entry.claims)


def _sources(entry: Question, mark: str) -> Iterator[str]:
    yield f"{mark} Sources"
    yield "\n".join(f"- {source}" for source in entry.sources)


_MAKERS: dict[str, Callable[[Question, str], Iterator[str]]] = {
    "answer": _answer,
    "say it right": _say_it_right,
    "depth": _depth,
    "follow-ups": _follow_ups,
    "key points": _key_points,
    "choices": _choices,
    "claims": _claims,
    "sources": _sources,
}


def _options(choice: Choice) -> str:
    lines = []
    for letter, option in zip("abcdefghijklmnopqrstuvwxyz", choice.options, strict=False):
        mark = "right" if option.correct else "wrong"
        why = f": {option.why}" if option.why else ""
        lines.append(f"- {letter}) {option.text} ({mark}{why})".replace("\n", "\n  "))
    return "\n".join(lines)


def _table(notes: Iterable[SayItRight]) -> str:
    rows = [(note.common, note.right, note.source) for note in notes]
    return "\n".join([_row(("Often said", "Say instead", "Source")), "|---|---|---|", *map(_row, rows)])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _leads_somewhere(bank: Bank, href: str, words: str) -> str:
    """A link that works in a document: to a heading of the book, to the RFC Editor; a lab is a command to type."""
    link = parse_link(href)
    if link is None:
        return words
    if link.kind == "q":
        found = bank.question(link.target)
        return f"[{words}](#{found.id})" if found else words
    if link.kind == "lab":
        return f"{words} (`ws-tutor lab run {link.target}`)"
    section = f"#section-{link.section}" if link.section else ""
    return f"[{words}](https://www.rfc-editor.org/rfc/rfc{link.target}{section})"
