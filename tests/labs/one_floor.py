"""The server of the heart-beat lab, broken as its config says. Runs as a child process."""

import asyncio
import time
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol

from labs.net import two_floors
from labs.net.control import Running
from labs.net.tap import Tap
from labs.net.tasks import Tasks


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    broken = config["broken"]
    if broken == "wrong-pong":
        Protocol.recv_frame = wrong_pong(Protocol.recv_frame)  # type: ignore[method-assign]
    running = await two_floors.start(tap, tasks, config)
    commands = dict(running.commands)
    if broken == "no-deadlock":
        commands["deadlock"] = lambda: None
    elif broken == "loop-stands-still":
        commands["deadlock"] = lambda: asyncio.get_running_loop().call_later(0.05, time.sleep, 3.5) and None
    return Running(running.addresses, commands)


def wrong_pong(recv_frame: Any) -> Any:
    def recv(self: Protocol, frame: Frame) -> None:
        if frame.opcode is Opcode.PING:
            frame = Frame(Opcode.PING, b"something else"[: len(frame.data) + 1])
        recv_frame(self, frame)

    return recv
