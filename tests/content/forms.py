"""What the content tests share: our bank, its texts with their places, and the forms that sources take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it.token import Token

from tutor.study import bank
from tutor.study.markdown import parser
from tutor.study.model import Fact, Question

BANK, _FAULTS = bank.check(bank.read()[0])  # not from the cache of whoever runs the tests
if _FAULTS:
    raise bank.BankError(_FAULTS)
QUESTIONS: tuple[Question, ...] = BANK.questions
FACTS: tuple[Fact, ...] = BANK.facts

TAGS = frozenset(
    [
        "handshake",
        "http",
        "framing",
        "masking",
        "stomp",
        "spring",
        "scaling",
        "delivery",
        "ordering",
        "auth",
        "security",
        "sockjs",
        "heartbeat",
        "reconnect",
        "load-balancing",
        "aws",
        "deployment",
        "monitoring",
        "testing",
        "design",
        "browser",
        "kernel",
        "redis",
        "kafka",
        "transport",
        "compression",
    ]
)

SOURCES = (
    r"RFC \d{3,5}(?:bis)? (?:§[0-9A-Z]+(?:\.\d+)*|Appendix [A-Z](?:\.\d+)*)",
    r"STOMP 1\.[012], [A-Z].+",
    r"Spring (?:Framework|Security|Boot|Session), .+",
    r"Spring javadoc, [A-Z]\w+",
    r"MDN, .+",
    r"WHATWG [A-Z]\w+, .+",
    r"[^,]+, .+ \((?:19|20)[0-9]{2}\)",
)
"""RFC and section; a specification and its section; documentation by page; whatever else changes carries its year"""


def is_source(text: str) -> bool:
    """Whether a source has one of the forms."""
    return any(re.fullmatch(form, text) for form in SOURCES)


def texts(question: Question) -> Iterator[tuple[str, str]]:
    """All Markdown of a question as (where, text)."""
    yield from (("ask", question.ask), ("answer", question.answer), ("depth", question.depth))
    for index, follow_up in enumerate(question.follow_ups, 1):
        yield from ((f"follow-up {index}, ask", follow_up.ask), (f"follow-up {index}, answer", follow_up.answer))
    for index, note in enumerate(question.say_it_right, 1):
        yield from ((f"say it right {index}, common", note.common), (f"say it right {index}, right", note.right))
    yield from ((f"key point {index}", point.text) for index, point in enumerate(question.key_points, 1))
    for index, choice in enumerate(question.choices, 1):
        yield f"choice {index}, ask", choice.ask
        for number, option in enumerate(choice.options, 1):
            yield from (
                (f"choice {index}, option {number}", option.text),
                (f"choice {index}, why {number}", option.why),
            )


def sources(question: Question) -> Iterator[str]:
    """All sources of a question."""
    yield from question.sources
    yield from (note.source for note in question.say_it_right)


def fences(markdown: str) -> list[tuple[str, str]]:
    """The code blocks of a text as (language, code)."""
    return [(token.info.strip(), token.content) for token in _code(markdown)]


def without_code(markdown: str) -> str:
    """A text with its code blocks left out."""
    lines = markdown.split("\n")
    for token in _code(markdown):
        if token.map:
            lines[token.map[0] : token.map[1]] = [""] * (token.map[1] - token.map[0])
    return "\n".join(lines)


def prose_words(markdown: str) -> int:
    """How many words a text has beside its code and its tables."""
    lines = [line for line in without_code(markdown).split("\n") if not line.lstrip().startswith("|")]
    return len(re.findall(r"[^\W_][\w'’.,:/§%+-]*", re.sub(r"\]\([^)]*\)", "]", "\n".join(lines))))


def _code(markdown: str) -> list[Token]:
    """Most texts have nothing that could begin a block, and need not be parsed."""
    if not any(sign in markdown for sign in ("```", "~~~", "    ", "\t")):
        return []
    return [token for token in parser().parse(markdown) if token.type in {"fence", "code_block"}]
