"""Holds a tree of values to the model: a Section, or every fault with its place; and the same rules as JSON Schema.

Imports pydantic: the bank loads this module only for files that it has not seen valid before.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from labs import catalog
from tutor.study import model
from tutor.study.rules import kind_of, quote
from tutor.study.source import Node

MAX_ENTRIES = 1000
SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"

Place = tuple[int, int]
Found = tuple[int, int, str]


def _entry_kind(entry: object) -> str:
    return "fact" if isinstance(entry, dict) and "answers" in entry else "question"


_Entry = Annotated[
    Annotated[model.Question, Tag("question")] | Annotated[model.Fact, Tag("fact")], Discriminator(_entry_kind)
]


class QuestionFile(BaseModel):
    """A file of interview questions: one section and its entries."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    section: model.Text
    """The heading"""
    entries: Annotated[tuple[_Entry, ...], model.AtLeast(1), Field(max_length=MAX_ENTRIES)]
    """Questions, and rapid-fire facts: an entry with `answers` is a fact"""


_FORMS: dict[str, type[Any]] = {
    "question": model.Question,
    "fact": model.Fact,
    "follow_ups": model.FollowUp,
    "key_points": model.KeyPoint,
    "say_it_right": model.SayItRight,
    "choices": model.Choice,
    "options": model.Option,
    "claims": model.Claim,
}


@dataclass(frozen=True, slots=True)
class Name:
    """An id or a ref in a file and where it stands; over all files each is used once."""

    kind: str
    text: str
    line: int
    column: int


def check(tree: Node) -> tuple[model.Section | None, list[Found], list[Name]]:
    """The section in `tree` (None where there are faults), its faults, and the names that it uses."""
    entries = tree.items("entries")
    faults = [*_own_checks(entries)]
    names = [name for entry in entries for name in _names(entry)]
    try:
        file = QuestionFile.model_validate(tree.plain())
    except ValidationError as error:
        faults += [_in_our_words(tree, found) for found in error.errors(include_url=False)]
        return None, faults, names
    return (None if faults else _section(file)), faults, names


def _section(file: QuestionFile) -> model.Section:
    questions = tuple(entry for entry in file.entries if isinstance(entry, model.Question))
    facts = tuple(entry for entry in file.entries if isinstance(entry, model.Fact))
    named = tuple(dataclasses.replace(fact, id=fact.id or slug(fact.ask)) for fact in facts)
    return model.Section(title=file.section, questions=questions, facts=named)


def slug(text: str, limit: int = 60) -> str:
    """`text` as an id: small ASCII letters and digits joined by '-', cut between words. Empty where none are in it."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_text)
    kept = ""
    for word in words:
        longer = f"{kept}-{word}" if kept else word[:limit]
        if len(longer) > limit:
            break
        kept = longer
    return kept


# What pydantic found, in our words and with its place -------------------------------------------------------------


def _in_our_words(tree: Node, error: Any) -> Found:
    path = [part for at, part in enumerate(error["loc"]) if not (at == 2 and part in {"question", "fact"})]
    kind, value = error["type"], error["input"]
    if kind in {"missing", "unexpected_keyword_argument", "extra_forbidden"}:
        mapping = _walk(tree, path[:-1])
        known = _keys(error["loc"])
        key = str(path[-1])
        if kind == "missing":
            return mapping.line, mapping.column, f"the key {quote(key)} is missing; {_what(known, mapping, key)}"
        return *mapping.keys.get(
            key, (mapping.line, mapping.column)
        ), f"unknown key {quote(key)}; {_nearest(key, known)}"
    node = _walk(tree, path)
    return node.line, node.column, _sentence(kind, value, error)


def _sentence(kind: str, value: object, error: Any) -> str:
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "tuple_type":
        return f"a list is wanted here, not {kind_of(value)}; begin each item with '- '"
    if kind in {"dataclass_type", "model_type", "model_attributes_type"}:
        return (
            f"keys and values are wanted here, not {kind_of(value)}; they are {', '.join(_keys((*error['loc'], '')))}"
        )
    if kind == "literal_error":
        return f"{kind_of(value)} does not fit; it takes {str(error['ctx']['expected']).replace(chr(39), '')}"
    if kind == "too_long":
        return f"the list has more than {MAX_ENTRIES} entries; split the file"
    return f"{error['msg'].rstrip('.')}; see ws-tutor check --schema"


def _walk(tree: Node, path: Iterable[Any]) -> Node:
    """The node at `path`, or the nearest one above it that exists."""
    for part in path:
        try:
            tree = tree.value[part]
        except (TypeError, KeyError, IndexError):
            break
    return tree


def _keys(location: Iterable[Any]) -> list[str]:
    """The keys that a mapping at this place takes; the last part of `location` names one of them."""
    within = [part for part in tuple(location)[:-1] if isinstance(part, str)]
    form = _FORMS.get(within[-1]) if within else None
    return [field.name for field in dataclasses.fields(form)] if form else list(QuestionFile.model_fields)


def _what(known: list[str], mapping: Node, key: str) -> str:
    """What to do about a missing key: a key that looks like it, or the plain advice."""
    alike = difflib.get_close_matches(key, [name for name in mapping.keys if name not in known], 1)
    return f"is {quote(alike[0])} meant for it?" if alike else "add it"


def _nearest(key: str, known: Iterable[str]) -> str:
    names = list(known)
    alike = difflib.get_close_matches(key, names, 1, 0.5)
    return f"did you mean {quote(alike[0])}?" if alike else f"it takes {', '.join(names)}"


# What the types can't say -----------------------------------------------------------------------------------------


def _own_checks(entries: list[Node]) -> Iterator[Found]:
    for entry in entries:
        for choice in entry.items("choices"):
            yield from _choice(choice)
        for claim in entry.items("claims"):
            yield from _claim(claim)
        ask = entry.get("ask")
        nameless = _entry_kind(entry.value) == "fact" and "id" not in entry.keys
        if nameless and ask is not None and isinstance(ask.value, str) and ask.value.strip() and not slug(ask.value):
            yield ask.line, ask.column, "no id can be made from this text; add 'id:'"


def _choice(choice: Node) -> Iterator[Found]:
    options = choice.items("options")
    right = [option for option in options if (flag := option.get("correct")) and flag.value is True]
    if len(options) > 1 and len(right) != 1:
        place = right[1] if right else choice.value["options"]
        yield place.line, place.column, f"{len(right)} options are correct; exactly one has 'correct: true'"
    for option in options:
        if isinstance(option.value, dict) and option not in right and option.get("why") is None:
            yield option.line, option.column, "a wrong option says why it is wrong; add 'why:'"


def _claim(claim: Node) -> Iterator[Found]:
    lab, verdict = claim.get("lab"), claim.get("verdict")
    if lab is None or not isinstance(lab.value, str) or not lab.value.strip():
        return
    found = catalog.find(lab.value.strip())
    if found is None:
        names = [each.name for each in catalog.LABS]
        yield lab.line, lab.column, f"no lab is called {quote(lab.value)}; {_nearest(lab.value, names)}"
    elif verdict is not None and isinstance(verdict.value, str) and verdict.value.strip() not in found.verdicts:
        wrong = f"the lab {found.name} has no verdict {quote(verdict.value)}"
        yield verdict.line, verdict.column, f"{wrong}; {_nearest(verdict.value, found.verdicts)}"


def _names(entry: Node) -> Iterator[Name]:
    ask = entry.get("ask")
    for kind in ("id", "ref"):
        node = entry.get(kind)
        if node is not None and isinstance(node.value, str | int):
            yield Name(kind, str(node.value).strip(), node.line, node.column)
        elif kind == "id" and _entry_kind(entry.value) == "fact" and ask is not None and isinstance(ask.value, str):
            yield Name(kind, slug(ask.value), ask.line, ask.column)


# JSON Schema ------------------------------------------------------------------------------------------------------


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a question file, for editors: every rule that a schema can hold."""
    schema = QuestionFile.model_json_schema()
    forms = schema["$defs"]
    one_right = {"properties": {"correct": {"const": True}}, "required": ["correct"]}
    forms["Option"]["anyOf"] = [one_right, {"required": ["why"]}]
    forms["Choice"]["properties"]["options"].update(contains=one_right, minContains=1, maxContains=1)
    forms["Claim"]["oneOf"] = [_claims_of(lab.name, list(lab.verdicts)) for lab in catalog.LABS]
    forms["Claim"]["properties"]["lab"] = {"enum": [lab.name for lab in catalog.LABS]}
    fact_or_question = schema["properties"]["entries"]["items"]
    fact_or_question.pop("oneOf")
    fact_or_question.update(
        {"if": {"required": ["answers"]}, "then": {"$ref": "#/$defs/Fact"}, "else": {"$ref": "#/$defs/Question"}}
    )
    return {"$schema": SCHEMA_ID, **_without_titles(schema)}


def _claims_of(lab: str, verdicts: list[str]) -> dict[str, Any]:
    return {"properties": {"lab": {"const": lab}, "verdict": {"enum": verdicts}}}


def _without_titles(schema: Any) -> Any:
    """pydantic's made-up titles (`Key Points`) say nothing that the key does not; a field called title stays."""
    if isinstance(schema, dict):
        return {
            key: _without_titles(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema
