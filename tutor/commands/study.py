"""`ws-tutor check`, `show` and `export`: the bank without the full-screen UI."""

from __future__ import annotations

import argparse
import difflib
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.study import bank as banks
from tutor.study.model import Bank, Fact, Question
from tutor.study.rules import one_line, quote

if TYPE_CHECKING:
    from tutor.study.markdown import Link

WIDEST = 100
"""Longer lines are hard to read, however wide the terminal is"""
SUGGESTIONS = 3


def run(args: argparse.Namespace) -> int:
    """Do what `args.command` says; returns the exit status. 2 where question files have faults, one line each."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _COMMANDS[args.command](args)
    except banks.BankError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 2


def _check(args: argparse.Namespace) -> int:
    """Standard output holds what was asked for: the faults, one a line, or the schema; their number is narration."""
    if args.schema:
        from tutor.study.check import json_schema

        print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return 0
    files, unread = banks.read(args.paths or args.bank or None)
    bank, faults = banks.check(files)
    faults = [*unread, *faults]
    for fault in faults:
        print(fault)
    found = (
        f"{_count(len(files), 'file')}, {_count(len(bank.questions), 'question')}, {_count(len(bank.facts), 'fact')}"
    )
    print(f"{found}: {_count(len(faults), 'fault') if faults else 'no faults'}", file=sys.stderr)
    return 2 if faults else 0


def _show(args: argparse.Namespace) -> int:
    from tutor.study import export, markdown

    bank = banks.load(args.bank or None)
    entry = _find(bank, args.key.strip())
    if entry is None:
        return _fail(f"no question is called {quote(args.key)}; {_suggestion(bank, args.key)}")
    text = export.question(entry, args.part) if isinstance(entry, Question) else export.fact(entry)
    if not text:
        return _fail(f"{entry.ref} has no {args.part}; ws-tutor show {entry.ref} shows all of it")
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = min(shutil.get_terminal_size().columns, WIDEST)
    print(markdown.render(text, width, ansi=colour, resolve=lambda link: _where(bank, link)))
    return 0


def _export(args: argparse.Namespace) -> int:
    from tutor.study import export

    bank = banks.load(args.bank or None)
    if args.form == "anki":
        return _export_anki(bank, args.out)
    text = export.book(bank)
    if args.out == "-":
        sys.stdout.write(text)
        return 0
    try:
        Path(args.out).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return _fail(f"cannot write {quote(args.out)} ({reason}); give a file in a folder that exists, or -")
    print(f"{args.out}: {_count(len(bank.questions), 'question')}, {_count(len(bank.facts), 'fact')}", file=sys.stderr)
    return 0


def _export_anki(bank: Bank, out: str) -> int:
    from tutor.study import anki

    try:
        notes = anki.write(bank, Path(out), time.time())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return _fail(f"cannot write {quote(out)} ({reason}); give a file in a folder that exists")
    print(f"{out}: {_count(notes, 'note')}; in Anki: File, Import", file=sys.stderr)
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"check": _check, "show": _show, "export": _export}


def _find(bank: Bank, key: str) -> Question | Fact | None:
    """The question or the fact that is called so, by id or by ref."""
    names = {fact.id: fact for fact in bank.facts} | {fact.ref.upper(): fact for fact in bank.facts if fact.ref}
    return bank.question(key) or names.get(key) or names.get(key.upper())


def _suggestion(bank: Bank, key: str) -> str:
    """Questions that have the words of `key`, else those whose names look like it."""
    from tutor.study.search import Index

    found = [result.entry for result in Index(bank).search(key)] if key.strip() else []
    if not found:
        names = _names(bank)
        found = [names[name] for name in difflib.get_close_matches(key.lower(), names, SUGGESTIONS)]
    if found:
        called = [f"{entry.ref or entry.id} ({one_line(entry.ask)})" for entry in found[:SUGGESTIONS]]
        return f"did you mean {' or '.join(called)}?"
    return f"give a reference such as {bank.questions[0].ref}, or an id" if bank.questions else "there are none"


def _names(bank: Bank) -> dict[str, Question | Fact]:
    """What one may have meant: refs, ids, and the words in ids and tags, each with the first that has it."""
    names: dict[str, Question | Fact] = {}
    entries: tuple[Question | Fact, ...] = (*bank.questions, *bank.facts)
    for entry in entries:
        for name in (entry.ref.lower(), entry.id, *entry.id.split("-"), *entry.tags):
            names.setdefault(name, entry)
    return names


def _where(bank: Bank, link: Link) -> str:
    """A link in words: a question by its short name."""
    question = bank.question(link.target) if link.kind == "q" else None
    return f"see {question.ref}" if question else link.words()


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _fail(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return 2
