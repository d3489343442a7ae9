"""Runs a lab as the program that it is, `ws-tutor lab run NAME --json`, and reads its tape.

A crash of the lab never takes the screen down, and the end of the lab's standard input, however it comes about,
ends the lab and every child of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping

STOP_SECONDS = 3.0
LINE_LIMIT = 32 * 1024 * 1024


class LabProcess:
    """One run of one lab. Read `lines()` to the end; `send()` commands meanwhile; `stop()` at any time."""

    def __init__(self, name: str, knobs: Mapping[str, str]) -> None:
        self.name = name
        self.knobs = dict(knobs)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def lines(self) -> AsyncIterator[str]:
        """Start the lab and yield the lines of its tape until it ends. OSError where it cannot be started."""
        settings = [word for name, value in self.knobs.items() for word in ("--set", f"{name}={value}")]
        command = [sys.executable, "-m", "tutor.cli", "lab", "run", self.name, "--json", *settings]
        self._process = process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            process_group=0,
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                yield line.decode("utf-8", "replace").rstrip("\n")
        finally:
            await self.stop()

    async def said(self) -> str:
        """The last line that the ended lab wrote to standard error, or nothing."""
        if self._process is None or self._process.stderr is None:
            return ""
        text = (await self._process.stderr.read(65536)).decode("utf-8", "replace").strip()
        return text.rpartition("\n")[2]

    async def send(self, command: Mapping[str, object]) -> None:
        """Give the lab a command; one that has ended takes none, and that is no error."""
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            return
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            await self._process.stdin.drain()

    async def stop(self) -> None:
        """End the lab: by the end of its input, and by SIGKILL where that is not enough."""
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
