"""The questions: every key, what it shows, and that nothing is shown before it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.visual import Visual

from tests.tutor.ui.conftest import Open, press
from tests.tutor.ui.screen_text import assert_snapshot, assert_snapshots, screen_text, until
from tutor.ui.app import TutorApp
from tutor.ui.screens.questions import QuestionsScreen
from tutor.ui.typeset import set_lines
from tutor.ui.widgets.evidence import Evidence
from tutor.ui.widgets.folds import Folds
from tutor.ui.widgets.prove import ProveIt
from tutor.ui.widgets.question_list import QuestionList
from tutor.ui.widgets.reader import Reader
from tutor.ui.widgets.search_box import Query


def reader(pilot: Pilot[Any]) -> Reader:
    return pilot.app.screen.query_one(Reader)


def asked(pilot: Pilot[Any]) -> str:
    question = reader(pilot).question
    return question.ref if question else ""


async def shows(pilot: Pilot[Any], text: str) -> None:
    await until(pilot, lambda: text in screen_text(pilot.app), f"{text!r} on the screen")


async def test_the_list_at_each_size(tutor: Open) -> None:
    async with tutor("2", size=(80, 24)) as pilot:
        await shows(pilot, "○ new")
        await assert_snapshots(pilot, "list")


async def test_the_question_comes_first(tutor: Open) -> None:
    async with tutor("2", "enter", size=(80, 24)) as pilot:
        await shows(pilot, "say it aloud")
        await assert_snapshots(pilot, "folded")


async def test_everything_unfolded(tutor: Open) -> None:
    async with tutor("2", "enter", "F", "g", size=(80, 24)) as pilot:
        await until(
            pilot, lambda: any(each.display for each in reader(pilot).query(".behind")), "the parts are unfolded"
        )
        await assert_snapshots(pilot, "unfolded")
        await pilot.resize_terminal(80, 24)
        await press(pilot, "G")
        await assert_snapshot(pilot, "unfolded-end-80x24")


async def test_what_is_folded_is_typeset_before_its_key(tutor: Open) -> None:
    set_lines.cache_clear()
    async with tutor("2", "enter") as pilot:
        await until(pilot, lambda: not pilot.app.workers, "the thread has set all parts")
        before = set_lines.cache_info().misses
        await press(pilot, "a", "f")
        await shows(pilot, "merely reflects headers")
        assert 0 < before == set_lines.cache_info().misses


async def test_what_is_folded_is_drawn_before_its_key(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, Any]] = []
    draw = Visual.to_strips

    def drawing(widget: Any, visual: Any, width: int, height: int, style: Any, **options: Any) -> Any:
        drawn.append((str(visual), style))
        return draw(widget, visual, width, height, style, **options)

    def is_drawn(pilot: Pilot[Any], text: str) -> bool:
        style = pilot.app.screen.query_one("#answer", Folds).visual_style
        return any(text in line and style == each for line, each in drawn)

    monkeypatch.setattr(Visual, "to_strips", staticmethod(drawing))
    async with tutor("2", "enter") as pilot:
        await until(pilot, lambda: reader(pilot).styles.background_tint.a, "the reader shows that it has the focus")
        for text in ("▌   The client sends an HTTP/1.1 GET", "merely reflects headers"):
            await until(pilot, lambda text=text: is_drawn(pilot, text), f"{text!r} is drawn")
            assert text not in screen_text(pilot.app)
        drawn.clear()
        await press(pilot, "a")
        await shows(pilot, "GET with an Upgrade")
        assert not is_drawn(pilot, "▌   The client sends an HTTP/1.1 GET")


async def test_text_is_selected_across_parts(tutor: Open) -> None:
    async with tutor("2", "enter", "F", "g", size=(120, 50)) as pilot:
        await shows(pilot, "merely reflects headers")
        rows = screen_text(pilot.app).splitlines()
        top = next(number for number, row in enumerate(rows) if "GET with an Upgrade" in row)
        bottom = next(number for number, row in enumerate(rows) if "Follow-up 1" in row)
        await pilot.mouse_down(offset=(rows[top].index("GET"), top))
        await pilot.hover(offset=(rows[bottom].index("Follow-up") + 9, bottom))
        await pilot.mouse_up(offset=(rows[bottom].index("Follow-up") + 9, bottom))
        selected = pilot.app.screen.get_selected_text() or ""
        assert selected.startswith("GET with an Upgrade")
        assert selected.rstrip().endswith("Follow-up")
        x, y = rows[top].index("GET"), top
        assert pilot.app.screen.get_style_at(x, y).bgcolor != pilot.app.screen.get_style_at(x - 1, y).bgcolor


async def test_a_key_unfolds_its_part_only(tutor: Open) -> None:
    parts = [
        ("a", "say it aloud", "GET with an Upgrade"),
        ("e", "what a senior adds", "keeps no secret"),
        ("r", "what an interviewer ticks", "must be said"),
        ("f", "▸ Follow-up 1", "merely reflects headers"),
    ]
    async with tutor("2") as pilot:
        for key, folded, unfolded in parts:
            await shows(pilot, folded)
            answers = {"✓ better", *(answer for _, _, answer in parts)}
            assert not any(answer in screen_text(pilot.app) for answer in answers)
            await press(pilot, key)
            await shows(pilot, unfolded)
            others = answers - {unfolded} - ({"✓ better"} if key == "a" else set())
            assert not any(answer in screen_text(pilot.app) for answer in others)
            await press(pilot, key)


async def test_a_folds_again(tutor: Open) -> None:
    async with tutor("2", "a") as pilot:
        await shows(pilot, "GET with an Upgrade")
        await press(pilot, "a")
        await until(pilot, lambda: "GET with an Upgrade" not in screen_text(pilot.app), "the answer is folded")


async def test_f_unfolds_one_follow_up_after_the_other(tutor: Open) -> None:
    async with tutor("2", "f") as pilot:
        await shows(pilot, "merely reflects headers")
        assert "with the versions" not in screen_text(pilot.app)
        await press(pilot, "f")
        await shows(pilot, "with the versions")
        await press(pilot, "f")
        await shows(pilot, "No follow-up is left")


async def test_moving_through_the_questions(tutor: Open) -> None:
    async with tutor("2") as pilot:
        moves = [("j", "Q2"), ("n", "Q3"), ("k", "Q2"), ("p", "Q1"), ("G", "Q4"), ("g", "Q1"), ("down", "Q2")]
        for key, ref in moves:
            await press(pilot, key)
            await until(pilot, lambda ref=ref: asked(pilot) == ref, f"{ref} after {key}")
        await press(pilot, "G", "n")
        await shows(pilot, "This is the last question")


async def test_j_and_k_scroll_the_reader(tutor: Open) -> None:
    async with tutor("2", "enter", "F", "g", size=(80, 24)) as pilot:
        await until(pilot, lambda: reader(pilot).max_scroll_y > 20, "a long text")
        for key, expected in [("j", 2), ("j", 4), ("k", 2), ("G", reader(pilot).max_scroll_y), ("g", 0)]:
            await pilot.press(key)
            await until(pilot, lambda y=expected: reader(pilot).scroll_y == y, f"line {expected} after {key}")
        assert asked(pilot) == "Q1"


async def test_progress_is_told_by_glyph_and_word(tutor: Open) -> None:
    async with tutor("2", "j", "j") as pilot:
        assert "◐" not in screen_text(pilot.app)
        await press(pilot, "a")
        await shows(pilot, "◐ opened")
        await press(pilot, "e")
        await shows(pilot, "● read")
        await shows(pilot, "● 1 of 4 read")


async def test_tab_goes_round_the_panes(tutor: Open) -> None:
    async with tutor("2", "a", "escape", size=(200, 60)) as pilot:
        await until(
            pilot,
            lambda: any(each.display for each in pilot.app.screen.query_one(Evidence).query(".behind")),
            "the evidence",
        )
        stops: list[type] = []
        for _ in range(5):
            stops.append(type(pilot.app.focused))
            await press(pilot, "tab")
        assert stops == [QuestionList, Reader, ProveIt, ProveIt, Evidence]
        assert isinstance(pilot.app.focused, QuestionList)
        await press(pilot, "shift+tab")
        assert isinstance(pilot.app.focused, Evidence)


async def test_the_list_shows_whether_it_has_the_focus(tutor: Open) -> None:
    async with tutor("2") as pilot:
        questions = pilot.app.screen.query_one(QuestionList)
        assert questions.has_focus
        await press(pilot, "a")
        await until(pilot, lambda: not questions.has_focus, "the list shows that it lost the focus")
        await press(pilot, "escape")
        await until(pilot, lambda: questions.has_focus, "the list shows that it has the focus again")


async def test_tab_changes_the_pane_where_one_fits(tutor: Open) -> None:
    async with tutor("2", size=(80, 24)) as pilot:
        assert "On the wire" in screen_text(pilot.app)
        await press(pilot, "tab")
        await shows(pilot, "say it aloud")
        assert "On the wire" not in screen_text(pilot.app)
        await press(pilot, "tab")
        await shows(pilot, "On the wire")


async def test_escape_steps_back_to_today(tutor: Open) -> None:
    async with tutor("2", "enter", "slash", "x") as pilot:
        assert isinstance(pilot.app.focused, Query)
        await press(pilot, "escape")
        assert isinstance(pilot.app.focused, QuestionList)
        await press(pilot, "enter")
        assert isinstance(pilot.app.focused, Reader)
        await press(pilot, "escape")
        assert isinstance(pilot.app.focused, QuestionList)
        await press(pilot, "escape")
        assert pilot.app.current_mode == "today"


async def test_prove_it_opens_the_lab_of_the_claim(tutor: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, str]] = []
    monkeypatch.setattr(TutorApp, "open_lab", lambda app, name, verdict="": opened.append((name, verdict)))
    async with tutor("2", "enter") as pilot:
        await press(pilot, "enter")
        await shows(pilot, "then prove it")
        assert not opened
        await press(pilot, "a", "enter", "x", "tab", "tab", "enter")
        assert opened == [("handshake", "accept-key")] * 2 + [("handshake", "old-version-426")]
        await pilot.click(ProveIt)
        assert opened[3:] == [("handshake", "accept-key")]


async def test_a_question_without_claims_offers_no_proof(tutor: Open) -> None:
    async with tutor("2", "enter", "a") as pilot:
        await shows(pilot, "Enter Prove it")
        await press(pilot, "n", "n")
        await until(pilot, lambda: "Prove it" not in screen_text(pilot.app).splitlines()[-1], "no such key")


async def test_links_lead_to_questions_labs_and_references(tutor: Open) -> None:
    async with tutor("2", "enter", "o") as pilot:
        await shows(pilot, "Nothing that is unfolded has a link")
        await press(pilot, "a", "o")
        await shows(pilot, "q:masking")
        assert "rfc:6455#4.1" in screen_text(pilot.app)
        await press(pilot, "enter")
        await until(pilot, lambda: asked(pilot) == "Q2", "the question that was linked")
        await press(pilot, "backspace")
        await until(pilot, lambda: asked(pilot) == "Q1", "back again")
        await shows(pilot, "GET with an Upgrade")
        await press(pilot, "o", "j", "j", "enter")
        await shows(pilot, "https://www.rfc-editor.org/rfc/rfc6455#section-4.1")
        assert "The WebSocket Protocol" in screen_text(pilot.app)
        await press(pilot, "y")
        assert pilot.app.clipboard == "https://www.rfc-editor.org/rfc/rfc6455#section-4.1"
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, QuestionsScreen)


async def test_a_link_is_clicked(tutor: Open) -> None:
    async with tutor("2", "enter", "a") as pilot:
        await shows(pilot, "See masking")
        rows = screen_text(pilot.app).splitlines()
        row = next(number for number, line in enumerate(rows) if "See masking" in line)
        await pilot.click(offset=(rows[row].index("masking") + 1, row))
        await until(pilot, lambda: asked(pilot) == "Q2", "the question that was linked")


async def test_copying_the_marked_section(tutor: Open) -> None:
    async with tutor("2", "enter", "y") as pilot:
        assert pilot.app.clipboard.startswith("# Q1. Walk me through")
        await press(pilot, "a", "f", "y")
        assert pilot.app.clipboard.startswith("## Follow-up 1 of 2: Why not simply echo the key?\n\nA server that")
        await press(pilot, "e", "y")
        assert "```text" in pilot.app.clipboard


async def test_clicks_unfold_and_choose(tutor: Open) -> None:
    async with tutor("2") as pilot:
        await pilot.click("#answer", offset=(5, 0))
        await shows(pilot, "GET with an Upgrade")
        await pilot.click(QuestionList, offset=(6, 5))
        await until(pilot, lambda: asked(pilot) == "Q3", "the question that was clicked")


async def test_resizing_keeps_the_question_and_its_folds(tutor: Open) -> None:
    async with tutor("2", "n", "n", "F", size=(200, 60)) as pilot:
        for width, height in [(80, 24), (120, 36), (20, 8), (159, 30), (200, 60)]:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            if width == 20:
                await shows(pilot, "too small")
            else:
                await shows(pilot, "One side is gone")
                for folds in reader(pilot).query(Folds):
                    assert {strip.cell_length for strip in folds.render_lines(folds.size.region)} <= {folds.size.width}
        assert asked(pilot) == "Q3"


async def test_the_place_survives_the_app(tutor: Open) -> None:
    async with tutor("2", "enter", "F", "j", "j", "j", size=(80, 24)) as pilot:
        await until(pilot, lambda: reader(pilot).scroll_y >= 6, "scrolled")
        line = reader(pilot).scroll_y
    async with tutor("2", size=(80, 24)) as pilot:
        await press(pilot, "tab")
        await until(pilot, lambda: reader(pilot).scroll_y == line, f"line {line} again")
        assert "points" in reader(pilot).unfolded
