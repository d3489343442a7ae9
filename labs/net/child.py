"""`python -m labs.net.child MODULE`: one part of a lab in a process of its own; the first line of standard input is its
configuration, one JSON object: it may hold a secret, which an argument would show to everyone.

MODULE has `async def start(tap, tasks, config)`, which returns the addresses it listens on, by name, or a Running that
has commands too (control.py). Lines of JSON on standard output: first `{"ready": addresses}`, then a record for each
passage of bytes and a remark for each `tap.note()`, and `{"sync": n}` in answer to the same on standard input. There
`{"call": n, "do": command, "with": arguments}` is obeyed and answered by `{"call": n, "result": …}` or `"error"`. The
end of standard input ends the process, and on Linux so does the death of its parent, even while it is frozen.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import sys
from io import FileIO
from typing import Any

from labs.net.control import ControlError, Running
from labs.net.loops import quickest_loop
from labs.net.tap import Record, Remark, Tap
from labs.net.tasks import Tasks
from labs.net.tether import die_with_parent, leave_group

PIPE_BYTES = 1024 * 1024  # of records that wait for the lab


def _emit(message: dict[str, object]) -> None:
    data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]


def _emit_record(record: Record | Remark) -> None:
    if isinstance(record, Remark):
        _emit({"t": record.t, "remark": record.text})
        return
    message: dict[str, object] = {
        "t": record.t, "line": record.line, "local": record.local, "remote": record.remote, "way": record.way,
    }  # fmt: skip
    _emit(message | {"hex": record.data.hex()} if record.data else message)


async def _run(module: str, config: dict[str, object], commands: FileIO) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), commands)
    async with Tasks() as tasks:
        started = await importlib.import_module(module).start(Tap(_emit_record), tasks, config)
        running = started if isinstance(started, Running) else Running(started)
        _emit({"ready": running.addresses})
        die_with_parent()
        while line := await reader.readline():
            message = json.loads(line)
            if "call" in message:
                tasks.start(_obey(running, message), "command")
            else:
                _emit(message)
    os._exit(0)  # whatever is still open is the kernel's to close: nothing here has to be saved


async def _obey(running: Running, message: dict[str, Any]) -> None:
    try:
        _emit({"call": message["call"], "result": await running.obey(message["do"], message["with"])})
    except ControlError as error:
        _emit({"call": message["call"], "error": str(error)})


def _widen(pipe: int) -> None:
    """Let a busy reader fall behind without holding up what is recorded here."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # no pipe, or more than this user may have
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def main(module: str) -> None:
    """Run it until the end of standard input. With `quick` in its configuration on the quickest loop there is."""
    leave_group()
    _widen(1)
    commands = FileIO(0)  # unbuffered: what is behind the first line is the loop's to read
    config = json.loads(commands.readline())
    factory = quickest_loop() if config.pop("quick", False) else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_run(module, config, commands))


if __name__ == "__main__":
    main(sys.argv[1])
