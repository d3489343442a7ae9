"""The network that misbehaves: late, silent, reset, and in order when it is well."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from labs.net import fault_relay
from labs.net.control import Running
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from tests.labs.net.balancing import node, unused
from tests.labs.net.serving import Raw, until


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@contextlib.asynccontextmanager
async def network(target: str, **config: object) -> AsyncIterator[tuple[Running, list[str]]]:
    said: list = []
    async with Tasks() as tasks:
        running = await fault_relay.start(Tap(said.append), tasks, {"routes": {"way": target}, **config})
        yield running, said


@contextlib.asynccontextmanager
async def dialled(running: Running) -> AsyncIterator[Raw]:
    raw = Raw(*await asyncio.open_connection(*running.addresses["way"].split(":")))
    try:
        yield raw
    finally:
        raw.close()


async def test_bytes_pass_and_are_late_by_the_delay_each_way():
    async with node(echo) as target, network(target) as (running, _), dialled(running) as raw:
        raw.send(b"a")
        assert await raw.reader.readexactly(1) == b"a"
        await running.obey("delay", {"route": "way", "seconds": 0.1})
        begun = time.monotonic()
        for letter in (b"b", b"c", b"d"):
            raw.send(letter)
            await asyncio.sleep(0.01)
        raw.writer.write_eof()
        assert await raw.reader.readexactly(3) == b"bcd"
        assert time.monotonic() - begun >= 0.2
        assert await raw.end() == b"", "its end comes behind it, and comes back"


async def test_a_stopped_way_passes_neither_bytes_nor_ends_until_it_goes_on():
    ended = asyncio.Event()

    async def serve(reader, writer):
        await echo(reader, writer)
        ended.set()

    async with node(serve) as target, network(target) as (running, said), dialled(running) as raw:
        raw.send(b"a")
        await raw.reader.readexactly(1)
        await running.obey("stop", {"route": "way"})
        assert "its own kernel still acknowledges" in said[-1].text.replace("this relay's", "its")
        raw.send(b"held")
        raw.writer.write_eof()
        async with dialled(running) as late:
            late.send(b"me too")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await raw.reader.read(1)
            assert not ended.is_set()
            await running.obey("go_on", {"route": "way"})
            assert await raw.end() == b"held"
            assert await late.reader.readexactly(6) == b"me too"
        await until(ended.is_set, "the end has arrived")


async def test_a_reset_is_seen_as_one():
    async with node(echo) as target, network(target) as (running, _), dialled(running) as raw:
        raw.send(b"a")
        await raw.reader.readexactly(1)
        await running.obey("reset", {"route": "way"})
        with pytest.raises(ConnectionResetError):
            await raw.end()


async def test_a_silent_connection_is_cut():
    async with node(echo) as target, network(target, idle=0.1) as (running, _), dialled(running) as raw:
        assert await raw.end() == b""


async def test_a_way_can_lead_elsewhere_and_a_dead_end_is_told():
    async with node(echo) as target, network(await unused()) as (running, _):
        async with dialled(running) as raw:
            with contextlib.suppress(ConnectionResetError):
                assert await raw.end() == b""
        await running.obey("lead", {"route": "way", "target": target})
        async with dialled(running) as raw:
            raw.send(b"a")
            assert await raw.reader.readexactly(1) == b"a"
