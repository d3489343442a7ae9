"""`python3 -m tests [pytest's arguments]`: sets itself up in a fresh clone, then runs the tests in parallel."""

from __future__ import annotations

import os
import sys

from tutor.bootstrap import ROOT, run_in_environment


def main() -> int:
    # Hundreds of processes start below; with this set each would compile anew all that it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    status = run_in_environment("tests", sys.argv[1:], extra="test")
    if status is not None:
        return status
    import pytest

    os.chdir(ROOT)
    workers = (os.cpu_count() or 1) + 3  # more than can run: many a test waits for a process
    return int(pytest.main(sys.argv[1:] or ["-n", str(workers), "--dist", "worksteal", "-q"]))


if __name__ == "__main__":
    sys.exit(main())
