"""`ws-tutor tape …`: what it prints, what it writes, and what it says of a file that is no tape."""

from __future__ import annotations

import json
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from labs.tape import Bytes, Ended, Event, LabStarted, Step, to_line
from labs.wire import frames
from labs.wire.frames import encode_close, encode_frame
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers
from tutor import cli

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\1\2\3\4"


def passed(t: float, sender: str, data: bytes, conn: str = "c1") -> Bytes:
    receiver = "server" if sender == "client" else "client"
    src, dst = ("127.0.0.1:50000", "127.0.0.1:8080") if sender == "client" else ("127.0.0.1:8080", "127.0.0.1:50000")
    return Bytes(t=t, conn=conn, sender=sender, receiver=receiver, src=src, dst=dst, at=sender, hex=data.hex())


START = LabStarted(
    t=0.0, name="echo", title="An echo", questions=["Q1"], knobs={}, version="1.2.3",
    started="2026-01-02T03:04:05+00:00", host={"system": "Linux"},
)  # fmt: skip

EVENTS: list[Event] = [
    START,
    Step(t=0.0, id="open", title="Opening", text="Look at the key."),
    passed(0.1, "client", build_request("/echo", upgrade_headers(KEY))),
    passed(0.2, "server", build_response(101, "Switching Protocols", accept_headers(KEY))),
    passed(0.3, "client", encode_frame(frames.TEXT, b"Hello", mask_key=MASK)),
    passed(0.4, "client", encode_frame(frames.TEXT, b"\x1b[2J" + "漢字".encode() * 30)),
    passed(0.5, "server", encode_close(1000)),
    Ended(t=0.6, ok=True, verdicts=0, seconds=0.6),
]


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "echo.tape"
    path.write_text("".join(to_line(event) + "\n" for event in EVENTS), encoding="utf-8")
    return path


def columns(line: str) -> int:
    return sum(2 if "\u4e00" <= letter <= "\u9fff" else 1 for letter in line)


def test_frames_as_a_table_that_fits_80_columns(tape: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["tape", "frames", str(tape)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["#", "time", "conn", "from", "→", "to", "proto", "message"]
    assert "GET /echo → upgrade" in lines[1]
    assert lines[3].split(maxsplit=7) == ["3", "0.300", "c1", "client", "→", "server", "ws", 'text "Hello"']
    assert "client must mask" in lines[5]
    assert max(map(columns, lines)) == 80
    assert all(line.isprintable() for line in lines)


def test_frames_as_json(tape: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    assert cli.main(["tape", "frames", str(tape), "--json"]) == 0
    messages = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [message["proto"] for message in messages] == ["http", "http", "ws", "ws", "ws"]
    assert {"t", "conn", "from", "to", "proto", "summary", "fields"} <= set(messages[0])
    text = messages[2]
    assert {name: text[name] for name in ("fin", "rsv", "opcode", "masked", "mask_key", "length", "payload")} == {
        "fin": True, "rsv": 0, "opcode": 1, "masked": True, "mask_key": "01020304", "length": 5,
        "payload": b"Hello".hex(),
    }  # fmt: skip
    meaning = "the last fragment of its message"
    fin = {"name": "FIN", "start": 0, "stop": 1, "bits": [0, 1], "value": "1", "meaning": meaning}
    assert text["fields"][0] == fin


def test_play_is_labelled_recorded(tape: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["tape", "play", str(tape)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("RECORDED: An echo")
    assert "1. Opening" in out
    assert 'text "Hello"' in out


def test_export_writes_a_capture_and_an_archive(tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["tape", "export", str(tape), "--pcapng", str(tmp_path / "out.pcapng")]) == 0
    assert cli.main(["tape", "export", str(tape), "--har", str(tmp_path / "out.har")]) == 0
    assert struct.unpack_from("<I", (tmp_path / "out.pcapng").read_bytes()) == (0x0A0D0D0A,)
    log = json.loads((tmp_path / "out.har").read_text(encoding="utf-8"))["log"]
    assert [message["type"] for message in log["entries"][0]["_webSocketMessages"]] == ["send", "send", "receive"]
    said = capsys.readouterr()
    assert said.out == ""
    assert "11 packets, written to" in said.err
    assert "1 request, written to" in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["echo.tape", "out.har", "out.pcapng"]


def test_a_tape_without_bytes_has_no_packets(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "empty.tape"
    path.write_text(to_line(START) + "\n", encoding="utf-8")
    assert cli.main(["tape", "export", str(path), "--pcapng", str(tmp_path / "out")]) == 0
    assert "no bytes are on this tape" in capsys.readouterr().err
    assert cli.main(["tape", "frames", str(path)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [["frames"], ["frames", "--json"], ["play"], ["export", "--har", "-"]])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "bad.tape:1: empty"),
        (b"not json\n", "bad.tape:1: not JSON"),
        (to_line(START).encode() + b'\n{"t":0,"kind":"nonsense"}\n', "bad.tape:2: kind"),
        (to_line(START).encode() + b"\n\xff\xfe\n", "bad.tape:2: byte 1 is not UTF-8"),
    ],
)
def test_what_is_no_tape_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], content: bytes, said: str
):
    path = tmp_path / "bad.tape"
    path.write_bytes(content)
    assert cli.main(["tape", arguments[0], str(path), *arguments[1:]]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_bad_tape_leaves_no_file_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "bad.tape"
    bad = Bytes(t=1.0, conn="c", sender="a", receiver="b", src="nowhere", dst="?", at="a", hex="00")
    path.write_text(f"{to_line(START)}\n{to_line(bad)}\n", encoding="utf-8")
    assert cli.main(["tape", "export", str(path), "--pcapng", str(tmp_path / "out.pcapng")]) == 2
    assert "bad.tape:2: 'nowhere' is not ip:port" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["bad.tape"]


def test_files_that_cannot_be_read_or_written(tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for arguments, said in [
        (["frames", str(tmp_path / "absent")], "cannot be read (No such file or directory)"),
        (["play", str(tmp_path)], "cannot be read (Is a directory)"),
        (["export", str(tape), "--har", str(tmp_path / "no" / "folder")], "cannot be written"),
        (["export", str(tape), "--har", str(tmp_path)], "cannot be written"),
        (["export", str(tape), "--pcapng", str(tape)], "is the tape itself; --pcapng takes another file"),
    ]:
        assert cli.main(["tape", *arguments]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    assert tape.read_text(encoding="utf-8").startswith('{"t":0.0,"kind":"lab"')


def test_a_device_is_written_to_not_replaced(tape: Path, capsys: pytest.CaptureFixture[str]):
    null = Path("/dev/null")
    assert cli.main(["tape", "export", str(tape), "--har", str(null)]) == 0
    assert null.is_char_device()
    assert "written to /dev/null" in capsys.readouterr().err


def test_standard_input_and_a_reader_that_goes(tape: Path):
    long = tape.with_name("long.tape")
    many = [passed(1.0, "client", encode_frame(frames.TEXT, b"x", mask_key=MASK))] * 5000
    long.write_text("".join(to_line(event) + "\n" for event in [*EVENTS[:4], *many]), encoding="utf-8")
    program = shlex.join([sys.executable, "-m", "tutor.cli", "tape", "frames", "-"])
    done = subprocess.run(
        ["sh", "-c", f"{program} < {shlex.quote(str(long))} | head -2"],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""
