"""`ws-tutor lab list` and `ws-tutor lab run`. A lab runs in labs/; here are its command line and its terminal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import difflib
import importlib
import json
import os
import sys
import textwrap
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from labs.catalog import LABS, find
from labs.commands import MAX_COMMAND
from labs.input_lines import InputLines
from labs.lab import KnobError, KnobValue, Lab
from labs.stage import run_lab
from labs.tape import Bytes, Ended, Event, Metric, Note, to_line
from tutor.study.stage_tapes import LiveTape

if TYPE_CHECKING:
    from labs.story import Story

HELD, NOT_HELD, NOT_RUN = 0, 1, 2

Out = Callable[[Event], None]


def run(args: argparse.Namespace) -> int:
    """Exit status 0: every verdict held; 1: one did not; 2: it could not be run."""
    if args.action == "list":
        return _list(as_json=args.json)
    try:
        lab = find_lab(args.name)
        knobs = read_knobs(lab, args.set)
    except KnobError as error:
        return _refuse(str(error))
    try:
        with contextlib.ExitStack() as stack:
            tape = stack.enter_context(args.tape.open("wb")) if args.tape else None
            live = stack.enter_context(LiveTape(lab.name))
            ended = _run(lab, knobs, args, tape, live)
            if ended.ok:
                live.keep()
    except BrokenPipeError:
        raise
    except OSError as error:
        return _refuse(
            f"{args.tape or 'standard output'}: cannot be written ({error.strerror}); it takes a writable file"
        )
    if ended.error and not args.json:
        print(f"ws-tutor: lab {lab.name}: {ended.error}", file=sys.stderr)
    return NOT_RUN if ended.error else HELD if ended.ok else NOT_HELD


def read_knobs(lab: Lab, settings: list[str]) -> dict[str, KnobValue]:
    """All knobs of the lab, those of `settings` (KNOB=VALUE) turned; raises KnobError with what would be right."""
    raw = {knob.name: knob.default for knob in lab.knobs}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise KnobError(f"--set {setting}: no value; a knob is set as KNOB=VALUE")
        if name not in raw:
            close = difflib.get_close_matches(name, raw, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(raw) or 'none'}"
            raise KnobError(f"--set {setting}: lab {lab.name} has no knob {name!r}; {hint}")
        raw[name] = value
    return {knob.name: knob.parse(raw[knob.name]) for knob in lab.knobs}


def find_lab(name: str) -> Lab:
    """The lab of that name; raises KnobError with what there is."""
    lab = find(name)
    if lab is None:
        names = [each.name for each in LABS]
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
        raise KnobError(f"no such lab: {name!r}; {hint}")
    return lab


def _refuse(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return NOT_RUN


def _run(
    lab: Lab, knobs: dict[str, KnobValue], args: argparse.Namespace, tape: IO[bytes] | None, live: LiveTape
) -> Ended:
    """The tape goes to where it was asked for, and to who follows the run."""
    scenario = importlib.import_module(lab.module)
    if args.json:
        lines = InputLines(MAX_COMMAND)
        # With --auto nothing is asked: an input that is at its end from the start has nobody behind it, and is no stop.
        commands = None if args.auto and lines.over else lines
        out = _both(_both(_print_line, tape), live)
        return asyncio.run(run_lab(lab, scenario, knobs, out, aiter(commands) if commands else None, auto=args.auto))
    from labs.story import Story
    from tutor.commands.asking import Asking

    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    asked = sys.stdin.isatty() and sys.stdout.isatty() and not args.auto
    told: list[Event] = []
    if asked:
        asking = Asking(InputLines(MAX_COMMAND))
        out = _noting(_both(_both(asking.hear(_teller(Story())), tape), live), told)
        ended = asyncio.run(run_lab(lab, scenario, knobs, out, aiter(asking), auto=False, pauses=False))
        if lab.faults and not ended.error:
            print(f"Its faults are keys in the tutor: ws-tutor, 3 Labs, {lab.title}, after the steps.", file=sys.stderr)
    else:
        tell = _teller(Story())
        out = _noting(_both(_both(_while_read(tell), tape) if tape else tell, live), told)
        ended = asyncio.run(run_lab(lab, scenario, knobs, out, None, auto=True))
    _keep(told)
    return ended


def _noting(out: Out, told: list[Event]) -> Out:
    """`out`, noting what progress will remember."""

    def note(event: Event) -> None:
        if not isinstance(event, Bytes | Note | Metric):
            told.append(event)
        out(event)

    return note


def _keep(told: list[Event]) -> None:
    """Remember the run; a program that runs a lab with --json, such as the screen, remembers it itself."""
    from tutor.study.lab_runs import lab_run
    from tutor.study.store import Store

    run = lab_run(told)
    store = Store()
    if run is not None and not store.keep_lab_run(run):
        print(f"ws-tutor: {store.problem}", file=sys.stderr)
    store.close()


def _print_line(event: Event) -> None:
    sys.stdout.buffer.write(to_line(event).encode() + b"\n")
    sys.stdout.buffer.flush()


def _teller(story: Story) -> Out:
    def tell(event: Event) -> None:
        for line in story.tell(event):
            print(line)
        sys.stdout.flush()

    return tell


def _while_read(out: Out) -> Out:
    """`out` for as long as somebody reads it: when the reader goes (`| head`) the run goes on, for its tape."""

    def tell(event: Event) -> None:
        try:
            out(event)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    return tell


def _both(out: Out, tape: IO[bytes] | LiveTape | None) -> Out:
    if tape is None:
        return out

    def write(event: Event) -> None:
        tape.write(to_line(event).encode() + b"\n")
        out(event)

    return write


def _list(*, as_json: bool) -> int:
    if as_json:
        print(json.dumps([_described(lab) for lab in LABS], ensure_ascii=False, indent=2))
        return HELD
    for lab in LABS:
        print(f"{lab.name}  {lab.title} ({', '.join(lab.questions)}), {len(lab.verdicts)} verdicts")
        for text in (lab.summary, f"knobs: {', '.join(f'{knob.name}={knob.default}' for knob in lab.knobs)}"):
            print(textwrap.fill(text, 80, initial_indent="    ", subsequent_indent="    "))
    return HELD


def _described(lab: Lab) -> dict[str, object]:
    return {
        "name": lab.name,
        "title": lab.title,
        "summary": lab.summary,
        "questions": list(lab.questions),
        "verdicts": lab.verdicts,
        "knobs": [
            {"name": knob.name, "kind": knob.kind, "default": knob.default, "about": knob.about,
             "choices": list(knob.choices), "unit": knob.unit}
            for knob in lab.knobs
        ],
        "faults": [{"id": fault.id, "about": fault.about, "targets": list(fault.targets)} for fault in lab.faults],
    }  # fmt: skip
