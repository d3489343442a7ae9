"""What the server is measured against: the websockets library alone, compression off, on the same event loop.

`python -m tests.bench.bare` prints its port. `/listen` waits for what `/publish` says, broadcast to all; what
`/produce` sends goes to the latest `/consume`; `/echo` comes back; `/idle` waits. It runs until it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

from labs.net.loops import quickest_loop

listeners: set[ServerConnection] = set()
consumers: list[ServerConnection] = []


async def handle(connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):  # clients here just go away
        await serve_path(connection)


async def serve_path(connection: ServerConnection) -> None:
    assert connection.request is not None
    match connection.request.path:
        case "/publish":
            async for message in connection:
                broadcast(listeners, message)
        case "/produce":
            async for message in connection:
                await consumers[-1].send(message)
        case "/echo":
            async for message in connection:
                await connection.send(message)
        case "/listen":
            listeners.add(connection)
            await connection.wait_closed()
            listeners.discard(connection)
        case "/consume":
            consumers.append(connection)
            await connection.wait_closed()
        case _:
            await connection.wait_closed()


async def main() -> None:
    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=1024) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=quickest_loop()) as runner:
        runner.run(main())
