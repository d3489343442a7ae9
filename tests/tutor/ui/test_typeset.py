"""Markdown as lines: nothing wider than asked, nothing lost, whatever the text and the width."""

from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.study import bank
from tutor.study.model import Question
from tutor.ui.parts import parts_of
from tutor.ui.typeset import link_targets, typeset


@lru_cache(maxsize=1)
def our_questions() -> tuple[Question, ...]:
    return bank.load().questions


def plain(markdown: str, width: int = 40) -> list[str]:
    return [line.plain.rstrip() for line in typeset(markdown, width)]


def test_blocks_stand_apart() -> None:
    assert plain("# Head\n\none\ntwo\n\n---\n\n> said") == ["Head", "", "one two", "", "─" * 40, "", "▎ said"]


def test_lists_hang() -> None:
    assert plain("- one two three four\n- x\n  - y", 14) == ["• one two", "  three four", "• x", "  ◦ y"]
    assert plain("9. nine\n10. ten") == [" 9. nine", "10. ten"]
    assert plain("- a\n\n- b") == ["• a", "", "• b"]


def test_code_keeps_its_lines_and_folds_long_ones() -> None:
    assert plain("```text\na  b\n\n  c\n```") == ["  a  b", "", "    c"]
    assert plain("```\n" + "x" * 20 + "\n```", 18) == ["  " + "x" * 12, "  ↪ " + "x" * 8]


def test_a_part_of_a_message_is_not_marked_as_an_error() -> None:
    block = "```http\n:method: CONNECT\n:protocol: websocket\n```"
    assert not [span for line in typeset(block, 40) for span in line.spans if "error" in str(span.style)]


def test_tables_fit() -> None:
    assert plain("| a | b |\n|---|---|\n| 1 | `two` |") == ["a │ b", "──┼────", "1 │ two"]
    narrow = plain("| head | long |\n|---|---|\n| x | one two three four five |\n| y | z |", 20)
    assert narrow[2:4] == ["x    │ one two three", "     │ four five"]
    assert narrow[4].startswith("┈┈┈┈┈┼┈")
    assert all(len(line) <= 20 for line in narrow)


def test_html_is_shown_as_it_is_written() -> None:
    assert plain("<b>x</b> [a]") == ["<b>x</b> [a]"]


def test_links() -> None:
    markdown = "See [the `key`](rfc:6455#4.1) and [Q14](q:masking)."
    assert link_targets(markdown) == [("the key", "rfc:6455#4.1"), ("Q14", "q:masking")]
    clicks = [span.style for line in typeset(markdown, 80) for span in line.spans if "follow" in repr(span.style)]
    assert len(clicks) == 2


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab *_`|-#>[]()\n1.", max_size=120), st.integers(12, 60))
def test_any_text_at_any_width(markdown: str, width: int) -> None:
    typeset(markdown, width)


@pytest.mark.parametrize("width", [24, 60, 74, 90])
def test_the_whole_bank_fits(width: int) -> None:
    assert our_questions()
    for question in our_questions():
        for part in parts_of(question):
            for line in part.lines(width):
                assert line.cell_length <= width, (question.ref, part.id, line.plain)


def test_text_art_of_the_bank_is_not_folded_at_80_columns() -> None:
    for question in our_questions():
        for part in parts_of(question):
            assert not any("↪" in line.plain for line in part.lines(74)), (question.ref, part.id)
