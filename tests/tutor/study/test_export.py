"""The book: everything is in it, in order, and its links lead somewhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tutor.study import bank, export
from tutor.study.markdown import parser

Write = Callable[..., Path]

BOOK = """\
# WebSocket interview questions

## Most asked

<a id="opening-handshake"></a>

### Q2. Walk me through the opening handshake.

*core, handshake, http*

The client sends a GET with `Upgrade: websocket`.

#### Say it right

| Often said | Say instead | Source |
|---|---|---|
| The GUID is a secret. | It is printed in the RFC. | RFC 6455 §1.3 |

#### Follow-ups

**Why a hash?**

So that a server that knows nothing of WebSocket is not fooled.

#### Key points

- Accept is Base64(SHA-1(key + GUID)) (critical, weight 3)

#### Choose

**Which status?**

- a) 101 (right)
- b) 200 (wrong: That is an answer to a plain GET.)

#### Prove it

- The server answers 101: handshake (`ws-tutor lab run handshake`), `switch-101`

#### Sources

- RFC 6455 §1.3

- **Which port has wss?**
  443 (also: four four three).
  It is HTTPS' own. *RFC 6455 §3*
"""


def test_the_book_of_a_small_bank(write: Write, good: str):
    assert export.book(bank.load([write(good)])) == BOOK


def test_links_lead_somewhere_in_a_document(write: Write, good: str):
    text = good.replace(
        "The client sends",
        "[RFC 6455 §5.3](rfc:6455#5.3) [this](q:opening-handshake) [that](q:gone) [x](http://x) The client sends",
    )
    book = export.book(bank.load([write(text)]))
    assert (
        "[RFC 6455 §5.3](https://www.rfc-editor.org/rfc/rfc6455#section-5.3) [this](#opening-handshake) that [x](http"
        in book
    )


def test_our_own_book_holds_every_text_once_and_every_anchor_exists():
    ours = bank.load()
    book = export.book(ours)
    for question in ours.questions:
        assert book.count(f'<a id="{question.id}"></a>') == 1
        assert question.ask in book and all(point.text in book for point in question.key_points)
    assert all(fact.ask in book for fact in ours.facts)
    anchors = set(re.findall(r'<a id="([^"]+)">', book))
    assert set(re.findall(r"\]\(#([^)]+)\)", book)) <= anchors
    assert not re.findall(r"\]\((?:q|lab|rfc):", book)
    assert book == export.book(ours)
    assert parser().parse(book)


@pytest.mark.parametrize(
    ("part", "has", "lacks"),
    [
        ("answer", "The client sends", "Why a hash?"),
        ("follow-ups", "Why a hash?", "The client sends"),
        ("all", "Prove it", "no such words"),
    ],
)
def test_one_part_of_a_question(write: Write, good: str, part: str, has: str, lacks: str):
    (question,) = bank.load([write(good)]).questions
    text = export.question(question, part)
    assert text.startswith("# Q2. Walk") and has in text and lacks not in text


def test_a_part_that_a_question_lacks_is_empty(write: Write, good: str):
    (question,) = bank.load([write(good)]).questions
    assert export.question(question, "depth") == ""
