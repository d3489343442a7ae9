"""What is found, in which order, and where the words are."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.study.model import Bank, Fact, FollowUp, KeyPoint, Question, Section
from tutor.study.search import MAX_HITS, SNIPPET, Index, Query, parse_query


def question(ref: str, ask: str, answer: str = "nothing", **more: object) -> Question:
    made = Question(ref, ask.lower().replace(" ", "-"), ask, "core", answer, (KeyPoint("point"),), ("RFC 6455 §1",))
    return replace(made, **more)  # type: ignore[arg-type]


BANK = Bank(
    (
        Section(
            "Most asked",
            (
                question("Q1", "Masking keys", "Why a client masks.", tags=("masking",), level="senior"),
                question("Q2", "Handshake", "The client *masks* later.", tags=("handshake", "http")),
                question("Q3", "Sums", "x", key_points=(KeyPoint("It masks frames"),)),
                question("Q10", "Café", "x", follow_ups=(FollowUp("And a naïve ÆTHER proxy?", "It is half-open."),)),
            ),
            (),
        ),
        Section("Security", (question("Q20", "Origin", "x", depth="long " * 100 + "needle " + "tail " * 100),), (
            Fact("Which port has wss?", ("443",), "HTTPS' own.", ("RFC 6455 §3",), "port-of-wss", "R1", ("security",)),
        )),
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(BANK)


def refs(index: Index, query: str, seen: tuple[str, ...] = ()) -> list[str]:
    return [result.entry.ref for result in index.search(query, seen)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Q1", "Q2", "Q3", "Q10", "Q20", "R1"]),
        ("mask", ["Q1", "Q3", "Q2"]),  # the question itself, then a key point, then the answer
        ("masks client", ["Q1", "Q2"]),  # all words, in any order
        ("MASKS frames", ["Q3"]),
        ("q1", ["Q1", "Q10"]),  # the whole word first
        ("cafe", ["Q10"]),
        ("CAFÉ", ["Q10"]),
        ("naive", ["Q10"]),
        ("æther", ["Q10"]),
        ('"half-open"', ["Q10"]),
        ('"open half"', []),
        ("443", ["R1"]),
        ("zzz", []),
        ("mask zzz", []),
        ("level:senior", ["Q1"]),
        ("level:sen mask", ["Q1"]),
        ("tag:hand", ["Q2"]),
        ("tag:handshake tag:masking", []),
        ("tag:http tag:handshake", ["Q2"]),
        ("section:secur", ["Q20", "R1"]),
        ("is:fact", ["R1"]),
        ("is:question section:security", ["Q20"]),
        ("is:seen", ["Q2"]),
        ("is:unseen mask", ["Q1", "Q3"]),
        ("is:", ["Q1", "Q2", "Q3", "Q10", "Q20", "R1"]),  # still being typed
        ("is:se", ["Q1", "Q2", "Q3", "Q10", "Q20", "R1"]),
        ("tag:", ["Q1", "Q2", "Q3", "Q10", "Q20", "R1"]),
        ("foo:bar", []),
        ("opening-handshake", []),
    ],
)
def test_queries(index: Index, query: str, found: list[str]):
    assert refs(index, query, ("handshake",)) == found


def test_a_query_can_be_made_without_typing(index: Index):
    assert [result.entry.ref for result in index.search(Query(level="senior"))] == ["Q1"]
    assert parse_query('level:Senior "a B" c is:seen') == Query(("a b", "c"), "senior", seen=True)


def test_hits_show_where_the_words_are(index: Index):
    (first, *_) = index.search("mask client")
    marked = [(hit.field, [hit.text[start:stop] for start, stop in hit.spans]) for hit in first.hits]
    assert marked[0] == ("answer", ["client", "mask"])  # both words in one place come first
    assert ("ask", ["Mask"]) in marked
    assert len(marked) <= MAX_HITS


def test_a_long_text_is_shown_round_the_hit(index: Index):
    (result,) = index.search("needle")
    (hit,) = result.hits
    assert hit.text.startswith("…long") and hit.text.endswith("…")
    assert len(hit.text) <= SNIPPET + 2
    assert [hit.text[start:stop] for start, stop in hit.spans] == ["needle"]


def test_spans_are_right_where_folding_changes_the_length(index: Index):
    (result,) = index.search("æther")
    (hit,) = result.hits
    assert [hit.text[start:stop].casefold() for start, stop in hit.spans] == ["æther"]


def test_without_words_there_are_no_hits(index: Index):
    assert all(result.hits == () for result in index.search("level:core"))


def test_many_threads_may_search_at_once():
    index = Index(BANK)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: [result.entry.ref for result in index.search("mask")], range(32)))
    assert found == [["Q1", "Q3", "Q2"]] * 32


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='aeémask:"is tagÆ日\n()[*', max_size=30))
def test_any_query_is_answered_and_its_spans_fit(query: str):
    words = parse_query(query).words
    for result in Index(BANK).search(query):
        for hit in result.hits:
            assert hit.spans and words
            assert "\n" not in hit.text
            stops = [0, *(edge for span in hit.spans for edge in span), len(hit.text)]
            assert stops == sorted(stops)
