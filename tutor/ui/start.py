"""Starts the full-screen UI. What is set here for the whole process is set before the rest is imported."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.ui.sessions import Wanted


def main(bank_paths: Sequence[Path] | None = None, quiz: Wanted | None = None) -> int:
    """Run the terminal UI, in a quiz mode where one is wanted; gives back the exit status."""
    # What is imported and made now stays: to look through it meanwhile is a tenth of a start. The app enables it again.
    gc.disable()
    gc.set_threshold(20_000, 20, 20)  # widgets make many small objects: collect seldom, and not in the midst of a key
    sys.setswitchinterval(0.0005)  # s: while a key is being answered, what is to be saved gets to the disk
    from tutor.ui.app import QuizApp, TutorApp

    app = QuizApp(bank_paths, quiz) if quiz else TutorApp(bank_paths)
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]] or None))
