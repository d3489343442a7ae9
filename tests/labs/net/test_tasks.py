"""Tasks are started in one place: named, kept, awaited. A lint holds it."""

import ast
import asyncio
from pathlib import Path

import pytest

from labs.net.tasks import Tasks, first_of, together

ROOT = Path(__file__).parents[3]
UNOWNED = {"create_task", "ensure_future", "run_coroutine_threadsafe"}
STARTERS = {*UNOWNED, "gather", "TaskGroup", "as_completed"}
# The screens may not reach labs.net; Textual's workers own their tasks, and what is awaited on the spot is no stray.
FORBIDDEN = {"labs": STARTERS, "tutor": UNOWNED}


def starters(source: str, forbidden: set[str] = STARTERS) -> list[int]:
    """The lines that name something that starts a task."""
    if not any(name in source for name in forbidden):
        return []
    nodes = list(ast.walk(ast.parse(source)))
    names = [
        (node.lineno, node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", ""))
        for node in nodes
        if isinstance(node, ast.Attribute | ast.Name)
    ]
    imported = [
        (node.lineno, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "asyncio"
        for alias in node.names
    ]
    return [line for line, name in names + imported if name in forbidden]


def test_the_lint_sees_a_task() -> None:
    assert starters("import asyncio\nasyncio.create_task(x())") == [2]
    assert starters("from asyncio import gather") == [1]
    assert starters("loop.create_task(x())") == [1]
    assert starters("tasks.start(x(), 'x')") == []


def test_no_task_is_started_elsewhere() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder, forbidden in FORBIDDEN.items()
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != ROOT / "labs" / "net" / "tasks.py"
        for line in starters(path.read_text(encoding="utf-8"), forbidden)
    ]
    assert found == []


async def test_a_task_is_kept_named_and_ended() -> None:
    ended = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(asyncio.current_task().get_name())

    async with Tasks() as tasks:
        tasks.start(forever(), "reader")
        await asyncio.sleep(0)
    assert ended == ["reader"]


async def test_a_failure_is_told_or_raised() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        async with Tasks() as tasks:
            await asyncio.wait([tasks.start(fail(), "fails")])
    told: list[BaseException] = []
    async with Tasks(told.append) as tasks:
        await asyncio.wait([tasks.start(fail(), "fails")])
    assert [type(failure) for failure in told] == [KeyError]


async def test_together_gives_results_in_order_and_the_first_failure() -> None:
    async def give(value: int) -> int:
        await asyncio.sleep(0.01 / (value + 1))
        return value

    async def fail() -> int:
        raise OSError("x")

    assert await together(give(0), give(1), give(2)) == [0, 1, 2]
    with pytest.raises(OSError, match="x"):
        await together(give(0), fail())


async def test_first_of_gives_up() -> None:
    assert await first_of(asyncio.Event().wait(), 0.01) is None
    assert await first_of(asyncio.sleep(0, "done"), 5) == "done"
