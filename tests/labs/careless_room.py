"""The chat room of a lab with a server that does all wrong: it dies one write too late, its ACKs delete nothing, it
takes no notice of cursors but for the aged topics, and these it does not trim. A child process."""

from typing import Any

from labs.net import room
from labs.net.control import Running
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from labs.wire.stomp import Frame


class CarelessRoom(room.Room):
    def die(self, after: int) -> None:
        super().die(after + 1)

    async def _obey(self, connection: Any, frame: Frame) -> None:
        if frame.command == "ACK":
            frame = Frame("ACK", tuple(header for header in frame.headers if header[0] == "receipt"))
        await super()._obey(connection, frame)

    async def _catch_up(self, member: room.Member, last_seen: str | None) -> None:
        if member.topic.startswith("/topic/room") and last_seen is not None:
            last_seen = "99"
        await super()._catch_up(member, last_seen)


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    room.Room = CarelessRoom
    return await room.start(tap, tasks, config | {"trimmed": []})
