"""The bank as an Anki package. Ids are our own and stable: importing a later export updates the cards and keeps the
learner's intervals. Imports genanki: only the command that needs it loads this module."""

from __future__ import annotations

import hashlib
import html
import warnings
from pathlib import Path

from markdown_it import MarkdownIt

from tutor.study.model import Bank, Fact, Question

DECK_ID = 1_735_689_601
MODEL_ID = 1_735_689_602
"""Drawn once; Anki knows deck and note type by them, so they never change"""
FIELDS = ("Question", "Answer", "Details", "Reference")
_BACK = "{{FrontSide}}<hr id=answer>{{Answer}}{{#Details}}<hr>{{Details}}{{/Details}}<p>{{Reference}}</p>"
_CSS = ".card { font-family: sans-serif; font-size: 18px; text-align: left } pre, code { font-family: monospace }"


def guid(entry: Question | Fact) -> str:
    """The note's id in Anki, made from the entry's id alone: its text may change."""
    return hashlib.blake2b(f"ws-tutor {entry.id}".encode(), digest_size=10).hexdigest()


def write(bank: Bank, path: Path, at: float) -> int:
    """Write the package to `path`; `at`, in seconds since 1970, tells Anki that it is newer. Returns how many notes.

    Raises OSError where it can't be written.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # genanki's own imports and its advice on HTML in fields, which ours is on purpose
        import genanki  # type: ignore[import-untyped]

        deck = genanki.Deck(DECK_ID, "WebSocket interview")
        model = genanki.Model(
            MODEL_ID,
            "ws-tutor",
            fields=[{"name": name} for name in FIELDS],
            templates=[
                {
                    "name": "Card 1",
                    "qfmt": "{{Question}}",
                    "afmt": _BACK,
                }
            ],
            css=_CSS,
        )
        entries: list[Question | Fact] = [*bank.questions, *bank.facts]
        for entry in entries:
            tags = [tag.replace(" ", "-") for tag in entry.tags]
            deck.add_note(genanki.Note(model=model, fields=_fields(entry), guid=guid(entry), tags=tags))
        genanki.Package(deck).write_to_file(str(path), timestamp=at)
    return len(entries)


def _fields(entry: Question | Fact) -> list[str]:
    render = MarkdownIt("commonmark", {"html": False}).enable("table").render
    reference = html.escape("; ".join(entry.sources))
    if isinstance(entry, Fact):
        also = f" (also {', '.join(map(html.escape, entry.answers[1:]))})" if len(entry.answers) > 1 else ""
        answer = f"<p><b>{html.escape(entry.answers[0])}</b>{also}</p>"
        return [render(entry.ask), answer, render(entry.explain), f"{html.escape(entry.ref)} {reference}".strip()]
    points = "\n".join(f"- {'**critical** ' if point.critical else ''}{point.text}" for point in entry.key_points)
    follow_ups = "\n\n".join(f"**{each.ask}**\n\n{each.answer}" for each in entry.follow_ups)
    details = render("\n\n".join(text for text in (f"**Key points**\n\n{points}", entry.depth, follow_ups) if text))
    return [render(entry.ask), render(entry.answer), details, f"{html.escape(entry.ref)} {reference}"]
