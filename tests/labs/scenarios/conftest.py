"""Leaves out what takes minutes, unless it is asked for: a test that is skipped fails CI."""

import os

collect_ignore = [] if os.environ.get("WS_TUTOR_STRESS") == "1" else ["test_again_and_again.py"]
