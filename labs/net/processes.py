"""The lab's side of its child processes: start, barrier, end. None outlives the lab, whatever kills it (child.py)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from labs.net.tap import Record
from labs.net.tasks import Tasks

START_SECONDS = 10.0
BARRIER_SECONDS = 1.0  # a process that is busy or frozen for longer is passed over
STOP_SECONDS = 0.5
LINE_LIMIT = 4 * 1024 * 1024
STDERR_KEPT = 4096

# Elsewhere the clocks of two processes need not agree, and a record is stamped when it arrives.
SHARED_CLOCK = sys.platform in ("linux", "darwin")

_ROOT = str(Path(__file__).parents[2])


class ProcessError(RuntimeError):
    """A child that did not start, or ended when nobody asked it to."""


@dataclass(eq=False, slots=True)
class Child:
    """A running part. `addresses` are those it listens on, by name, each `ip:port`."""

    id: str
    process: asyncio.subprocess.Process
    addresses: dict[str, str] = field(default_factory=dict)
    ending: bool = False
    errors: bytes = b""
    _syncs: dict[int, asyncio.Future[None]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The only address, or the one named `main`."""
        return self.addresses["main"]

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    def ask(self, number: int) -> asyncio.Future[None]:
        """Ask for an answer to sync `number`."""
        self._syncs[number] = answered = asyncio.get_running_loop().create_future()
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(b'{"sync":%d}\n' % number)
        return answered

    def answer(self, number: int) -> None:
        answered = self._syncs.pop(number, None)
        if answered is not None and not answered.done():
            answered.set_result(None)

    def answer_all(self) -> None:
        """It has ended: whatever was asked is answered by that."""
        for number in list(self._syncs):
            self.answer(number)

    def kill(self) -> None:
        """End it at once."""
        self.ending = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()


class Cast:
    """All child processes of one lab. Records go to `take(part, record)`; `ended(child)` is told of each end.

    `meanwhile` is work that blocks, done once, while the first of them starts.
    """

    def __init__(
        self,
        tasks: Tasks,
        take: Callable[[str, Record], None],
        ended: Callable[[Child], None] = lambda child: None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._tasks = tasks
        self._take = take
        self._ended = ended
        self._meanwhile: Callable[[], None] | None = meanwhile
        self._children: list[Child] = []
        self._numbers = itertools.count(1)

    async def spawn(self, id: str, module: str, config: dict[str, object]) -> Child:
        """Start `module` as part `id` and wait until it listens; raises ProcessError."""
        paths = [_ROOT, os.environ.get("PYTHONPATH", "")]
        process = await asyncio.create_subprocess_exec(
            # -P: a folder called labs where the learner happens to stand must not be taken for this one.
            *(sys.executable, "-P", "-m", "labs.net.child", module, json.dumps(config)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            process_group=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        if self._meanwhile is not None:
            self._meanwhile()
            self._meanwhile = None
        child = Child(id, process)
        self._children.append(child)
        self._tasks.start(_keep_errors(child), f"{id}: standard error")
        ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self._tasks.start(self._read(child, ready), f"{id}: records")
        try:
            async with asyncio.timeout(START_SECONDS):
                child.addresses = await ready
        except TimeoutError:
            raise ProcessError(f"{id} did not start within {START_SECONDS:g} s") from None
        return child

    async def _read(self, child: Child, ready: asyncio.Future[dict[str, str]]) -> None:
        assert child.process.stdout is not None
        while line := await child.process.stdout.readline():
            message = json.loads(line)
            if "t" in message:
                self._take(child.id, _record(message))
            elif "sync" in message:
                child.answer(message["sync"])
            elif not ready.done():
                ready.set_result(message["ready"])
        await child.process.wait()
        child.answer_all()
        if not ready.done():
            ready.set_exception(ProcessError(f"{child.id} did not start: {last_words(child)}"))
        self._ended(child)

    async def barrier(self) -> float:
        """The monotonic moment up to which every record of every process that answers has been taken."""
        moment = time.monotonic()
        number = next(self._numbers)
        asked = [child.ask(number) for child in self._children if child.running]
        if asked:
            await asyncio.wait(asked, timeout=BARRIER_SECONDS)
        return moment

    async def aclose(self) -> None:
        """End every child: politely by the end of its standard input, then by force."""
        running = [child for child in self._children if child.running]
        for child in running:
            child.ending = True
            assert child.process.stdin is not None
            child.process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                for child in running:
                    await child.process.wait()
        for child in running:
            if child.running:
                child.kill()
                await child.process.wait()


def last_words(child: Child) -> str:
    """Why a process ended: the last line of its standard error, or its exit status."""
    lines = child.errors.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else f"it ended with status {child.process.returncode}"


async def _keep_errors(child: Child) -> None:
    assert child.process.stderr is not None
    while data := await child.process.stderr.read(STDERR_KEPT):
        child.errors = (child.errors + data)[-STDERR_KEPT:]


def _record(message: dict[str, object]) -> Record:
    return Record(
        t=float(message["t"]) if SHARED_CLOCK else time.monotonic(),  # type: ignore[arg-type]
        line=int(message["line"]),  # type: ignore[call-overload]
        local=str(message["local"]),
        remote=str(message["remote"]),
        way=message["way"],  # type: ignore[arg-type]
        data=bytes.fromhex(str(message.get("hex", ""))),
    )
