"""Runs a lab as the program that it is, `ws-tutor lab run NAME --json`, and reads its tape.

A crash of the lab never takes the screen down, and the end of the lab's standard input, however it comes about,
ends the lab and every child of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from labs.tape import MAX_LINE

STOP_SECONDS = 3.0
READ = 64 * 1024
ERRORS_KEPT = 4096  # bytes of standard error, the last ones

_ROOT = str(Path(__file__).parents[2])


def command(name: str, knobs: Mapping[str, str]) -> tuple[str, ...]:
    """The program. -P: a folder called labs where the learner happens to stand must not be taken for this one."""
    settings = [word for knob, value in knobs.items() for word in ("--set", f"{knob}={value}")]
    return (sys.executable, "-P", "-m", "tutor.cli", "lab", "run", name, "--json", *settings)


class LabProcess:
    """One run of one lab: await `run()`; `send()` commands meanwhile; `stop()` at any time."""

    def __init__(self, name: str, knobs: Mapping[str, str]) -> None:
        self.name = name
        self.knobs = dict(knobs)
        self._process: asyncio.subprocess.Process | None = None
        self._errors = b""
        self._stopped = False

    async def run(self, take: Callable[[list[str]], None]) -> str:
        """Run to the end, `take` its lines as they come, in order. What it said last on standard error, or how it
        ended; empty where all went well. Raises OSError where it cannot be started."""
        paths = filter(None, (_ROOT, os.environ.get("PYTHONPATH")))
        self._process = process = await asyncio.create_subprocess_exec(
            *command(self.name, self.knobs),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            process_group=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )
        assert process.stdout is not None and process.stderr is not None
        try:
            if self._stopped:
                return ""
            await asyncio.gather(_read_lines(process.stdout, take), self._keep_errors(process.stderr))
            await process.wait()
        finally:
            await self.stop()
        return self._last_words(process.returncode)

    async def _keep_errors(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(READ):
            self._errors = (self._errors + data)[-ERRORS_KEPT:]

    def _last_words(self, status: int | None) -> str:
        lines = self._errors.decode("utf-8", "replace").strip().splitlines()
        if lines:
            return lines[-1].removeprefix("ws-tutor: ")
        if status is not None and status < 0:
            return f"it was ended by signal {-status}"
        return "" if status in (0, 1) else f"it ended with status {status}"

    async def send(self, command: Mapping[str, object]) -> None:
        """Give the lab a command; one that has ended takes none, and that is no error."""
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            return
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            await self._process.stdin.drain()

    async def stop(self) -> None:
        """End the lab: by the end of its input, and by SIGKILL where that is not enough."""
        self._stopped = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _read_lines(stream: asyncio.StreamReader, take: Callable[[list[str]], None]) -> None:
    """Whole lines, in batches; a line longer than any tape's is cut, so that it is refused as one."""
    rest = bytearray()
    while data := await stream.read(READ):
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            take((bytes(rest) + head).decode("utf-8", "replace").split("\n"))
            rest = bytearray(tail)
        elif len(rest) <= MAX_LINE:
            rest += data
        await asyncio.sleep(0)  # read() does not give way while there is something to read
    if rest:
        take([rest.decode("utf-8", "replace")])
