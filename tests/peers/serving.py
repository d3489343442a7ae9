"""`ws-tutor serve` as a process of its own, for clients that nobody here wrote."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 40.0
STOP_SECONDS = 10.0
TETHER = ROOT / "labs" / "net" / "tether.py"


def tethered(program: str, *arguments: str) -> list[str]:
    """A command whose process ends with this one, which an interrupted parallel run kills without a word."""
    path = shutil.which(program)
    assert path, f"{program} is not installed"
    return [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), path, *arguments]


@dataclass
class Served:
    process: subprocess.Popen[str]
    ws: str
    echo: str
    sockjs: str
    http: str
    nodes: list[str]
    pids: list[int]

    @property
    def port(self) -> int:
        return int(self.http.rpartition(":")[2])


@contextlib.contextmanager
def served(*arguments: str, uvloop: bool = True, says: str = "") -> Iterator[Served]:
    """A running server; when it is left the server is told to stop, and must, with status 0 and no more than `says` on
    standard error."""
    code = "import sys, tutor.cli; sys.exit(tutor.cli.main())"
    if not uvloop:
        code = f"import sys; sys.modules['uvloop'] = None; {code}"
    process = subprocess.Popen(
        tethered(sys.executable, "-c", code, "serve", "--json", *arguments),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        watchdog.cancel()
        assert line, process.communicate()[1]
        ready = json.loads(line)
        yield Served(process, ready["ws"], ready["echo"], ready["sockjs"], ready["http"], ready["nodes"],
                     ready.get("pids", []))  # fmt: skip
        if process.poll() is None:
            process.terminate()
            _, errors = process.communicate(timeout=STOP_SECONDS)
            assert (process.returncode, errors) == (0, says)
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()
