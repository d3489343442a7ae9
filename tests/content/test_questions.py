"""Each entry is complete, sourced and shown well. Held over whatever is in the bank, so also over what comes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from labs import catalog
from tests.content.forms import (
    BANK,
    FACTS,
    QUESTIONS,
    TAGS,
    fences,
    is_source,
    prose_words,
    sources,
    texts,
    without_code,
)
from tutor.study.markdown import hrefs, parse_link, render
from tutor.study.model import Fact, Question
from tutor.study.wrap import cells

each_question = pytest.mark.parametrize("question", QUESTIONS, ids=[question.ref for question in QUESTIONS])
each_fact = pytest.mark.parametrize("fact", FACTS, ids=[fact.id for fact in FACTS])
IDS = Path(__file__).with_name("ids.txt")
NARROW = 60


@each_question
def test_all_parts_are_there(question: Question):
    missing = [
        part
        for part, there in {
            "depth": bool(question.depth),
            "three follow-ups": len(question.follow_ups) >= 3,
            "5 to 9 key points": 5 <= len(question.key_points) <= 9,
            "1 to 3 critical key points": 1 <= sum(point.critical for point in question.key_points) <= 3,
            "two choices": len(question.choices) >= 2,
            "four options a choice": all(len(choice.options) == 4 for choice in question.choices),
            "2 to 4 tags": 2 <= len(question.tags) <= 4,
        }.items()
        if not there
    ]
    assert missing == []


@each_question
def test_the_answer_is_as_long_as_two_minutes_of_speech(question: Question):
    assert 90 <= prose_words(question.answer) <= 180


@each_question
def test_the_answer_opens_with_a_sentence_that_could_stand_alone(question: Question):
    first = question.answer.split("\n\n")[0]
    assert not first.startswith(("#", "-", "|", "```", "1.")) and first.rstrip().endswith((".", ":", "`"))


@each_question
def test_tags_are_known(question: Question):
    assert set(question.tags) <= TAGS
    assert len(set(question.tags)) == len(question.tags)


@each_question
def test_sources_have_a_known_form(question: Question):
    assert [source for source in sources(question) if not is_source(source)] == []


@each_question
def test_claims_are_measured(question: Question):
    for claim in question.claims:
        lab = catalog.find(claim.lab)
        assert lab is not None and claim.verdict in lab.verdicts


@each_question
def test_links_lead_somewhere(question: Question):
    broken = []
    for where, text in texts(question):
        for href in hrefs(text):
            link = parse_link(href)
            if (
                link is None
                or (link.kind == "q" and BANK.question(link.target) is None)
                or (link.kind == "lab" and catalog.find(link.target) is None)
                or (link.kind == "q" and link.target == question.id)
            ):
                broken.append(f"{where}: {href}")
    assert broken == []


@each_question
def test_a_narrow_screen_shows_every_line(question: Question):
    wide = [
        f"{where}: {line}"
        for where, text in texts(question)
        for line in render(without_code(text), NARROW).split("\n")
        if cells(line) > NARROW
    ]
    code = [
        f"{where}: {line}"
        for where, text in texts(question)
        for _, block in fences(text)
        for line in block.split("\n")
        if cells(line) > 72
    ]
    assert wide + code == []


@each_question
def test_key_points_can_be_ticked_at_a_glance(question: Question):
    assert [point.text for point in question.key_points if len(point.text) > 90] == []
    assert len({point.text for point in question.key_points}) == len(question.key_points)


@each_question
def test_options_differ_and_none_means_the_others(question: Question):
    for choice in question.choices:
        options = [option.text.casefold() for option in choice.options]
        assert len(set(options)) == len(options)
        assert not any(
            re.search(r"\b(all|none|both|neither) of the (above|others?|options)\b", option) for option in options
        )


def test_the_right_option_is_not_known_by_its_place_or_its_length():
    choices = [choice for question in QUESTIONS for choice in question.choices]
    places = Counter(next(at for at, option in enumerate(choice.options) if option.correct) for choice in choices)
    longest = sum(max(choice.options, key=lambda option: len(option.text)).correct for choice in choices)
    assert all(0.15 <= places[place] / len(choices) <= 0.35 for place in range(4)), places
    assert longest / len(choices) <= 0.40, f"the right option is the longest in {longest} of {len(choices)}"


@each_fact
def test_facts(fact: Fact):
    spellings = [answer.casefold() for answer in fact.answers]
    assert len(set(spellings)) == len(spellings)
    assert len(fact.answers[0]) <= 60
    assert [source for source in fact.sources if not is_source(source)] == []
    assert set(fact.tags) <= TAGS


def test_no_fact_is_asked_twice():
    asked = Counter(fact.ask.casefold() for fact in FACTS)
    assert [ask for ask, times in asked.items() if times > 1] == []


def test_no_id_has_ever_vanished():
    """Progress hangs on ids. A new one is added to ids.txt; a line there is never removed or changed."""
    ids = {entry.id for entry in (*QUESTIONS, *FACTS)}
    assert set(IDS.read_text("utf-8").split()) - ids == set()


def test_every_id_is_written_down():
    ids = {entry.id for entry in (*QUESTIONS, *FACTS)}
    assert ids - set(IDS.read_text("utf-8").split()) == set(), "add them to ids.txt"
