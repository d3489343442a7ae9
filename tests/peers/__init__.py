"""Programs that nobody here wrote, which some tests talk to. A test of an absent one is skipped by name.

With WS_TUTOR_ALL_PEERS=1 (as CI sets it) nothing is skipped: an absent peer fails the test.
"""

import os
import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip the test unless every one of `programs` is on the PATH."""
    absent = [name for name in programs if shutil.which(name) is None]
    skip = bool(absent) and os.environ.get("WS_TUTOR_ALL_PEERS") != "1"
    return pytest.mark.skipif(skip, reason=f"{', '.join(absent)} is not installed")
