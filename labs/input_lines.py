"""Lines of standard input for an asyncio program, whatever standard input is: pipe, terminal, file, nothing.

Read by a daemon thread on the bare descriptor: the event loop cannot watch files, and would leave a terminal
non-blocking.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections.abc import AsyncIterator

READ = 64 * 1024
WAITING = 64  # lines that are read ahead at most


class InputLines:
    """Lines of the descriptor, without their ends, each cut after `longest` characters and one more.

    `over` says whether the input was at its end from the start.
    """

    def __init__(self, longest: int, descriptor: int = 0) -> None:
        self._longest = longest
        self._descriptor = descriptor
        self._start = b""
        self.over = self._at_end()

    def _at_end(self) -> bool:
        try:
            if not select.select([self._descriptor], [], [], 0)[0]:
                return False
            self._start = os.read(self._descriptor, READ)
        except OSError:
            return True
        return not self._start

    async def __aiter__(self) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        slots = threading.Semaphore(WAITING)
        threading.Thread(target=self._read, args=(loop, lines, slots), name="input", daemon=True).start()
        while (line := await lines.get()) is not None:
            slots.release()
            yield line

    def _read(
        self, loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None], slots: threading.Semaphore
    ) -> None:
        def put(line: str | None) -> None:
            slots.acquire()
            loop.call_soon_threadsafe(lines.put_nowait, line)

        buffer = b""
        try:
            data = b"" if self.over else self._start or os.read(self._descriptor, READ)
            while data:
                *whole, buffer = (buffer + data).split(b"\n")
                buffer = buffer[: 4 * self._longest + 4]  # of a line that is too long, enough to say so
                for line in whole:
                    put(line.decode(errors="replace")[: self._longest + 1])
                data = os.read(self._descriptor, READ)
            if buffer:
                put(buffer.decode(errors="replace")[: self._longest + 1])
            put(None)
        except OSError:
            put(None)
        except RuntimeError:
            return  # the loop is closed: nobody listens any more
