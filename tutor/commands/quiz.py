"""`ws-tutor quiz`: on the screen where there is one, else in lines of text (quiz_plain.py)."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.study.mock_plan import MockPlan


def run(args: argparse.Namespace) -> int:
    """Exit status 0, also where one leaves half-way; 2 where it can't be done."""
    if args.count is not None and args.count < 1:
        return _fail(f"--count {args.count}: it takes a number from 1 on")
    try:
        plan = _plan(args)
    except ValueError as error:
        return _fail(str(error))
    if args.plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from tutor.commands.quiz_plain import run_plain

        return run_plain(args, plan)
    if args.report:
        return _fail("--report goes with --plain; on the screen w writes the report of an interview")
    from tutor.ui.sessions import Wanted
    from tutor.ui.start import main

    return main(args.bank or None, Wanted(args.mode, args.count, plan, False if args.no_clock else None))


def _plan(args: argparse.Namespace) -> MockPlan | None:
    """What was asked for an interview; None where nothing was. Raises ValueError, which says what would be right."""
    if args.minutes is None and args.mix is None:
        return None
    from tutor.study import mock
    from tutor.study.mock_plan import DEFAULT_MINUTES, MockPlan, parse_mix

    minutes = DEFAULT_MINUTES if args.minutes is None else args.minutes
    low, high = mock.MINUTES
    if not low <= minutes <= high:
        raise ValueError(f"--minutes {minutes}: a mock interview takes {low} to {high}")
    return MockPlan(minutes) if args.mix is None else MockPlan(minutes, parse_mix(args.mix))


def _fail(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return 2
