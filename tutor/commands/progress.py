"""`ws-tutor progress`: figures, interview date, export, import. What is counted is tutor.study.progress' business."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from tutor.study import bank as banks
from tutor.study.learner import Learner
from tutor.study.plan import Today
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
    counted, today = figures(learner, now), learner.today(now)
    if args.json:
        known = counted.to_json() | {"goal": _goal_json(learner, today), "plan": today.to_json()}
        print(json.dumps(known, ensure_ascii=False, indent=2))
    else:
        print("\n".join([*_lines(counted), *_plan(today)]))
    return 0


def _goal_json(learner: Learner, today: Today) -> dict[str, object]:
    return {"is_set": learner.goal_is_set, "minutes_a_day": learner.goal.minutes, "days_left": today.days_left}


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
    lines.append("Labs, verdicts that held in the last run:")
    for lab in counted.labs:
        last = f"run {len(lab.runs)} times, {lab.runs[0].held} of {lab.runs[0].of} held" if lab.runs else "not run yet"
        lines.append(f"  {lab.lab}: {last}")
    same = sum(each.same for each in counted.predictions)
    lines.append(f"Predictions as measured: {same} of {len(counted.predictions)}")
    for each in counted.predictions:
        lines.append(f"  {each.lab}, {each.ask or each.id}")
        lines.append(f"    predicted {each.predicted}, measured {each.measured} {each.unit}".rstrip())
    lines.append(f"Mock interviews: {len(counted.mocks)}")
    lines += [f"  {mock.at:%Y-%m-%d}, {mock.minutes} minutes: {mock.right} of {mock.of}" for mock in counted.mocks]
    lines.append("Answers by day:")
    lines += [f"  {day}: {count}" for day, count in counted.heat]
    lines.append("Expected recall by day, if nothing more is done:")
    return lines + [f"  {day}: {recall:.0%}" for day, recall in counted.forecast]


def _plan(today: Today) -> list[str]:
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
