"""A server may have as many connections as its user may have files open."""

from __future__ import annotations

import subprocess
import sys

import pytest

resource = pytest.importorskip("resource")
LOOK = "import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))"


@pytest.mark.parametrize(("soft", "after"), [(64, 128), (128, 128)])
def test_the_soft_limit_is_raised_for_this_process_and_those_it_starts(soft: int, after: int) -> None:
    code = (
        "import resource, subprocess, sys; from labs.net.open_files import raise_open_files\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, 128)); raise_open_files()\n"
        f"subprocess.run([sys.executable, '-c', {LOOK!r}], check=True)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == f"{after} 128\n"
