"""The real HAProxy in place of balancer.py, where it is installed, with a configuration that is made here and shown.
Runs as a child process of a lab, with the same config and commands as far as HAProxy has them.

Its bytes are not recorded at its end, since it is a program of others: only the ends of the parts beside it are.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labs.net.control import ControlError, Running
from labs.net.tap import Tap, address_of
from labs.net.tasks import Tasks

START_SECONDS = 5.0
ASK_SECONDS = 1.0  # until it is asked again whether it has started
PROGRAM = "haproxy"
_TETHER = str(Path(__file__).with_name("tether.py"))
_CONFIG = """\
global
    maxconn 4096
    stats socket sockpair@{admin} level admin
defaults
    mode http
    option forwardfor
    option redispatch
    retries 2
    timeout connect 2s
    timeout client 60s
    timeout server {answer}ms
    timeout check {timeout}ms
    timeout tunnel {idle}ms
    timeout client-fin 10s
frontend clients
    bind fd@{listener}
    {sessions}
    default_backend nodes
backend nodes
    balance leastconn
    {check}
    {cookie}
    default-server check inter {every}ms fall {fall} rise {rise}
{servers}
"""
_COOKIE = """\
cookie ws_node insert indirect nocache httponly dynamic {attributes}
    dynamic-cookie-key {key}
    ignore-persist if !{{ req.hdr(upgrade) -i websocket }}"""
# All requests of a SockJS session over HTTP have to reach the same node, also of a client that keeps no cookie.
_SESSIONS = "use_backend sockjs if { path_reg ^/[^/]+/[^/.]+/[^/.]+/[a-z_]+$ } !{ path_end /websocket }"
_SOCKJS = """\
backend sockjs
    balance hash path,field(4,/)
    hash-type consistent
{servers}
"""


def configuration(config: dict[str, Any], *, listener: int, admin: int) -> str:
    """The configuration that does what balancer.Options of the same names do. `listener` and `admin`: inherited
    sockets."""
    checks = config.get("checks", {})
    age = config.get("cookie_age", 3600)
    attributes = f'attr "Max-Age={age}" attr "SameSite=Lax"' if age else 'attr "SameSite=Lax"'
    sticky = config.get("sticky", True)
    servers = [f"    server {name} {address}" for name, address in config["backends"].items()]
    tracking = [f"{server} track nodes/{name}" for server, name in zip(servers, config["backends"], strict=True)]
    text = _CONFIG.format(
        admin=admin, listener=listener, servers="\n".join(servers),
        timeout=round(1000 * checks.get("timeout", 1.0)), every=round(1000 * checks.get("every", 1.0)),
        answer=round(1000 * config.get("answer", 60.0)),
        idle=round(1000 * config.get("idle", 3600.0)), fall=config.get("fall", 2), rise=config.get("rise", 1),
        check=f"option httpchk GET {checks.get('path', '/health')}" if checks.get("kind", "http") == "http" else "",
        cookie=_COOKIE.format(attributes=attributes, key=secrets.token_hex(16)) if sticky else "",
        sessions=_SESSIONS if sticky else "",
    )  # fmt: skip
    return text + (_SOCKJS.format(servers="\n".join(tracking)) if sticky else "")


class Admin:
    """HAProxy's own command line. It takes connections that come over `pair`, one end of a pair: nothing is left in
    the file system, whoever is killed."""

    def __init__(self, pair: socket.socket, *, sticky: bool) -> None:
        self._pair = pair
        self._backends = ("nodes", "sockjs") if sticky else ("nodes",)

    async def ask(self, command: str) -> str:
        """What it answers; raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._pair, [b"\0"], [theirs.fileno()])
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            writer.write(f"{command}\n".encode())
            return (await reader.read()).decode(errors="replace").strip()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def drain(self, node: str) -> None:
        """The node gets no new connections, not even bound ones, which HAProxy's own `drain` would let through."""
        await self._set(node, "maint")

    async def undrain(self, node: str) -> None:
        """The node gets connections again."""
        await self._set(node, "ready")

    async def join(self, node: str, address: str) -> None:
        """The node is at another address now."""
        host, _, port = address.rpartition(":")
        for backend in self._backends:
            await self._tell(f"set server {backend}/{node} addr {host} port {port}", done="changed")

    async def _set(self, node: str, state: str) -> None:
        await self._tell(f"set server nodes/{node} state {state}")

    async def _tell(self, command: str, done: str = "") -> None:
        answer = await self.ask(command)
        if answer and not (done and done in answer):
            raise ControlError(answer.splitlines()[0])


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> Running:
    """Start HAProxy on a free port of loopback; raises RuntimeError where there is none, or it does not start."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise RuntimeError("HAProxy is not installed here (apt install haproxy); balancer=builtin does without")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    pair, theirs = socket.socketpair()
    text = configuration(config, listener=listener.fileno(), admin=theirs.fileno())
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", _TETHER, str(os.getpid()), program, "-db", "-f", "/dev/stdin"),
            pass_fds=(listener.fileno(), theirs.fileno()), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(text.encode())
    process.stdin.close()
    tasks.start(_keep(process), "HAProxy")
    admin = Admin(pair, sticky=config.get("sticky", True))
    await _ready(process, admin)
    for section in _shown(text):
        tap.note(section)
    commands: dict[str, Callable[..., Any]] = {"drain": admin.drain, "undrain": admin.undrain, "join": admin.join}
    return Running({"main": address_of(listener.getsockname())}, commands)


def _shown(text: str) -> list[str]:
    """A line for each section, without its secret and without paths of this machine."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith(("stats socket", "dynamic-cookie-key"))]
    sections = re.split(r"\n(?=\S)", "\n".join(kept).strip())
    return [" | ".join(part.strip() for part in section.splitlines() if part.strip()) for section in sections]


async def _ready(process: asyncio.subprocess.Process, admin: Admin) -> None:
    end = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < end:
        if process.returncode is not None:
            assert process.stderr is not None
            words = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"HAProxy did not start: {words[-1] if words else process.returncode}")
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(ASK_SECONDS):
                if await admin.ask("show info"):
                    return
        await asyncio.sleep(0.02)
    raise RuntimeError(f"HAProxy did not start within {START_SECONDS:g} s")


async def _keep(process: asyncio.subprocess.Process) -> None:
    try:
        await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
