"""`ws-tutor quiz`: on the screen where there is one, else in lines of text (quiz_plain.py)."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from tutor.study import mock
from tutor.study.mock_plan import MixError, MockPlan, parse_mix


def run(args: argparse.Namespace) -> int:
    """Exit status 0, also where one leaves half-way; 2 where it can't be done."""
    try:
        plan = _plan(args)
    except MixError as error:
        return _fail(str(error))
    if args.count is not None and args.count < 1:
        return _fail(f"--count {args.count}: it takes a number from 1 on")
    low, high = mock.MINUTES
    if plan is not None and not low <= plan.minutes <= high:
        return _fail(f"--minutes {plan.minutes}: a mock interview takes {low} to {high}")
    if args.plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from tutor.commands.quiz_plain import run_plain

        return run_plain(args, plan or MockPlan())
    if args.report:
        return _fail("--report goes with --plain; on the screen w writes the report of an interview")
    from tutor.ui.app import main
    from tutor.ui.sessions import Wanted

    return main(args.bank or None, Wanted(args.mode, args.count, plan, False if args.no_clock else None))


def _plan(args: argparse.Namespace) -> MockPlan | None:
    """What was asked for an interview; None where nothing was."""
    if args.minutes is None and args.mix is None:
        return None
    plan = MockPlan()
    if args.mix is not None:
        plan = replace(plan, mix=parse_mix(args.mix))
    return plan if args.minutes is None else replace(plan, minutes=args.minutes)


def _fail(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return 2
