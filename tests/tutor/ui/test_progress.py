"""The screen of progress: every figure, what it counts, and where its lines lead; the charts that go with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.tutor.ui.conftest import SAMPLE, Open, press
from tests.tutor.ui.screen_text import assert_snapshot, screen_text, until
from tutor.study import bank
from tutor.study.learner import Learner
from tutor.study.reviews import Mock, MockAnswer, review
from tutor.study.schedule import Goal
from tutor.study.store import LabRun, Prediction, Store
from tutor.ui.charts import HEAT, bar, heat_map, line_chart, mark_of
from tutor.ui.desk import Desk
from tutor.ui.screens.lab import LabScreen
from tutor.ui.screens.progress import ProgressScreen
from tutor.ui.screens.questions import QuestionsScreen
from tutor.ui.screens.scorecard import ScorecardScreen
from tutor.ui.widgets.figure import CountedRows

pytestmark = pytest.mark.usefixtures("two_labs")
NOON = datetime(2026, 8, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "now", staticmethod(lambda: NOON))


@pytest.fixture
def studied(home: object) -> Iterator[None]:
    """Three days of study: answers, byte drills, a lab, a mock interview."""
    store = Store()
    learner = Learner(bank.load([SAMPLE]), store)
    learner.set_goal(Goal(date(2026, 8, 12), 20))
    days = [NOON - timedelta(days=day) for day in (9, 2, 1)]
    for at in days:
        learner.add(review("opening-handshake", at, "drill", 3, 2))
    learner.add(review("half-open", days[1], "drill", 1, 3, missed=["The other side may still send"]))
    for number in range(16):
        mistake = ["16 bits read as 64"] if number < 4 else []
        learner.add(review("length", days[2], "bytes", 1 if mistake else 3, missed=mistake))
    predictions = (Prediction("keys", 64, 64, "How many?", "keys"), Prediction("code", "1000", "1002", "Which code?"))
    learner.keep_lab_run(LabRun("masking", days[2], False, {"one": True, "two": False}, predictions))
    mock = Mock("m", days[2], 30, ("masking",))
    learner.begin_mock(mock)
    learner.add_mock_answer(mock, review("masking", days[2], "mock", 3, 3), MockAnswer("masking", got=2, of=4))
    store.close()
    yield


async def test_nothing_done_yet(tutor: Open) -> None:
    async with tutor("5", size=(80, 24)) as pilot:
        await until(pilot, lambda: "Mock interviews  none yet" in screen_text(pilot.app), "the figures")
        await press(pilot, "j", "enter")
        await until(pilot, lambda: "○ Q1 Walk me through" in screen_text(pilot.app), "what is unseen")


@pytest.mark.usefixtures("studied")
async def test_every_figure_can_be_opened(tutor: Open) -> None:
    shown = [
        "Wed  5 Aug   53%", "● Q1 Walk me through", "✗ Q3 What is a half-open", "▆ Tue  4 Aug  18 answers",
        "not said: The other side may still send", "✗ 16 bits read as 64: 4 times", "✗ Tue 4 Aug 12:00: 1 of 2 held",
        "predicted 1000, measured 1002", "Tue 4 Aug 12:00, 30 min",
    ]  # fmt: skip
    async with tutor("5", size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 interview" in screen_text(pilot.app), "the figures")
        await assert_snapshot(pilot, "progress-80x24")
        for number, text in enumerate(shown):
            await press(pilot, "enter")
            await until(pilot, lambda text=text: text in screen_text(pilot.app), text)
            assert isinstance(pilot.app.focused, CountedRows)
            if number == 3:
                await assert_snapshot(pilot, "progress-days-80x24")
            await press(pilot, "escape", "j")
        await press(pilot, "escape")
        assert pilot.app.current_mode == "today"


@pytest.mark.usefixtures("studied")
async def test_the_figure_under_the_cursor_stands_beside_the_list(tutor: Open) -> None:
    async with tutor("5", size=(160, 50)) as pilot:
        await until(pilot, lambda: "Wed  5 Aug   53%" in screen_text(pilot.app), "the forecast")
        await assert_snapshot(pilot, "progress-160x50")
        await press(pilot, "G", "k", "tab")
        await until(pilot, lambda: "predicted 1000, measured 1002" in screen_text(pilot.app), "the predictions")
        assert isinstance(pilot.app.focused, CountedRows)
        await press(pilot, "tab")
        assert pilot.app.focused is not None and pilot.app.focused.id == "figure-predictions"


@pytest.mark.usefixtures("studied")
async def test_lines_lead_to_questions_and_labs(tutor: Open) -> None:
    async with tutor("5") as pilot:
        await until(pilot, lambda: "1 interview" in screen_text(pilot.app), "the figures")
        await press(pilot, "j", "enter", "G", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionsScreen), "the questions")
        await until(pilot, lambda: "Which status code accepts" in screen_text(pilot.app), "the fact")
        await press(pilot, "5", "escape", *"jjjjj", "enter")
        await until(pilot, lambda: "○ The opening handshake: not run yet" in screen_text(pilot.app), "the labs")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LabScreen), "the lab")
        await press(pilot, "escape", "escape", "G", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ScorecardScreen), "the interview")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen), "the figures again")


async def test_it_counts_anew_when_one_comes_back(tutor: Open) -> None:
    async with tutor("5") as pilot:
        await until(pilot, lambda: "0 of 5" in screen_text(pilot.app), "the figures")
        await press(pilot, "1")
        pilot.app.desk.learner.add(review("masking", NOON, "drill", 3))  # type: ignore[attr-defined]
        await press(pilot, "5")
        await until(pilot, lambda: "1 of 5" in screen_text(pilot.app), "one more")


# -- charts


def test_a_bar_is_as_long_as_its_share() -> None:
    assert bar(0.5, 10).plain == "━" * 5 + "─" * 5
    assert bar(0.25, 10).plain == "━━╸" + "─" * 7
    assert [bar(share, 4).plain for share in (-1, 0, 1, 2)] == ["────", "────", "━━━━", "━━━━"]


def test_a_line_falls_from_the_first_day_to_the_last() -> None:
    lines = [line.plain for line in line_chart([(date(2026, 8, 1), 1.0), (date(2026, 8, 31), 0.0)], 40, 5)]
    assert lines[0].startswith("100%┤") and lines[2].startswith(" 50%┤") and lines[4].startswith("  0%┤")
    drawn = [[place for place, cell in enumerate(line[5:]) if cell != " "] for line in lines[:5]]
    assert [min(cells) for cells in drawn] == sorted(min(cells) for cells in drawn) and drawn[0][0] <= 1
    assert drawn[4][-1] == 34 and lines[5] == "     1 Aug" + " " * 24 + "31 Aug"


def test_a_day_stands_in_its_week_and_the_days_to_come_are_blank() -> None:
    lines = [line.plain for line in heat_map({date(2026, 8, 4): 15, date(2026, 7, 26): 1}, date(2026, 8, 5), 3)]
    assert lines[0] == "Mon  · · ·" and lines[1] == "     · · ▆" and lines[6] == "Sun  ▂ ·  "
    assert lines[7].strip() == "20 Jul to 5 Aug, answers a day:"
    assert lines[8].split("  ")[-1] == "█ 30 or more"
    assert [mark_of(answers) for answers, _ in HEAT] == [mark for _, mark in HEAT]
