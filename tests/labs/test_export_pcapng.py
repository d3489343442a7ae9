"""The capture: its blocks and checksums, and that tshark finds on it what was on the tape."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.export import epoch, to_pcapng
from labs.packets import MAX_SEGMENT, AddressError, Conversation, Endpoint, checksum, ip_packet, read_endpoints
from labs.tape import Bytes, Event, LabStarted, Note, Step, TapeError, Verdict
from labs.wire import frames
from labs.wire.frames import encode_close, encode_frame
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers
from tests.peers import needs

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CLIENT, SERVER = "127.0.0.1:50000", "127.0.0.1:8080"


def lab() -> LabStarted:
    return LabStarted(
        t=0.0, name="echo", title="An echo", questions=["Q1"], knobs={}, version="1.2.3",
        started="2026-01-02T03:04:05.000006+00:00", host={"system": "Linux"},
    )  # fmt: skip


def passed(
    t: float, sender: str, data: bytes, *, conn: str = "c1", at: str = "", ends: tuple[str, str] = (CLIENT, SERVER)
):
    receiver = "server" if sender == "client" else "client"
    src, dst = ends if sender == "client" else ends[::-1]
    return Bytes(t=t, conn="c1", sender=sender, receiver=receiver, src=src, dst=dst, at=at or sender, hex=data.hex())


def upgrade(**more: object) -> list[Event]:
    answer = build_response(101, "Switching Protocols", accept_headers(KEY))
    return [
        passed(0.1, "client", build_request("/echo", upgrade_headers(KEY)), **more),  # type: ignore[arg-type]
        passed(0.2, "server", answer, **more),  # type: ignore[arg-type]
    ]


def capture(events: Iterable[Event]) -> bytes:
    return b"".join(to_pcapng(enumerate(events, 1), "a.tape"))


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0
        assert struct.unpack_from("<I", data, at + size - 4) == (size,)
        found.append((kind, data[at + 8 : at + size - 4]))
        at += size
    return found


def packets(data: bytes) -> list[bytes]:
    return [body[20 : 20 + struct.unpack_from("<I", body, 12)[0]] for kind, body in blocks(data) if kind == 6]


def payload(packet: bytes) -> tuple[int, bytes]:
    """The source port and the TCP payload of a packet, its checksums verified by summing up (RFC 1071)."""
    if packet[0] >> 4 == 4:
        assert struct.unpack_from("!H", packet, 2) == (len(packet),)
        assert words(packet[:20]) == 0xFFFF
        segment, pseudo = packet[20:], packet[12:20]
    else:
        assert struct.unpack_from("!H", packet, 4) == (len(packet) - 40,)
        segment, pseudo = packet[40:], packet[8:40]
    assert words(pseudo + struct.pack("!HH", 6, len(segment)) + segment) == 0xFFFF
    return struct.unpack_from("!H", segment)[0], segment[(segment[12] >> 4) * 4 :]


def words(data: bytes) -> int:
    """The one's complement sum of 16-bit words, added up one by one."""
    total = 0
    for (word,) in struct.iter_unpack("!H", data + bytes(len(data) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total


@given(st.binary(max_size=100))
def test_the_checksum_makes_the_sum_all_ones(data: bytes):
    padded = data + bytes(len(data) % 2)
    assert words(padded + struct.pack("!H", checksum(data))) == 0xFFFF


@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=200)), max_size=5),
    st.sampled_from([(CLIENT, SERVER), ("[::1]:50000", "[::1]:8080"), ("::1:5000", "fe80::1:8080"), ("?", SERVER)]),
)
def test_the_payloads_are_what_the_tape_carried(writes: list[tuple[bool, bytes]], ends: tuple[str, str]):
    events = [passed(0.1, "client", b"first", ends=ends)]
    events += [passed(0.2, "client" if first else "server", data, ends=ends) for first, data in writes]
    assert streams_of(events) == sorted(
        b"".join(event.data for event in events if event.sender == name) for name in ("client", "server")
    )


def streams_of(events: list[Bytes]) -> list[bytes]:
    """What each of the two ports sent, sorted."""
    streams: dict[int, bytes] = {}
    for packet in packets(capture([lab(), *events])):
        port, data = payload(packet)
        assert len(data) <= MAX_SEGMENT
        streams[port] = streams.get(port, b"") + data
    return sorted(streams.values())


def test_a_large_write_is_cut_into_segments():
    large = bytes(range(251)) * 1000
    assert streams_of([passed(0.1, "client", large)]) == [b"", large]


def test_a_direction_recorded_at_both_ends_is_exported_once():
    events = [passed(0.1, "client", b"once"), passed(0.1, "client", b"once", at="server")]
    assert b"".join(payload(packet)[1] for packet in packets(capture([lab(), *events]))) == b"once"


def test_sequence_numbers_count_bytes_syn_and_fin():
    conversation = Conversation(*read_endpoints(CLIENT, SERVER))
    made = [
        *conversation.open(),
        *conversation.send(True, b"12345"),
        *conversation.send(False, b"abc"),
        *conversation.close(),
    ]
    numbers = [struct.unpack_from("!IIBB", packet, 24) for packet in made]
    assert [(sequence, acknowledged, flags) for sequence, acknowledged, _, flags in numbers] == [
        (0, 0, 0x02), (0, 1, 0x12), (1, 1, 0x10), (1, 1, 0x18), (1, 6, 0x18), (6, 4, 0x11), (4, 7, 0x11), (7, 5, 0x10)
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["localhost:80", "127.0.0.1", "127.0.0.1:99999", "", ":80", "127.0.0.1:8x"])
def test_an_address_that_is_none_is_told_with_its_line(text: str):
    with pytest.raises(TapeError, match=r"a\.tape:2: .* is not ip:port"):
        capture([lab(), passed(0.1, "client", b"x", ends=(text, SERVER))])


def test_ends_of_different_versions_are_refused():
    with pytest.raises(AddressError, match="different versions"):
        read_endpoints("127.0.0.1:1", "[::1]:2")


def test_ipv4_mapped_addresses_are_ipv4():
    first, second = read_endpoints("[::ffff:127.0.0.1]:1", "127.0.0.1:2")
    assert first == Endpoint(second.address, 1)
    assert ip_packet(first, second, b"")[0] >> 4 == 4


def test_times_are_those_of_the_tape():
    data = capture([lab(), passed(1.5, "client", b"x")])
    (high, low) = struct.unpack_from("<II", next(body for kind, body in blocks(data) if kind == 6), 4)
    assert (high << 32 | low) / 1e6 == pytest.approx(epoch("2026-01-02T03:04:05.000006Z") + 1.5, abs=1e-6)


@pytest.mark.parametrize(("started", "seconds"), [("1970-01-01T00:00:01", 1.0), ("yesterday", 0.0), ("", 0.0)])
def test_a_start_without_zone_or_sense(started: str, seconds: float):
    assert epoch(started) == seconds


def test_any_time_and_a_tape_without_bytes_can_be_written():
    capture([lab(), passed(1e300, "client", b"x"), passed(-1e300, "client", b"x")])
    assert [kind for kind, _ in blocks(capture([lab()]))] == [0x0A0D0D0A, 1]


# What tshark makes of it.


def tshark(path: Path, *arguments: str) -> str:
    checks = [part for proto in ("ip", "tcp") for part in ("-o", f"{proto}.check_checksum:TRUE")]
    done = subprocess.run(
        ["tshark", "-r", str(path), *checks, *arguments], capture_output=True, text=True, timeout=50, check=True
    )
    return done.stdout


def complaints(path: Path) -> list[str]:
    """Expert information of level warning or error, and bad checksums."""
    severe = "_ws.expert.severity >= 0x600000 or tcp.checksum.status == 0 or ip.checksum.status == 0"
    return tshark(path, "-Y", severe, "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message").splitlines()


FIELDS = [
    *(
        "fin",
        "rsv",
        "opcode",
        "mask",
        "payload_length",
        "payload_length_ext_16",
        "payload_length_ext_64",
        "masking_key",
    ),
    *("payload.text", "payload.ping", "payload.pong", "payload.close.status_code", "payload.close.reason"),
]


def websocket_rows(path: Path) -> list[dict[str, str]]:
    names = [*(f"websocket.{name}" for name in FIELDS), "data.data"]
    wanted = [part for name in names for part in ("-e", name)]
    out = tshark(path, "-Y", "websocket", "-T", "fields", "-E", "separator=|", *wanted)
    return [dict(zip([*FIELDS, "data"], line.split("|"), strict=True)) for line in out.splitlines()]


def random_frames(count: int) -> list[tuple[str, bytes]]:
    chance = random.Random(6455)
    made = []
    for _ in range(count):
        sender = chance.choice(["client", "server"])
        key = chance.randbytes(4) if sender == "client" else None
        opcode = chance.choice([frames.TEXT, frames.BINARY, frames.PING, frames.PONG])
        size = chance.choice([1, 5, 125, 126, 127, 1000, 65_535, 65_536, 70_000])
        if opcode == frames.TEXT:
            body = "".join(chance.choices("abcdefghijklmnop", k=size)).encode()
        else:
            body = chance.randbytes(size if opcode == frames.BINARY else min(size, 125))
        made.append((sender, encode_frame(opcode, body, mask_key=key)))
    return made


@needs("tshark")
@pytest.mark.parametrize("ends", [(CLIENT, SERVER), ("[::1]:50000", "[::1]:8080")])
def test_tshark_decodes_random_frames_as_we_do(tmp_path: Path, ends: tuple[str, str]):
    sent = [*random_frames(150), ("client", encode_close(4321, "done", mask_key=b"\1\2\3\4"))]
    events = [passed(1 + i / 100, who, raw, ends=ends) for i, (who, raw) in enumerate(sent)]
    path = tmp_path / "random.pcapng"
    path.write_bytes(capture([lab(), *upgrade(ends=ends), *events]))
    assert complaints(path) == []
    rows = websocket_rows(path)
    assert len(rows) == len(sent)
    for row, (_, raw) in zip(rows, sent, strict=True):
        (cut,) = frames.FrameDecoder().feed(raw)
        frame, header = cut.frame, cut.header
        assert (row["fin"], int(row["rsv"], 16), int(row["opcode"])) == ("1", 0, frame.opcode)
        assert row["mask"] == str(int(frame.masked))
        assert row["masking_key"].replace(":", "") == (frame.mask_key or b"").hex()
        extended = {7: "payload_length", 16: "payload_length_ext_16", 64: "payload_length_ext_64"}
        assert int(row[extended[header.length_form]]) == frame.length
        if frame.opcode == frames.CLOSE:
            assert (row["payload.close.status_code"], row["payload.close.reason"]) == ("4321", "done")
        elif frame.opcode == frames.TEXT:
            assert row["payload.text"] == frame.payload.decode()
        else:
            name = {frames.PING: "payload.ping", frames.PONG: "payload.pong", frames.BINARY: "data"}[frame.opcode]
            assert row[name].replace(":", "") == frame.payload.hex()


@needs("tshark")
def test_tshark_reads_upgrade_and_comments(tmp_path: Path):
    events: list[Event] = [
        lab(),
        Step(t=0.0, id="open", title="Opening", text="Look at the key."),
        *upgrade(),
        Note(t=0.3, text="now the frame"),
        passed(0.4, "client", encode_frame(frames.TEXT, b"Hello", mask_key=b"\1\2\3\4")),
        Verdict(t=0.5, id="key", claim="It is new", ok=True, expected="a", observed="b", evidence=[3]),
    ]
    path = tmp_path / "lab.pcapng"
    path.write_bytes(capture(events))
    assert complaints(path) == []
    requests = tshark(path, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri", "-e", "http.upgrade")
    assert requests.split() == ["/echo", "websocket"]
    out = json.loads(tshark(path, "-Y", "frame.comment", "-T", "json", "-e", "frame.comment", "-e", "frame.number"))
    comments = [text for packet in out for text in packet["_source"]["layers"]["frame.comment"]]
    assert comments == [
        "step open: Opening. Look at the key.",
        "connection c1: client to server",
        "note: now the frame",
        "verdict key holds: It is new; expected: a; observed: b",
    ]
    assert out[1]["_source"]["layers"]["frame.number"] == ["6"]  # after three of TCP, request and answer
