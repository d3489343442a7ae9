"""A proxy that understands Upgrade: it passes bytes on and keeps nothing. A child process of the masking lab."""

from typing import Any

from labs.net import streams
from labs.net.streams import Stream, listen
from labs.net.tap import Tap
from labs.net.tasks import Tasks, together


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    addresses = {}
    for name, target in config["routes"].items():

        async def serve(stream: Stream, target: str = target) -> None:
            other = await streams.dial(tap, target)
            await together(pump(stream, other), pump(other, stream))

        addresses[name] = await listen(tap, tasks, serve)
    return addresses


async def pump(source: Stream, sink: Stream) -> None:
    while data := await source.read():
        await sink.write(data)
    await sink.close()
