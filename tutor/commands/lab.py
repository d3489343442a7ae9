"""`ws-tutor lab list` and `ws-tutor lab run`: a lab as a program. What runs is in labs/; here is the command line round it."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import importlib
import json
import sys

from labs.catalog import LABS, find
from labs.lab import KnobError, KnobValue, Lab
from labs.stage import run_lab
from labs.tape import Event, to_line


def run(args: argparse.Namespace) -> int:
    """Exit status 0: every verdict held; 1: one did not; 2: could not run."""
    lab = find(args.name)
    assert lab
    knobs = {knob.name: knob.parse(knob.default) for knob in lab.knobs}
    def out(event):
        print(to_line(event), flush=True)
    ended = asyncio.run(run_lab(lab, importlib.import_module(lab.module), knobs, out, None, auto=True))
    return 2 if ended.error else 0 if ended.ok else 1
