"""Markdown as text of a given width, as links and as plain words."""

import textwrap

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.effort import examples
from tutor.study.markdown import Link, hrefs, links, parse_link, parser, plain, render
from tutor.study.wrap import cells


def shown(markdown: str, width: int = 40, **options: bool) -> str:
    return render(textwrap.dedent(markdown), width, **options)


@pytest.mark.parametrize(
    ("href", "link"),
    [
        ("q:opening-handshake", Link("q", "opening-handshake")),
        ("lab:masking", Link("lab", "masking")),
        ("rfc:6455", Link("rfc", "6455")),
        ("rfc:6455#5.3", Link("rfc", "6455", "5.3")),
        ("rfc:6455#A.1", Link("rfc", "6455", "A.1")),
        ("rfc:6455#", None),
        ("rfc:x", None),
        ("https://example.com", None),
        ("q:", None),
        ("q:Two Words", None),
        ("", None),
    ],
)
def test_links_are_of_three_kinds(href: str, link: Link | None):
    assert parse_link(href) == link


def test_links_of_a_text_in_order():
    text = "See [a](q:one), **[b](lab:two)** and [c](http://x).\n\n- [d](rfc:6455#5.3)\n\n```text\n[no](q:no)\n```\n"
    assert links(text) == [Link("q", "one"), Link("lab", "two"), Link("rfc", "6455", "5.3")]
    assert hrefs(text) == ["q:one", "lab:two", "http://x", "rfc:6455#5.3"]


def test_the_parser_knows_tables_and_no_html():
    html = parser().render("a <b>c</b>\n\n| x |\n|---|\n| y |\n")
    assert "&lt;b&gt;" in html and "<table>" in html


def test_paragraphs_are_wrapped_and_links_say_where_they_lead():
    text = "The **first** words go on [here](q:opening-handshake) and in [RFC 6455 §5.3](rfc:6455#5.3)."
    assert shown(text) == ("The first words go on here (see\nopening-handshake) and in RFC 6455 §5.3.")


def test_a_caller_may_say_where_links_lead():
    assert render("[a](q:b)", resolve=lambda link: f"to {link.target}") == "a (to b)"


def test_lists():
    assert shown("""\
        1. one
        2. two is so long that it needs another line
           - inside
             more
        3. three
        """) == ("1. one\n2. two is so long that it needs another\n   line\n   • inside more\n3. three")


def test_a_loose_list_keeps_its_gaps_and_numbers_go_on_from_the_first():
    assert shown("7. one\n\n8. two\n") == "7. one\n\n8. two"


def test_tables_keep_their_alignment():
    assert (
        shown("""\
        | what | bytes |
        |---|---:|
        | `key` | 4 |
        | 日本 | 1,000 |
        """)
        == "what  │ bytes\n──────┼──────\n`key` │     4\n日本  │ 1,000"
    )


def test_wide_tables_are_wrapped_cell_by_cell():
    text = shown(
        """\
        | a | a longer heading |
        |---|---|
        | x | many words that do not fit into what is left here |
        | y | z |
        """,
        30,
    )
    assert text.split("\n") == [
        "a │ a longer heading",
        "──┼───────────────────────────",
        "x │ many words that do not fit",
        "  │ into what is left here",
        "──┼───────────────────────────",
        "y │ z",
    ]


def test_code_is_never_wrapped():
    code = "GET /a/very/long/line/that/is/wider/than/the/screen HTTP/1.1"
    assert shown(f"```http\n{code}\n\n  Host: x\n```\n") == f"  {code}\n\n    Host: x"


def test_headings_quotes_rules_and_breaks():
    assert shown("# One\n\n## Two\n\n### Three\n\n> a\n> b\n\n---\n\na  \nb") == (
        "One\n===\n\nTwo\n---\n\nThree\n\n│ a b\n\n" + "─" * 40 + "\n\na\nb"
    )


def test_marks_are_escape_sequences_where_they_are_wanted():
    assert shown("**bold** and `code`", ansi=True) == "\x1b[1mbold\x1b[0m and \x1b[36mcode\x1b[0m"
    assert "\x1b" not in shown("# a\n**bold** *x* `code` [l](q:x)")


def test_one_word_that_is_too_wide_is_cut():
    assert shown("x" * 50, 20) == "x" * 20 + "\n" + "x" * 20 + "\n" + "x" * 10


PROSE = st.lists(st.text(alphabet="ab日é`", min_size=1, max_size=12), min_size=8, max_size=40).map(" ".join)
WORDS = st.text(alphabet="ab *_`|[]()#>-\n1.日é:", max_size=120)


@settings(max_examples=examples(60))
@given(PROSE | WORDS | PROSE.map(lambda words: f"| a | b |\n|---|---|\n| x | {words} |"), st.integers(20, 40))
def test_no_line_is_wider_than_the_screen(text: str, width: int):
    assume("```" not in text and "    " not in text)  # code is not wrapped
    assume(text.count("|") <= 6)  # each column of a table needs a cell
    assume(max(map(_marks, text.split("\n"))) <= 4)  # ten lists inside each other leave no room for words
    assert all(cells(line) <= width for line in render(text, width).split("\n")), render(text, width)


def _marks(line: str) -> int:
    return sum(map(line.count, ">-."))


@given(WORDS)
@settings(max_examples=examples(60))
def test_plain_and_links_take_any_text(text: str):
    assert isinstance(plain(text), str)
    assert isinstance(links(text), list)


def test_plain_words_have_no_marks():
    text = "## A\n\n**b** *c* `d *e*` [f](q:g)\n\n- h\n\n| i | j |\n|---|---|\n| k | l |\n\n```http\nGET /*/m\n```\n"
    assert plain(text).split() == ["A", "b", "c", "d", "*e*", "f", "h", "i", "j", "k", "l", "GET", "/*/m"]
