"""The balancer against HAProxy and against none, by turns, in front of one `ws-tutor serve`: handshakes a second, round
trips a second on many connections, bytes a second on one. Each as a ratio to none.

The client is one Python process, and so is the server: what the ratio says of HAProxy is that it is not what limits.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from labs.net import haproxy
from labs.net.balancer import Balancer, Options
from labs.net.tap import Tap, address_parts
from labs.net.tasks import Tasks
from labs.wire.frames import BINARY, encode_frame
from labs.wire.handshake import build_request, upgrade_headers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
REQUEST = build_request("/echo", upgrade_headers(KEY), host="127.0.0.1")
SMALL = encode_frame(BINARY, bytes(128), mask_key=b"abcd")
LARGE_PAYLOAD = 64 * 1024
LARGE = encode_frame(BINARY, bytes(LARGE_PAYLOAD), mask_key=b"abcd")
CONNECTIONS = 50

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(address: str) -> Stream:
    host, port = address_parts(address)
    reader, writer = await asyncio.open_connection(host, port, limit=1024 * 1024)
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head
    return reader, writer


async def handshakes(address: str, seconds: float) -> float:
    """Connections opened, upgraded and closed, a second; eight at a time."""
    end, count = time.perf_counter() + seconds, 0

    async def work() -> None:
        nonlocal count
        while time.perf_counter() < end:
            _, writer = await connect(address)
            writer.transport.abort()
            count += 1

    await asyncio.gather(*(work() for _ in range(8)))
    return count / seconds


async def round_trips(address: str, seconds: float) -> float:
    """Small messages echoed, a second, one at a time on each of many connections."""
    streams = [await connect(address) for _ in range(CONNECTIONS)]
    end, count = time.perf_counter() + seconds, 0

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while time.perf_counter() < end:
            writer.write(SMALL)
            await reader.readexactly(len(SMALL) - 4)
            count += 1

    await asyncio.gather(*(work(*stream) for stream in streams))
    for _, writer in streams:
        writer.transport.abort()
    return count / seconds


async def bulk(address: str, seconds: float) -> float:
    """MiB a second echoed on one connection, eight messages in flight."""
    reader, writer = await connect(address)
    end, count = time.perf_counter() + seconds, 0
    for _ in range(8):
        writer.write(LARGE)
    while time.perf_counter() < end:
        await reader.readexactly(len(LARGE) - 4)
        writer.write(LARGE)
        count += 1
    writer.transport.abort()
    return count * LARGE_PAYLOAD / seconds / 2**20


MEASURES: dict[str, tuple[Callable[[str, float], Awaitable[float]], str]] = {
    "handshakes": (handshakes, "/s"), "round trips": (round_trips, "/s"), "bulk": (bulk, "MiB/s"),
}  # fmt: skip


@contextlib.asynccontextmanager
async def process(*words: str) -> AsyncIterator[str]:
    """A program that prints one line of JSON when it is ready, and ends with the block; gives that line."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", *words, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    try:
        yield (await child.stdout.readline()).decode()
    finally:
        child.kill()
        await child.wait()


async def balance(node: str) -> None:
    """Run the balancer in this process, untapped, as `serve` does."""
    async with Tasks() as tasks:
        print(json.dumps(await Balancer({"node": node}, Options(), tasks).listen()), flush=True)
        await asyncio.Event().wait()


async def measure(rounds: int, seconds: float) -> dict[str, dict[str, list[float]]]:
    async with process("tutor.cli", "serve", "--json") as ready, Tasks() as tasks:
        node = json.loads(ready)["http"].removeprefix("http://")
        async with process("tests.bench.balancer", "--balance", node) as own:
            cases = {"none": node, "builtin": json.loads(own)}
            if shutil.which(haproxy.PROGRAM):
                running = await haproxy.start(Tap(lambda record: None), tasks, {"backends": {"node": node}})
                cases["haproxy"] = running.addresses["main"]
            found: dict[str, dict[str, list[float]]] = {name: {case: [] for case in cases} for name in MEASURES}
            for turn in range(rounds):
                for name, (run, _) in MEASURES.items():
                    for case in rotated(list(cases), turn):  # what came first would always meet the same load
                        found[name][case].append(await run(cases[case], seconds))
            return found


def rotated(names: list[str], turn: int) -> list[str]:
    return names[turn % len(names) :] + names[: turn % len(names)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--balance", metavar="ADDRESS", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.balance:
        asyncio.run(balance(args.balance))
        return
    for name, cases in asyncio.run(measure(args.rounds, args.seconds)).items():
        none = statistics.median(cases["none"])
        for case, values in cases.items():
            middle, unit = statistics.median(values), MEASURES[name][1]
            print(f"{name:12} {case:8} {middle:10,.0f} {unit:6} {middle / none:5.2f} × none")


if __name__ == "__main__":
    main()
