"""`ws-tutor progress`: figures, interview date, export, import. What is counted is tutor.study.progress' business."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from tutor.study import bank as banks
from tutor.study.learner import Learner
from tutor.study.progress import Figures, figures
from tutor.study.rules import one_line, quote
from tutor.study.schedule import Goal, GoalError, parse_interview, parse_minutes
from tutor.study.store import Store


def run(args: argparse.Namespace) -> int:
    """Exit status 0; 2 where it could not be done."""
    store = Store()
    try:
        if args.action == "export":
            return _export(store, args.file)
        if args.action == "import":
            return _import(store, args.file)
        return _show(store, args)
    finally:
        store.close()


def _show(store: Store, args: argparse.Namespace) -> int:
    try:
        learner = Learner(banks.load(args.bank or None), store)
    except banks.BankError as error:
        print(error, file=sys.stderr)
        return 2
    now = datetime.now().astimezone()
    try:
        if args.interview is not None or args.minutes is not None:
            learner.set_goal(_goal(learner.goal, args, now))
    except GoalError as error:
        return _fail(str(error))
    if store.problem:
        print(f"ws-tutor: {store.problem}", file=sys.stderr)
    counted = figures(learner, now)
    print(
        json.dumps(counted.to_json(), ensure_ascii=False, indent=2)
        if args.json
        else "\n".join([*_lines(counted), *_plan(learner, now)])
    )
    return 0


def _goal(before: Goal, args: argparse.Namespace, now: datetime) -> Goal:
    interview = before.interview if args.interview is None else parse_interview(args.interview, now.date())
    return Goal(interview, before.minutes if args.minutes is None else parse_minutes(args.minutes))


def _lines(counted: Figures) -> list[str]:
    when = f"on {counted.interview}" if counted.interview else "in 30 days (no interview date is set)"
    answered = sum(len(section.answered) for section in counted.coverage)
    total = answered + sum(len(section.unseen) for section in counted.coverage)
    lines = [f"Expected recall {when}: {counted.recall:.0%}", f"Answered at least once: {answered} of {total}"]
    for section in counted.coverage:
        have, of = len(section.answered), len(section.answered) + len(section.unseen)
        lines.append(f"  {have:>3} of {of:<3} {section.section}")
    lines.append("Calibration, right of answers given:")
    lines += [f"  {each.name}: {each.right} of {each.of}" for each in counted.calibration]
    if counted.weakest:
        lines.append("Weakest:")
        lines += [f"  {each.recall:4.0%}  {one_line(each.ask)}" for each in counted.weakest]
    lines += [f"Bytes, {each.kind}: {each.right} of {each.of}" for each in counted.bytes]
    lines += [f"Lab {lab}: run {runs} times" for lab, runs in counted.labs]
    if counted.predictions:
        lines.append(f"Predictions that were measured: {sum(each.same for each in counted.predictions)}"
                     f" of {len(counted.predictions)}")  # fmt: skip
    lines.append(f"Mock interviews: {counted.mocks}")
    lines += [f"{day}: {count} answers" for day, count in counted.heat]
    return lines


def _plan(learner: Learner, now: datetime) -> list[str]:
    today = learner.today(now)
    lines = [f"Weakest topics: {', '.join(f'{topic.name} {topic.recall:.0%}' for topic in today.weakest)}"]
    lines += [f"Lab to run: {today.lab}"] if today.lab else []
    if today.wrong_but_sure:
        lines.append("Certain, and wrong:")
        lines += [f"  {one_line(entry.ask)}" for entry in today.wrong_but_sure]
    return lines + (["The last evening: a round of rapid-fire, then stop."] if today.stop else [])


def _export(store: Store, file: str) -> int:
    from tutor.study import backup

    text = backup.dump(store)
    if store.problem:
        return _fail(store.problem)
    try:
        if file == "-":
            sys.stdout.write(text)
        else:
            Path(file).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        return _fail(f"cannot write {quote(file)} ({_reason(error)}); give a file in a folder that exists, or -")
    return 0


def _import(store: Store, file: str) -> int:
    from tutor.study import backup

    try:
        with sys.stdin.buffer if file == "-" else Path(file).open("rb") as source:
            parsed = backup.parse(source.read(backup.MAX_BYTES + 1))
    except backup.BackupError as error:
        return _fail(f"{one_line(file)}: {one_line(str(error))}")
    except (OSError, ValueError) as error:
        return _fail(f"cannot read {quote(file)} ({_reason(error)}); give a file that ws-tutor progress export wrote")
    if not backup.load(store, parsed):
        return _fail(store.problem)
    print(f"{len(parsed.reviews)} reviews, {len(parsed.mocks)} mock interviews, {len(parsed.lab_runs)} lab runs read",
          file=sys.stderr)  # fmt: skip
    return 0


def _reason(error: Exception) -> object:
    return error.strerror if isinstance(error, OSError) else error


def _fail(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return 2
