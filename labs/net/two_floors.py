"""A WebSocket server on two floors: its loop reads, and answers pings; a worker thread answers messages. Runs as a
child process; the command `deadlock` stops the worker for ever, and only the worker; `replace` gives its place to
another thread."""

from __future__ import annotations

import asyncio
import queue
import threading
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from labs.net.control import Running
from labs.net.quiet import quiet_logger
from labs.net.server import CLOSE_SECONDS, MAX_SIZE, OPEN_SECONDS, tapped
from labs.net.tap import Tap, address_of
from labs.net.tasks import Tasks

_LOCK_SECONDS = 5.0  # for the two threads to stand still


class Worker:
    """One thread that does what it is given, in order."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Any]
        self.replace()

    def replace(self) -> None:
        """Another thread takes over; what the first has not begun is forgotten."""
        self._jobs = queue.SimpleQueue()
        threading.Thread(target=self._work, args=(self._jobs,), name="worker", daemon=True).start()

    @staticmethod
    def _work(jobs: queue.SimpleQueue[Any]) -> None:
        while True:
            jobs.get()()

    async def do(self, job: Any) -> Any:
        """The result of `job`, which the worker runs."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        self._jobs.put(lambda: loop.call_soon_threadsafe(done.set_result, job()))
        return await done

    async def deadlock(self) -> None:
        """Two threads, two locks, taken in opposite order: the worker is one of the two."""
        orders, stock, both_held = threading.Lock(), threading.Lock(), threading.Barrier(3)

        def take(first: threading.Lock, second: threading.Lock) -> None:
            with first:
                both_held.wait(_LOCK_SECONDS)
                with second:  # the other thread holds it, and waits for `first`
                    pass

        threading.Thread(target=take, args=(stock, orders), name="clerk", daemon=True).start()
        self._jobs.put(lambda: take(orders, stock))
        await asyncio.to_thread(both_held.wait, _LOCK_SECONDS)


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Listen on a free port of loopback; /health is answered by the loop."""
    worker = Worker()

    async def answer(connection: ServerConnection) -> None:
        try:
            async for message in connection:
                await connection.send(await worker.do(lambda message=message: message))
        except ConnectionClosed:
            pass  # how it ended is on the tape

    def health(connection: ServerConnection, request: Request) -> Response | None:
        if request.path != "/health":
            return None
        return connection.respond(HTTPStatus.OK, "up\n")

    server = await serve(
        answer, "127.0.0.1", 0, create_connection=tapped(tap), process_request=health, server_header=None,
        logger=quiet_logger(), compression=None, max_size=MAX_SIZE, open_timeout=OPEN_SECONDS,
        close_timeout=CLOSE_SECONDS, ping_interval=None,
    )  # fmt: skip
    # It serves as long as the process runs: to close it would be to wait for a worker that stands still.
    return Running(
        {"main": address_of(server.sockets[0].getsockname())}, {"deadlock": worker.deadlock, "replace": worker.replace}
    )
