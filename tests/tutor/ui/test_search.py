"""Searching as one types: hits with their words marked, filters typed and clicked, a clear nothing."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.screen_text import assert_snapshots, screen_text, until
from tutor.ui.widgets.question_list import QuestionList
from tutor.ui.widgets.reader import Reader
from tutor.ui.widgets.search_box import Filters, Query


def listed(pilot: Pilot[Any]) -> list[str]:
    return [question.ref for question in pilot.app.screen.query_one(QuestionList).questions]


async def lists(pilot: Pilot[Any], *refs: str) -> None:
    await until(pilot, lambda: listed(pilot) == list(refs), f"{refs} in the list")


async def type_in(pilot: Pilot[Any], text: str) -> None:
    pilot.app.screen.query_one(Query).value = text
    await pilot.pause()


async def test_hits_are_shown(tutor: Open) -> None:
    async with tutor("2", "slash", size=(80, 24)) as pilot:
        await type_in(pilot, "keep-alive")
        await lists(pilot, "Q3")
        await until(pilot, lambda: pilot.app.screen.query_one(Reader).question.ref == "Q3", "Q3 in the reader")  # type: ignore[union-attr]
        await assert_snapshots(pilot, "search")


async def test_arrows_and_enter_open_a_hit(tutor: Open) -> None:
    async with tutor("2", "slash") as pilot:
        await type_in(pilot, "upgrade")
        await until(pilot, lambda: set(listed(pilot)) == {"Q1", "R1"}, "both hits")
        second = listed(pilot)[1]
        await press(pilot, "down", "enter")
        reader = pilot.app.screen.query_one(Reader)
        await until(pilot, lambda: reader.question is not None and reader.question.ref == second, second)
        assert pilot.app.focused is reader


async def test_escape_restores_the_list(tutor: Open) -> None:
    async with tutor("2", "n", "slash") as pilot:
        await type_in(pilot, "poison")
        await lists(pilot, "Q2")
        await press(pilot, "escape")
        await lists(pilot, "Q1", "Q2", "Q3", "Q4")
        assert pilot.app.screen.query_one(QuestionList).pointed.ref == "Q2"  # type: ignore[union-attr]


async def test_nothing_matches(tutor: Open) -> None:
    async with tutor("2", "slash") as pilot:
        await type_in(pilot, "zzz")
        await until(pilot, lambda: "Nothing matches ‘zzz’. Esc clears." in screen_text(pilot.app), "the empty state")
        await press(pilot, "enter", "down", "up")


async def test_filters(tutor: Open) -> None:
    async with tutor("2", "a", "slash") as pilot:
        for query, refs in [
            ("level:core", ["Q1", "Q3", "R1"]),
            ("level:arch", ["Q4"]),
            ("tag:sec", ["Q2"]),
            ("is:seen", ["Q1"]),
            ("is:unseen level:senior", ["Q2"]),
            ("section:design", ["Q4", "R1"]),
        ]:
            await type_in(pilot, query)
            await until(pilot, lambda refs=refs: set(refs) >= set(listed(pilot)) != set(), f"{refs} for {query}")
            assert set(listed(pilot)) - {"R1"} == set(refs) - {"R1"}


async def test_filters_are_clicked(tutor: Open) -> None:
    async with tutor("2", "slash") as pilot:
        query = pilot.app.screen.query_one(Query)
        await pilot.click(Filters, offset=(2, 0))
        await until(pilot, lambda: query.value == "is:unseen", "the filter")
        await pilot.click(Filters, offset=(12, 0))
        await until(pilot, lambda: query.value == "is:seen", "the other filter of its kind")
        assert "[seen]" in screen_text(pilot.app)
        await pilot.click(Filters, offset=(12, 0))
        await until(pilot, lambda: not query.value, "no filter")


async def test_a_filter_is_completed_as_one_types(tutor: Open) -> None:
    async with tutor("2", "slash", *"tag:han", "right") as pilot:
        await until(pilot, lambda: pilot.app.screen.query_one(Query).value == "tag:handshake", "the whole tag")


async def test_letters_are_typed_not_obeyed(tutor: Open) -> None:
    async with tutor("2", "slash") as pilot:
        await type_in(pilot, "q?n1t")
        assert pilot.app.screen.query_one(Query).value == "q?n1t"
        assert pilot.app.current_mode == "questions"
