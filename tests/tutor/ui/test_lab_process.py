"""The lab as the program that it is: its lines, its last words, its end."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labs import tape
from tests.tutor.ui.processes import alive, until_gone
from tutor.ui import lab_process
from tutor.ui.lab_process import LabProcess

Program = Callable[[str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Takes the Python that is run in place of the lab."""
    path = tmp_path / "program.py"
    monkeypatch.setattr(lab_process, "command", lambda name, knobs: (sys.executable, str(path)))
    return lambda source: (path.write_text(source, encoding="utf-8"), None)[1]


class Lines(list[str]):
    """What has come, and waiting for more."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def take(self, lines: list[str]) -> None:
        """Some more."""
        self.extend(lines)
        self._more.set()

    async def until(self, kind: str) -> None:
        """Wait for a line that has this in it."""
        async with asyncio.timeout(20):
            while not any(kind in line for line in self):
                self._more.clear()
                await self._more.wait()


async def play(process: LabProcess) -> tuple[list[str], str]:
    lines: list[str] = []
    said = await asyncio.wait_for(process.run(lines.extend), 30)
    return lines, said


async def test_a_real_lab_obeys_and_leaves_nobody_behind() -> None:
    lines = Lines()
    process = LabProcess("handshake", {"path": "/here"})
    running = asyncio.ensure_future(process.run(lines.take))
    await lines.until('"kind":"predict"')
    predict = tape.from_line(lines[-1])
    assert isinstance(predict, tape.Predict)
    await process.send({"do": "answer", "id": predict.id, "value": 28})
    await lines.until('"kind":"answer"')
    events = [tape.from_line(line) for line in lines]
    assert isinstance(events[0], tape.LabStarted)
    assert events[0].knobs["path"] == "/here"
    pids = {event.pid for event in events if isinstance(event, tape.Part) and event.pid is not None}
    assert len(pids) == 2
    await process.stop()
    await asyncio.wait_for(running, 10)
    until_gone(pids, 5)
    await process.send({"do": "next"})  # to one that has ended: no error


@pytest.mark.parametrize(
    ("name", "knobs", "says"),
    [
        ("nowhere", {}, "no such lab: 'nowhere'"),
        ("handshake", {"path": "no slash"}, "it takes a path of visible ASCII"),
    ],
)
async def test_bad_usage_is_said_in_a_line(name: str, knobs: dict[str, str], says: str) -> None:
    lines, said = await play(LabProcess(name, knobs))
    assert lines == []
    assert says in said and "\n" not in said


@pytest.mark.parametrize(
    ("source", "lines", "said"),
    [
        ("print('a'); print('ü')", ["a", "ü"], ""),
        ("print('no newline at the end', end='')", ["no newline at the end"], ""),
        ("raise SystemExit('first\\nboom')", [], "boom"),
        ("raise SystemExit(7)", [], "it ended with status 7"),
        ("raise SystemExit(1)", [], ""),  # of a lab: a verdict that does not hold
        ("import os; os.kill(os.getpid(), 9)", [], "it was ended by signal 9"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\n')", ["\ufffd"], ""),
        ("import sys; sys.stderr.write('x' * 3_000_000 + '\\nlast'); print('after')", ["after"], "last"),
    ],
)
async def test_lines_and_last_words(program: Program, source: str, lines: list[str], said: str) -> None:
    program(source)
    assert await play(LabProcess("any", {})) == (lines, said)


async def test_lines_come_whole_however_they_are_written(program: Program) -> None:
    program(
        "import sys, time\nfor n in range(3):\n    sys.stdout.write('a' * 100_000); sys.stdout.flush()\n"
        "    sys.stdout.write('b\\nc'); sys.stdout.flush()\n"
    )
    lines, _ = await play(LabProcess("any", {}))
    assert [len(line) for line in lines] == [100_001, 100_002, 100_002, 1]


async def test_an_endless_line_is_cut(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_process, "MAX_LINE", 100_000)
    program("print('x' * 5_000_000); print('after')")
    lines, _ = await play(LabProcess("any", {}))
    assert 100_000 < len(lines[0]) < 400_000
    assert lines[1:] == ["after"]


async def test_one_that_does_not_listen_is_killed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_process, "STOP_SECONDS", 0.2)
    program("import os, time\nprint(os.getpid(), flush=True)\nwhile True: time.sleep(60)")
    process = LabProcess("any", {})
    lines = Lines()
    running = asyncio.ensure_future(process.run(lines.take))
    await lines.until("")
    assert alive(int(lines[0]))
    await process.stop()
    assert await asyncio.wait_for(running, 10) == "it was ended by signal 9"
    assert not alive(int(lines[0]))


async def test_stopped_before_it_began(program: Program) -> None:
    program("print('ran')\nimport sys\nsys.stdin.read()")
    process = LabProcess("any", {})
    await process.stop()
    assert await play(process) == ([], "")


async def test_one_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_process, "command", lambda name, knobs: (os.devnull,))
    with pytest.raises(OSError, match="ermission"):
        await LabProcess("any", {}).run(lambda lines: None)
