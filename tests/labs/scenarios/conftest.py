"""Leaves out what takes minutes, unless it is asked for: a test that is skipped fails CI."""

from tests.effort import STRESS

collect_ignore = [] if STRESS else ["test_again_and_again.py"]
