"""The lab's side of its child processes: start, barrier, end. None outlives the lab, whatever kills it (child.py)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labs.net.tap import Record, Remark
from labs.net.tasks import Tasks

START_SECONDS = 30.0  # on a machine that is busy with other things too
BARRIER_SECONDS = 1.0  # a process that is busy for longer is passed over, as one is that is frozen
CALL_SECONDS = 5.0  # for a command to be obeyed
STOP_SECONDS = 0.5
LINE_LIMIT = 4 * 1024 * 1024
STDERR_KEPT = 4096

# Elsewhere the clocks of two processes need not agree, and a record is stamped when it arrives.
SHARED_CLOCK = sys.platform in ("linux", "darwin")

_NUMBERS = itertools.count(1)
_ROOT = str(Path(__file__).parents[2])


class ProcessError(RuntimeError):
    """A child that did not start, or ended when nobody asked it to."""


@dataclass(eq=False, slots=True)
class Child:
    """A part in a process of its own. `addresses` are those it listens on, by name, each `ip:port`; `module` and
    `config` are what it was started with. `ending`: it is meant to end."""

    id: str
    process: asyncio.subprocess.Process
    module: str = ""
    config: dict[str, object] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    started: bool = False
    ending: bool = False
    frozen: bool = False
    errors: bytes = b""
    over: asyncio.Event = field(default_factory=asyncio.Event)  # it has ended, and that was told
    _syncs: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    _calls: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The only address, or the one named `main`."""
        return self.addresses["main"]

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    @property
    def answers(self) -> bool:
        """Whether it has started, and is neither frozen nor at its end. Before that nothing can have reached it."""
        return self.started and not self.frozen and self.running

    def ask(self, number: int) -> asyncio.Future[None]:
        """Ask for an answer to sync `number`."""
        self._syncs[number] = answered = asyncio.get_running_loop().create_future()
        self._write({"sync": number})
        return answered

    async def call(self, command: str, *, within: float = CALL_SECONDS, **arguments: object) -> Any:
        """Have the part obey one of its commands, and return what it answers; raises ProcessError, also when that
        takes longer than `within` seconds."""
        number = next(_NUMBERS)
        self._calls[number] = answered = asyncio.get_running_loop().create_future()
        self._write({"call": number, "do": command, "with": arguments})
        try:
            async with asyncio.timeout(within):
                return await answered
        except TimeoutError:
            raise ProcessError(f"{self.id} did not obey {command} within {within:g} s") from None
        finally:
            self._calls.pop(number, None)

    def called(self, message: dict[str, Any]) -> None:
        """The answer to a call."""
        answered = self._calls.get(message["call"])
        if answered is None or answered.done():
            return
        if "error" in message:
            answered.set_exception(ProcessError(f"{self.id}: {message['error']}"))
        else:
            answered.set_result(message["result"])

    def _write(self, message: dict[str, object]) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def answer(self, number: int) -> None:
        answered = self._syncs.pop(number, None)
        if answered is not None and not answered.done():
            answered.set_result(None)

    def answer_all(self) -> None:
        """It has ended, or is frozen: whatever was asked is answered by that."""
        for number in list(self._syncs):
            self.answer(number)

    def hang_up(self) -> None:
        """It has ended: no command will be obeyed."""
        for answered in self._calls.values():
            if not answered.done():
                answered.set_exception(ProcessError(f"{self.id} has ended"))

    def freeze(self) -> None:
        """Stop it where it stands (SIGSTOP): its kernel goes on, it does not."""
        self.frozen = True
        self.process.send_signal(signal.SIGSTOP)
        self.answer_all()

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self.frozen = False
        self.process.send_signal(signal.SIGCONT)

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
        take: Callable[[str, Record | Remark], None],
        ended: Callable[[Child], None] = lambda child: None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._tasks = tasks
        self._take = take
        self._ended = ended
        self._meanwhile: Callable[[], None] | None = meanwhile
        self._children: list[Child] = []

    async def spawn(self, id: str, module: str, config: dict[str, object]) -> Child:
        """Start `module` as part `id` and wait until it listens; raises ProcessError."""
        paths = [_ROOT, os.environ.get("PYTHONPATH", "")]
        process = await asyncio.create_subprocess_exec(
            # -P: a folder called labs where the learner happens to stand must not be taken for this one.
            *(sys.executable, "-P", "-m", "labs.net.child", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(config).encode() + b"\n")
        if self._meanwhile is not None:
            self._meanwhile()
            self._meanwhile = None
        child = Child(id, process, module, config)
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
            elif "call" in message:
                child.called(message)
            elif not ready.done():
                child.started = True
                ready.set_result(message["ready"])
        await child.process.wait()
        child.answer_all()
        child.hang_up()
        if not ready.done():
            ready.set_exception(ProcessError(f"{child.id} did not start: {last_words(child)}"))
        self._ended(child)
        child.over.set()

    async def barrier(self) -> float:
        """The monotonic moment up to which every record of every process that answers has been taken."""
        moment = time.monotonic()
        number = next(_NUMBERS)
        asked = [child.ask(number) for child in self._children if child.answers]
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
            if child.frozen:  # it would not read the end
                child.kill()
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


def _record(message: dict[str, Any]) -> Record | Remark:
    at = float(message["t"]) if SHARED_CLOCK else time.monotonic()
    if "remark" in message:
        return Remark(at, message["remark"])
    data = bytes.fromhex(message.get("hex", ""))
    return Record(at, message["line"], message["local"], message["remote"], message["way"], data)
