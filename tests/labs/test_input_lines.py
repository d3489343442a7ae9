"""Lines of standard input, whatever it is."""

import asyncio
import contextlib
import os

import pytest

from labs.input_lines import InputLines


async def lines_of(source: InputLines) -> list[str]:
    async with asyncio.timeout(5):
        return [line async for line in source]


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    ends = {"reader": reader, "writer": writer}
    yield ends
    for end in ends.values():
        with contextlib.suppress(OSError):
            os.close(end)


async def test_lines_of_a_pipe_in_any_pieces(pipe) -> None:
    os.write(pipe["writer"], b"one\ntw")
    source = InputLines(100, pipe["reader"])
    assert not source.over
    os.write(pipe["writer"], "o\n\nlast ✓".encode())
    os.close(pipe["writer"])
    assert await lines_of(source) == ["one", "two", "", "last ✓"]


async def test_an_input_at_its_end_is_known_at_once(pipe) -> None:
    os.close(pipe["writer"])
    source = InputLines(100, pipe["reader"])
    assert source.over
    assert await lines_of(source) == []
    nothing = os.open(os.devnull, os.O_RDONLY)
    assert InputLines(100, nothing).over
    os.close(nothing)
    assert InputLines(100, nothing).over, "a descriptor that is not open"


async def test_a_pipe_without_a_word_yet_is_not_over(pipe) -> None:
    assert not InputLines(100, pipe["reader"]).over


async def test_a_long_line_is_cut_and_the_next_is_whole(pipe) -> None:
    os.write(pipe["writer"], b"x" * 5000 + b"\nnext\n")
    os.close(pipe["writer"])
    assert await lines_of(InputLines(10, pipe["reader"])) == ["x" * 11, "next"]


async def test_bytes_that_are_not_text_do_no_harm(pipe) -> None:
    os.write(pipe["writer"], b"\xff\xfe\n")
    os.close(pipe["writer"])
    assert await lines_of(InputLines(10, pipe["reader"])) == ["��"]


async def test_a_file_is_read_to_its_end(tmp_path) -> None:
    (tmp_path / "commands").write_text("a\n" * 1000)
    with (tmp_path / "commands").open() as file:
        assert await lines_of(InputLines(10, file.fileno())) == ["a"] * 1000
