"""`ws-tutor serve` beside the websockets library alone, by turns in one run: `python -m tests.bench.serve [PART…]`.

Parts: fan-out, queue, latency, memory; without one all of them. The client is a third process and counts bytes. Rates
are medians; beside them what the server's own CPU seconds would carry, which tells more where the machine is shared.

What others did on a quiet machine with two cores, a second: RabbitMQ 54,000 deliveries to 100 subscribers, 32,000
messages through a queue, 22,000 acknowledged; there broadcast() to 1,000 reached 110,000, and a bare server that passes
messages on 64,000.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.bench.light import END, Audience, connect, consume, frame, read_until, session, stomp
from tests.peers.serving import served

ROUNDS = 5
BODY = b"x" * 128
TOPIC = "destination:/topic/bench"
SEND = stomp("SEND", TOPIC, "content-type:text/plain", body=BODY)
QUEUED = stomp("SEND", "destination:/queue/bench", "content-type:text/plain", body=BODY)
LIMITS = ("--set", "frames-per-second=1000000", "--set", "frames-burst=10000000")
SESSIONS = 10_000
FILES_LEFT = 400  # that a process needs beside its connections


class Served(NamedTuple):
    """A server that runs."""

    port: int
    pid: int


@contextlib.contextmanager
def bare() -> Iterator[Served]:
    """The library's."""
    command = [sys.executable, "-m", "tests.bench.bare"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Served(int(process.stdout.readline()), process.pid)
        process.kill()


@contextlib.contextmanager
def ours() -> Iterator[Served]:
    """`ws-tutor serve`."""
    with served(*LIMITS) as server:
        yield Served(server.port, server.process.pid)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one thing many times: the median of its seconds, and the seconds of the server's CPU."""

    seconds: float
    cpu: float

    def rate(self, count: int) -> str:
        """So many a second, and a CPU second."""
        return f"{count / self.seconds:,.0f}/s ({count / self.cpu:,.0f} a CPU second)"


Run = tuple[int, Callable[[], float]]
"""The process that serves it, and what gives back its seconds"""


def by_turns(*runs: Run) -> list[Cost]:
    """Each so many times, after one that is not counted."""
    times: list[list[float]] = [[] for _ in runs]
    spent = [0.0 for _ in runs]
    for turn in range(ROUNDS + 1):
        for index, (pid, run) in enumerate(runs):
            before = cpu(pid)
            seconds = run()
            if turn:
                times[index].append(seconds)
                spent[index] += cpu(pid) - before
    return [Cost(statistics.median(mine), max(each / ROUNDS, 1e-4)) for mine, each in zip(times, spent, strict=True)]


def ratios(mine: Cost, bare: Cost) -> str:
    """How many times as fast as bare."""
    return f"ratio {bare.seconds / mine.seconds:.2f} ({bare.cpu / mine.cpu:.2f})"


def cpu(pid: int) -> float:
    """Seconds that a process has used, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fan_out(server: Served, bare: Served) -> None:
    """Messages to many subscribers, a burst at once and one after the other: beside broadcast()."""
    for subscribers, messages in ((1000, 40), (100, 400)):
        publisher, speaker = session(server.port), connect(bare.port, "/publish")
        example = frame(_example(server.port))
        for title, name in (("one subscription id", "0"), ("different ids", "{:04}")):
            mine = Audience([session(server.port, f"id:{name.format(n)}", TOPIC) for n in range(subscribers)])
            theirs = Audience([connect(bare.port, "/listen") for _ in range(subscribers)])
            for way, burst in (("a burst", messages), ("one by one", 1)):
                ours, broadcast = by_turns(
                    (server.pid, lambda: mine.hear(publisher, SEND, messages, burst)),  # noqa: B023
                    (bare.pid, lambda: theirs.hear(speaker, example, messages, burst)),  # noqa: B023
                )
                count = subscribers * messages
                print(
                    f"fan-out 1 -> {subscribers}, {title}, {way}: {ours.rate(count)}; broadcast()"
                    f" {broadcast.rate(count)}; {ratios(ours, broadcast)}",
                    flush=True,
                )
            mine.close()
            theirs.close()


def _example(port: int) -> bytes:
    """A MESSAGE as a subscriber gets it."""
    with session(port, "id:0", TOPIC) as plug:
        plug.sendall(SEND)
        return read_until(plug, END)[4:]


def queue(server: Served, bare: Served) -> None:
    """One producer, one consumer; beside a bare server that passes messages on."""
    producer, forwarder, consumer = session(server.port), connect(bare.port, "/produce"), connect(bare.port, "/consume")
    example, count = frame(_example(server.port)), 5000
    for mode in ("auto", "client-individual"):
        with session(server.port, "id:0", "destination:/queue/bench", f"ack:{mode}") as plug:
            acks = mode != "auto"
            ours, theirs = by_turns(
                (server.pid, lambda: consume(producer, plug, QUEUED, count, acks=acks)),  # noqa: B023
                (bare.pid, lambda: consume(forwarder, consumer, example, count, acks=False)),
            )
        print(f"queue, {mode}: {ours.rate(count)}; passed on {theirs.rate(count)}; {ratios(ours, theirs)}", flush=True)


def latency(server: Served, bare: Served) -> None:
    """Publish to delivery at 20 a second, round trips as fast as they go, and connections; beside a bare echo."""
    echo, example = connect(bare.port, "/echo"), frame(_example(server.port))
    subscriber, publisher = session(server.port, "id:0", TOPIC), session(server.port)
    trips = (lambda: trip(publisher, subscriber, SEND), lambda: trip(echo, echo, example))
    paced: tuple[list[float], list[float]] = ([], [])
    for _ in range(100):
        for times, make in zip(paced, trips, strict=True):
            times.append(make() * 1000)
            time.sleep(0.025)
    (p50, p99), (bare50, bare99) = ((statistics.median(times), sorted(times)[98]) for times in paced)
    print(f"publish to delivery at 20/s: p50 {p50:.2f} ms, p99 {p99:.2f}; bare echo {bare50:.2f}, {bare99:.2f}")
    count = 1000
    ours, theirs = by_turns(
        (server.pid, lambda: sum(trips[0]() for _ in range(count))),
        (bare.pid, lambda: sum(trips[1]() for _ in range(count))),
    )
    print(f"round trips: {ours.rate(count)}; bare {theirs.rate(count)}; {ratios(ours, theirs)}")
    count = 200
    ours, theirs = by_turns(
        (server.pid, lambda: connects(lambda: session(server.port), count)),
        (bare.pid, lambda: connects(lambda: connect(bare.port, "/idle"), count)),
    )
    print(
        f"connections: {ours.rate(count)} with CONNECT; bare {theirs.rate(count)}; {ratios(ours, theirs)}", flush=True
    )


def trip(out: socket.socket, back: socket.socket, sent: bytes) -> float:
    """Seconds until the message is there."""
    start = time.perf_counter()
    out.sendall(sent)
    read_until(back, END)
    return time.perf_counter() - start


def connects(make: Callable[[], socket.socket], count: int) -> float:
    """Seconds to make so many connections, one after the other."""
    start = time.perf_counter()
    plugs = [make() for _ in range(count)]
    seconds = time.perf_counter() - start
    for plug in plugs:
        plug.close()
    return seconds


def memory(sessions: int) -> None:
    """What an idle connection adds to the server's resident memory; ours has a subscription."""
    costs = []
    kinds = ((ours, lambda port: session(port, "id:0", TOPIC)), (bare, lambda port: connect(port, "/idle")))
    for server, make in kinds:
        with server() as here:
            warm = [make(here.port) for _ in range(200)]
            before = resident(here.pid)
            plugs = [make(here.port) for _ in range(sessions)]
            time.sleep(1.0)
            costs.append((resident(here.pid) - before) / sessions / 1024)
            for plug in warm + plugs:
                plug.close()
    mine, theirs = costs
    print(f"memory of {sessions:,} idle sessions: {mine:.1f} KiB each; bare {theirs:.1f}; ratio {mine / theirs:.2f}")


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Run the parts that are named."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    parts = {"fan-out": fan_out, "queue": queue, "latency": latency}
    wanted = sys.argv[1:] or [*parts, "memory"]
    if parts.keys() & set(wanted):
        with ours() as server, bare() as plain:
            for name, part in parts.items():
                if name in wanted:
                    part(server, plain)
    if "memory" in wanted:
        memory(min(SESSIONS, most - FILES_LEFT))


if __name__ == "__main__":
    main()
