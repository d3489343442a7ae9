"""Children end with the lab, however it ends; what they import is lean."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labs.net.processes import Cast, ProcessError
from labs.net.tap import Record
from labs.net.tasks import Tasks
from tests.labs.waiting import until

IMPOSTOR = "labs.net.impostor"


def alive(pid: int) -> bool:
    """Whether the process still runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def gone(*pids: int) -> None:
    await until(lambda: not any(map(alive, pids)))


async def test_a_child_listens_answers_barriers_and_ends() -> None:
    records: list[tuple[str, Record]] = []
    async with Tasks() as tasks:
        cast = Cast(tasks, lambda part, record: records.append((part, record)))
        child = await cast.spawn("server", IMPOSTOR, {"mode": "wrong"})
        _, writer = await asyncio.open_connection(*child.address.split(":"))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(5):
            while [record.way for _, record in records] != ["accept", "in", "out"]:
                moment = await cast.barrier()
                assert moment <= time.monotonic()
        assert {part for part, _ in records} == {"server"}
        writer.close()
        await cast.aclose()
    assert child.process.returncode == 0


async def test_a_frozen_child_does_not_hold_the_lab_up(monkeypatch) -> None:
    """Neither one that was asked before it froze, nor one that is asked meanwhile, nor its end."""
    monkeypatch.setattr("labs.net.processes.BARRIER_SECONDS", 60)
    monkeypatch.setattr("labs.net.processes.STOP_SECONDS", 60)
    async with Tasks() as tasks:
        cast = Cast(tasks, lambda part, record: None)
        child = await cast.spawn("server", IMPOSTOR, {"mode": "wrong"})
        os.kill(child.process.pid, signal.SIGSTOP)
        asked = tasks.start(cast.barrier(), "barrier")
        await asyncio.sleep(0)
        child.freeze()
        async with asyncio.timeout(20):
            await asked
            await cast.barrier()
            child.thaw()
            await cast.barrier()
            child.freeze()
            await cast.aclose()
    assert not alive(child.process.pid)


async def test_a_module_that_is_not_there_is_told() -> None:
    async with Tasks() as tasks:
        cast = Cast(tasks, lambda part, record: None)
        with pytest.raises(ProcessError, match="server did not start: ModuleNotFoundError"):
            await cast.spawn("server", "labs.net.nowhere", {})
        await cast.aclose()


async def start_lab() -> tuple[asyncio.subprocess.Process, list[int]]:
    """A masking lab that waits at its first prediction, with its own pid and its child's."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tutor.cli", "lab", "run", "masking", "--json"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    pids: list[int] = []
    async with asyncio.timeout(20):
        while True:
            line = await process.stdout.readline()
            assert line, await process.stderr.read()
            if b'"kind":"part"' in line:
                pids.append(int(line.split(b'"pid":')[1].split(b",")[0]))
            if b'"kind":"predict"' in line:
                return process, [pid for pid in pids if pid != process.pid]


@pytest.mark.parametrize("frozen", [False, True])
async def test_kill_9_of_the_lab_leaves_no_child(frozen: bool) -> None:
    process, children = await start_lab()
    assert children and all(map(alive, children))
    if frozen:
        if sys.platform != "linux":
            process.kill()
            pytest.skip("a frozen child ends with its parent on Linux only")
        for pid in children:
            os.kill(pid, signal.SIGSTOP)
    process.kill()
    await process.wait()
    await gone(*children)


async def test_a_commander_that_leaves_ends_a_lab_with_auto_too() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tutor.cli", "lab", "run", "handshake", "--auto", "--json", "--set", "client=browser"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(20):
        while b"Open http://" not in await process.stdout.readline():
            pass
        process.stdin.close()
        rest = await process.stdout.read()
        assert await process.wait() == 2
    assert b"its commands ended" in rest.splitlines()[-1]
    assert (await process.stderr.read()) == b""


async def test_the_end_of_standard_input_ends_the_lab_and_its_children() -> None:
    process, children = await start_lab()
    process.stdin.close()
    rest = await asyncio.wait_for(process.stdout.read(), 5)
    assert b"its commands ended before the lab did" in rest.splitlines()[-1]
    assert await process.wait() == 2
    assert (await process.stderr.read()) == b""
    await gone(*children)


async def test_a_reader_that_goes_away_ends_the_lab_quietly() -> None:
    process, children = await start_lab()
    process._transport.get_pipe_transport(1).close()
    process.stdin.write(b'{"do": "answer", "id": "different-keys", "value": 64}\n')
    async with asyncio.timeout(5):
        assert (await process.stderr.read()) == b""
        assert await process.wait() == 0
    await gone(*children)


async def test_ctrl_c_ends_the_lab_within_a_second() -> None:
    process, children = await start_lab()
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    rest = await asyncio.wait_for(process.stdout.read(), 5)
    assert await process.wait() == 130
    assert time.monotonic() - begun < 3, "a second, with room for a busy machine"
    assert b'"error":"interrupted"' in rest.splitlines()[-1]
    assert (await process.stderr.read()) == b""
    await gone(*children)


def test_a_child_loads_neither_screen_nor_models() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, labs.net.child, labs.net.server, labs.net.impostor; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {"textual", "pydantic", "yaml", "rich", "labs.stage", "labs.catalog", "tutor"} & set(loaded)
