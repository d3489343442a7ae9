"""The tap against witnesses that share no code with it: a relay between the peers, and a packet capture."""

import asyncio
import os
import random
import subprocess
from collections import defaultdict

import pytest

from labs.net import server, stomp_client, stomp_server, streams
from labs.net.client import Opening, open_connection
from labs.net.tap import Record, Tap
from labs.net.tasks import Tasks
from labs.wire.stomp import Frame
from tests.labs.net.relay import Relay
from tests.labs.waiting import until
from tests.peers import needs

CONFIG = {"subprotocols": [], "origins": [], "compression": False, "page": None}
FRAMES = 1000


class Records(list[Record]):
    """What one tap recorded."""

    def joined(self, way: str) -> bytes:
        return b"".join(record.data for record in self if record.way == way)


async def start_server(tasks: Tasks) -> tuple[Records, str]:
    records = Records()
    addresses = await server.start(Tap(records.append), tasks, CONFIG)
    return records, addresses["main"]


async def converse(tap: Tap, address: str, frames: int, seed: int = 1) -> None:
    """Send random texts, binaries and pings, hear every echo, close."""
    rng = random.Random(seed)
    connection = await open_connection(tap, address, Opening(path="/echo"))
    for _ in range(frames):
        size = rng.choice((0, 1, 125, 126, 300, rng.randrange(2000), 65535 if rng.random() < 0.01 else 7))
        kind = rng.choice(("text", "binary", "ping"))
        if kind == "ping":
            await (await connection.ping(rng.randbytes(min(size, 125))))
            continue
        await connection.send("x" * size if kind == "text" else rng.randbytes(size))
        await connection.recv()
    await connection.close()


async def closed(records: Records, ends: Records) -> None:
    """Both ends have recorded as much as the other sent."""
    await until(lambda: records.joined("out") == ends.joined("in") and records.joined("in") == ends.joined("out"))


async def test_the_tape_equals_what_a_relay_saw_for_a_thousand_random_frames() -> None:
    async with Tasks() as tasks:
        at_server, address = await start_server(tasks)
        relay = Relay(address)
        at_client = Records()
        await converse(Tap(at_client.append), relay.address, FRAMES)
        await asyncio.to_thread(relay.join)
    assert at_client.joined("out") == at_server.joined("in") == bytes(relay.to_server)
    assert at_client.joined("in") == at_server.joined("out") == bytes(relay.to_client)
    assert at_client.joined("out").startswith(b"GET /echo HTTP/1.1\r\n")
    assert at_client.joined("in").startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert len(at_client) > 2 * FRAMES


async def test_a_connection_begins_before_its_bytes_and_time_runs_forward() -> None:
    async with Tasks() as tasks:
        at_server, address = await start_server(tasks)
        at_client = Records()
        await converse(Tap(at_client.append), address, 3)
        await closed(at_client, at_server)
    assert (at_client[0].way, at_server[0].way) == ("dial", "accept")
    assert (at_client[0].local, at_client[0].remote) == (at_server[0].remote, at_server[0].local)
    for records in (at_client, at_server):
        assert [record.t for record in records] == sorted(record.t for record in records)
    assert at_client[1].t < at_server[1].t < at_client[2].t, "sending is recorded before the bytes leave"


async def test_a_connection_that_is_handed_on_at_an_upgrade_stays_tapped() -> None:
    at_server, at_client = Records(), Records()
    async with Tasks() as tasks:
        addresses = await stomp_server.start(Tap(at_server.append), tasks, {"semantics": "full"})
        client = await stomp_client.connect(Tap(at_client.append), addresses["main"], versions=("1.1", "1.2"))
        assert client.version == "1.2"
        assert client.session
        assert await client.confirmed(Frame("SEND", (("destination", "/topic/x"),), b"y"))
        await client.disconnect()
        await closed(at_client, at_server)
    assert at_client.joined("out").startswith(b"GET /ws HTTP/1.1\r\n")
    assert b"RECEIPT\n" in at_client.joined("in")


async def test_raw_streams_are_tapped_on_both_sides() -> None:
    at_client, at_server = Records(), Records()

    async def reverse(stream: streams.Stream) -> None:
        while data := await stream.read():
            await stream.write(data[::-1])

    async with Tasks() as tasks:
        address = await streams.listen(Tap(at_server.append), tasks, reverse)
        stream = await streams.dial(Tap(at_client.append), address)
        await stream.write(b"abc")
        assert await stream.read_exactly(3) == b"cba"
        await stream.close()
    assert at_client.joined("out") == at_server.joined("in") == b"abc"
    assert at_client.joined("in") == at_server.joined("out") == b"cba"


async def test_what_a_closed_connection_drops_is_not_recorded() -> None:
    records = Records()

    async def hold(stream: streams.Stream) -> None:
        await stream.read_rest()

    async with Tasks() as tasks:
        address = await streams.listen(Tap(lambda record: None), tasks, hold)
        connection = await streams.dial(Tap(records.append), address)
        await connection.close()
        connection._writer.transport.write(b"too late")
    assert records.joined("out") == b""


def may_capture() -> bool:
    return os.geteuid() == 0


@needs("tshark")
@pytest.mark.skipif(not may_capture(), reason="capturing on loopback needs root")
async def test_the_tape_equals_a_packet_capture(tmp_path) -> None:
    async with Tasks() as tasks:
        at_server, address = await start_server(tasks)
        port = address.rpartition(":")[2]
        capture = await asyncio.create_subprocess_exec(
            "tshark", "-i", "lo", "-f", f"tcp port {port}", "-l", "-q", "-w", str(tmp_path / "lo.pcapng"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(20):
            while b"Capturing on" not in await capture.stderr.readline():
                pass
            # The words come a moment before the capture: knock until the file has packets.
            while (tmp_path / "lo.pcapng").exists() is False or (tmp_path / "lo.pcapng").stat().st_size < 1000:
                knock = await streams.dial(Tap(lambda record: None), address)
                await knock.write(b"GET / HTTP/1.1\r\n\r\n")
                await knock.read_rest()
                await knock.close()
        at_server.clear()
        at_client = Records()
        await converse(Tap(at_client.append), address, 100)
        await closed(at_client, at_server)
        wanted = (at_client.joined("out"), at_client.joined("in"))
        await until(lambda: captured(tmp_path / "lo.pcapng", at_client[0].local) == wanted, 20)
        capture.terminate()
        await capture.wait()


def captured(path, client: str) -> tuple[bytes, bytes]:
    """The payloads of the client's connection in sequence, each direction once."""
    port = client.rpartition(":")[2]
    listed = subprocess.run(
        ["tshark", "-r", str(path), "-Y", f"tcp.port == {port} && tcp.len > 0", "-T", "fields", "-e", "tcp.srcport",
         "-e", "tcp.seq_raw", "-e", "tcp.payload"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    segments: dict[bool, dict[int, bytes]] = defaultdict(dict)
    for row in listed.splitlines():
        source, sequence, payload = row.split("\t")
        segments[source == port][int(sequence)] = bytes.fromhex(payload)
    return tuple(b"".join(data for _, data in sorted(segments[way].items())) for way in (True, False))
