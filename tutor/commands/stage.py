"""`ws-tutor stage`: a lab for a class, in a terminal of its own, while it runs in another."""

from __future__ import annotations

import argparse
import sys

from labs.lab import KnobError
from tutor.commands.lab import find_lab

SHOWN, REFUSED = 0, 2


def run(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 with one line where there is no such lab or no terminal."""
    try:
        lab = find_lab(args.name)
    except KnobError as error:
        return _refuse(str(error))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _refuse(f"stage needs a terminal, such as that on the projector; ws-tutor lab run {lab.name} does not")
    from tutor.ui.desk import Desk
    from tutor.ui.stage.app import main
    from tutor.ui.themes import DEFAULT

    return main(lab, Desk(None).setting("theme", DEFAULT))


def _refuse(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return REFUSED
