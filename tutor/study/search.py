"""Search over the bank as one types: every word must occur, the best places first, and the hits are shown.

A query is words and filters: `half open`, `"exact phrase"`, `level:senior`, `tag:stomp`, `section:security`, `is:seen`.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tutor.study.markdown import plain
from tutor.study.model import Bank, Fact, Question

Span = tuple[int, int]
Kind = Literal["question", "fact"]
SNIPPET = 96
"""How many characters of a long text a hit shows"""
MAX_HITS = 5
MAX_QUERY = 200

_WEIGHTS = {
    "ref": 60,
    "ask": 40,
    "tags": 30,
    "key points": 20,
    "answer": 12,
    "follow-ups": 11,
    "depth": 10,
    "say it right": 9,
    "choices": 5,
    "sources": 4,
}
_TOKEN = re.compile(r'(\w+):(\S*)|"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where words of the query stand: the field, a piece of its text, and (start, stop) of each word in it."""

    field: str
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. A filter that is empty lets everything pass; facts have no level."""

    words: tuple[str, ...] = ()
    level: str = ""
    tags: tuple[str, ...] = ()
    section: str = ""
    seen: bool | None = None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    """One searchable text. `folded` is what is compared; `places` maps its characters back, where they differ."""

    field: str
    text: str
    folded: str
    places: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class _Document:
    entry: Question | Fact
    section: str
    texts: tuple[_Text, ...]
    everything: str


@dataclass(frozen=True, slots=True)
class Result:
    """A question or a fact that has all words of the query."""

    entry: Question | Fact
    section: str
    _texts: tuple[_Text, ...] = field(repr=False)
    _words: tuple[str, ...] = field(repr=False)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Where the words are, the best place first; made when asked for, as a list shows only the rows in view."""
        return _hits(self._texts, self._words)


def parse_query(text: str) -> Query:
    """The query in what was typed. Filters may be unfinished (`level:sen`); an unknown one is taken as a word."""
    words: list[str] = []
    filters: dict[str, str] = {}
    tags: list[str] = []
    seen: bool | None = None
    kind: Kind | None = None
    for match in _TOKEN.finditer(text[:MAX_QUERY]):
        name, value = (match[1] or "").lower(), fold(match[2] or "")
        if name == "tag":
            tags += [value] if value else []
        elif name in {"level", "section"}:
            filters[name] = value
        elif name == "is" and value in {"seen", "unseen"}:
            seen = value == "seen"
        elif name == "is" and value in {"question", "fact"}:
            kind = "fact" if value == "fact" else "question"
        elif name == "is" and any(known.startswith(value) for known in ("seen", "unseen", "question", "fact")):
            continue
        elif word := fold(match[3] or match[4] or (match[0] if name else "")):
            words.append(word)
    return Query(tuple(words), filters.get("level", ""), tuple(tags), filters.get("section", ""), seen, kind)


def fold(text: str) -> str:
    """`text` as it is compared: without case and without accents."""
    return _fold(text)[0]


class Index:
    """All texts of a bank, ready to be searched. Built at the first search, or by `build`.

    Any number of threads may search at once: what is built is never changed.
    """

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._lock = threading.Lock()
        self._documents: tuple[_Document, ...] | None = None

    def build(self) -> None:
        """Prepare now what the first search would; calling it again costs nothing."""
        self._ready()

    def search(self, query: str | Query, seen: Collection[str] = ()) -> list[Result]:
        """What fits `query`, the best first and else in reading order; `seen` holds the ids that `is:seen` means."""
        wanted = parse_query(query) if isinstance(query, str) else query
        found: list[tuple[float, int, _Document]] = []
        for order, document in enumerate(self._ready()):
            if _passes(document, wanted, seen) and all(word in document.everything for word in wanted.words):
                score = sum(_score(document, word) for word in wanted.words)
                found.append((-score, order, document))
        found.sort(key=lambda each: each[:2])
        return [Result(each.entry, each.section, each.texts, wanted.words) for _, _, each in found]

    def _ready(self) -> tuple[_Document, ...]:
        with self._lock:
            if self._documents is None:
                self._documents = tuple(_documents(self._bank))
            return self._documents


def _documents(bank: Bank) -> Iterator[_Document]:
    for section in bank.sections:
        entries: tuple[Question | Fact, ...] = (*section.questions, *section.facts)
        for entry in entries:
            pairs = _question_texts(entry) if isinstance(entry, Question) else _fact_texts(entry)
            texts = tuple(_Text(field, text, *_fold(text)) for field, raw in pairs if (text := plain(raw)))
            yield _Document(entry, section.title, texts, "\n".join(text.folded for text in texts))


def _question_texts(question: Question) -> Iterator[tuple[str, str]]:
    yield from (("ref", f"{question.ref} {question.id}"), ("ask", question.ask), ("tags", " ".join(question.tags)))
    yield from (("key points", point.text) for point in question.key_points)
    yield from (("answer", question.answer), ("depth", question.depth))
    yield from (("follow-ups", text) for each in question.follow_ups for text in (each.ask, each.answer))
    yield from (("say it right", text) for each in question.say_it_right for text in (each.common, each.right))
    for choice in question.choices:
        yield "choices", choice.ask
        yield from (("choices", text) for option in choice.options for text in (option.text, option.why))
    yield "sources", ", ".join(question.sources)


def _fact_texts(fact: Fact) -> Iterator[tuple[str, str]]:
    yield from (("ref", f"{fact.ref} {fact.id}"), ("ask", fact.ask), ("tags", " ".join(fact.tags)))
    yield from (("answer", ", ".join(fact.answers)), ("depth", fact.explain), ("sources", ", ".join(fact.sources)))


def _fold(text: str) -> tuple[str, tuple[int, ...] | None]:
    if text.isascii():
        return text.lower(), None
    folded: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for part in unicodedata.normalize("NFKD", char).casefold() if char > "\x7f" else char.lower():
            if not unicodedata.combining(part):
                folded.append(part)
                places.append(place)
    return "".join(folded), tuple(places)


def _passes(document: _Document, query: Query, seen: Collection[str]) -> bool:
    entry = document.entry
    kind = "question" if isinstance(entry, Question) else "fact"
    level = entry.level if isinstance(entry, Question) else ""
    return (
        query.kind in {None, kind}
        and level.startswith(query.level)
        and all(any(fold(tag).startswith(wanted) for tag in entry.tags) for wanted in query.tags)
        and query.section in fold(document.section)
        and query.seen in {None, entry.id in seen}
    )


def _score(document: _Document, word: str) -> float:
    """The weight of the best place of `word`: more where it begins a word, most where it is one."""
    best = 0.0
    for text in document.texts:
        weight = _WEIGHTS[text.field]
        if weight * 2 > best and word in text.folded:
            best = max(best, weight * _fit(text.folded, word))
    return best


def _fit(folded: str, word: str) -> float:
    if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded):
        return 2
    return 1.5 if re.search(rf"(?<!\w){re.escape(word)}", folded) else 1


def _hits(texts: Sequence[_Text], words: Sequence[str]) -> tuple[Hit, ...]:
    """Hits in the texts that have the most of the words, and of those the weightiest; at most MAX_HITS."""
    having = [(sum(word in text.folded for word in words), _WEIGHTS[text.field], text) for text in texts]
    having.sort(key=lambda each: each[:2], reverse=True)
    return tuple(
        _snippet(text, [(at, at + len(word)) for word in words for at in _all(text.folded, word)])
        for count, _, text in having[:MAX_HITS]
        if count
    )


def _all(folded: str, word: str, most: int = 20) -> Iterator[int]:
    at = folded.find(word)
    while at >= 0 and most:
        yield at
        at, most = folded.find(word, at + len(word)), most - 1


def _snippet(text: _Text, spans: list[Span]) -> Hit:
    """The piece of the text round its first span, cut between words, in one line."""
    if text.places is not None:
        spans = [(text.places[start], text.places[stop - 1] + 1) for start, stop in spans]
    spans = _merged(spans)
    start, stop = 0, len(text.text)
    if stop > SNIPPET:
        start = max(0, min(spans[0][0] - SNIPPET // 3, stop - SNIPPET))
        start = start if start == 0 else text.text.find(" ", start, spans[0][0]) + 1 or spans[0][0]
        stop = max(min(stop, start + SNIPPET), spans[0][1])
    before, after = "…" if start else "", "…" if stop < len(text.text) else ""
    shown = before + re.sub(r"\s", " ", text.text[start:stop]) + after
    shift = len(before) - start
    inside = tuple((first + shift, last + shift) for first, last in spans if first >= start and last <= stop)
    return Hit(text.field, shown, inside)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch or overlap as one."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
