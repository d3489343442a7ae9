"""How much the tests try: a little in each run, ten times as much with WS_TUTOR_STRESS=1."""

import os

STRESS = os.environ.get("WS_TUTOR_STRESS") == "1"


def examples(few: int) -> int:
    """As many examples for hypothesis."""
    return few * 10 if STRESS else few
