"""`python3 -m tutor`: sets itself up in a fresh clone, then hands over to the command line."""

from __future__ import annotations

import sys

from tutor.bootstrap import run_in_environment


def main() -> int:
    status = run_in_environment("tutor", sys.argv[1:])
    if status is not None:
        return status
    from tutor.cli import main as cli

    return cli()


if __name__ == "__main__":
    sys.exit(main())
