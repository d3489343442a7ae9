"""What a question unfolds into: its parts in reading order, each with its lines at a width and its Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content

from tutor.study.model import KeyPoint, Question, SayItRight
from tutor.ui.lines import Lines, hang, indent
from tutor.ui.reference import source_link, source_targets
from tutor.ui.typeset import link_targets, typeset


@dataclass(frozen=True, slots=True)
class Part:
    """One foldable section. `id` is kept on disk: answer, depth, follow-1 …, points, notes, sources."""

    id: str
    title: str
    key: str
    hint: str
    lines: Callable[[int], Lines]
    markdown: str

    @property
    def is_evidence(self) -> bool:
        """Whether it stands beside the reader where the screen is wide, and waits for the answer everywhere."""
        return self.id in EVIDENCE

    @property
    def links(self) -> list[tuple[str, str]]:
        """What can be followed from here: what it says and where it leads."""
        return source_targets(self.markdown) if self.comes_with_answer else link_targets(self.markdown)

    @property
    def comes_with_answer(self) -> bool:
        """Whether it has no fold of its own: corrections and sources are there as soon as the answer is."""
        return self.id in {"notes", "sources"}


_BOX = Content.styled("□ ", "$foreground 60%")
EVIDENCE = ("notes", "points", "sources")


def parts_of(question: Question) -> tuple[Part, ...]:
    """The parts that this question has, in reading order."""
    parts = [_prose("answer", "Answer", "a", "say it aloud, then press a", question.answer)]
    if question.say_it_right:
        parts.append(_notes(question.say_it_right))
    if question.depth:
        parts.append(_prose("depth", "Depth", "e", "what a senior adds: e", question.depth))
    count = len(question.follow_ups)
    for number, follow_up in enumerate(question.follow_ups, 1):
        title = f"Follow-up {number} of {count}: {follow_up.ask}"
        parts.append(_prose(f"follow-{number}", title, "f", "f", follow_up.answer))
    if question.key_points:
        parts.append(_points(question.key_points))
    if question.sources:
        parts.append(_sources(question.sources))
    return tuple(parts)


def _prose(id: str, title: str, key: str, hint: str, markdown: str) -> Part:
    return Part(id, title, key, hint, lambda width: typeset(markdown, width), f"## {title}\n\n{markdown}")


def _notes(notes: tuple[SayItRight, ...]) -> Part:
    def lines(width: int) -> Lines:
        set_notes = [_note(note, width) for note in notes]
        return [line for number, note in enumerate(set_notes) for line in ([Content("")] if number else []) + note]

    markdown = "\n".join(f"- ✗ {note.common}\n  ✓ {note.right} ({note.source})" for note in notes)
    return Part("notes", "Say it right", "", "", lines, f"## Say it right\n\n{markdown}")


def _note(note: SayItRight, width: int) -> Lines:
    """The usual wording, crossed off, above the one to use."""
    wrong = Content.styled("✗ usual  ", "bold $error")
    right = Content.styled("✓ better ", "bold $success")
    room = width - wrong.cell_length
    common = [line.stylize("$foreground 75%") for line in typeset(note.common, room)]
    source = source_link(note.source).stylize("$foreground 60%").wrap(room)
    return [*indent(common, wrong), *indent(typeset(note.right, room), right), *indent(source, " " * right.cell_length)]


def _points(points: tuple[KeyPoint, ...]) -> Part:
    def lines(width: int) -> Lines:
        return [line for point in points for line in point_lines(point, width)]

    markdown = "\n".join(f"- {point.text}{' (critical)' if point.critical else ''}" for point in points)
    hint = "what an interviewer ticks: r"
    return Part("points", f"Key points ({len(points)})", "r", hint, lines, f"## Key points\n\n{markdown}")


def point_lines(point: KeyPoint, width: int, box: Content = _BOX, said: Sequence[str] = ()) -> Lines:
    """A box to tick, its weight as stars (1 to 3), and whether missing it fails the answer; `said` is underlined."""
    mark = Content.assemble(box, ("★" * point.weight).ljust(3), " ")
    must = " must be said" if point.critical else ""
    lines = [_underlined(line, said) for line in typeset(point.text, width - mark.cell_length)]
    if must and lines[-1].cell_length + len(must) <= width - mark.cell_length:
        lines[-1] += Content.styled(must, "bold $warning")
    elif must:
        lines.append(Content.styled(must.strip(), "bold $warning"))
    return indent(lines, mark)


def _underlined(line: Content, words: Sequence[str]) -> Content:
    for word in words:
        for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", line.plain, re.IGNORECASE):
            line = line.stylize("underline", found.start(), found.end())
    return line


def _sources(sources: tuple[str, ...]) -> Part:
    def lines(width: int) -> Lines:
        return [line for source in sources for line in hang(source_link(source), "· ", width)]

    return Part("sources", "Sources", "", "", lines, "## Sources\n\n" + "\n".join(f"- {source}" for source in sources))
