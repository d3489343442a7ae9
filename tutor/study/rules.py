"""The rules that fields of the model carry as `Annotated` metadata: what a value must be beyond its type.

pydantic finds them by their hook and is imported only then: a model that nobody validates costs no import of it.
What is wrong is said in our own words, and the same rule writes its part of the JSON Schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no text holds: controls other than tab and line ends, halves of surrogate pairs, non-characters."""


class RuleError(ValueError):
    """A value that a rule refuses; the text says what is wrong and what would be right."""


def kind_of(value: object) -> str:
    """What a value read from YAML is, in the words of someone who writes YAML."""
    match value:
        case None:
            return "nothing"
        case bool() | int():
            return f"`{quote(value)}`"
        case str():
            return quote(value)
        case list():
            return "a list"
        case _:
            return "a mapping"


def quote(value: object, limit: int = 48) -> str:
    """`value` as it may stand in a one-line message: escaped, at most `limit` characters."""
    text = str(value).lower() if isinstance(value, bool) else one_line(str(value))
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return f"'{text}'" if isinstance(value, str) else text


def one_line(text: str) -> str:
    """`text` with everything that would break a line or a terminal escaped; other letters stay as they are."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


class Rule:
    """What all rules share: the hook by which pydantic finds them. `check` runs on the value as read from YAML."""

    __slots__ = ()

    def check(self, value: object) -> object:
        """The value to keep; raises RuleError."""
        raise NotImplementedError

    def describe(self, schema: dict[str, Any]) -> None:
        """Write the rule into the JSON Schema of its field."""

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler(schema)
        self.describe(described)
        return described


@dataclass(frozen=True, slots=True)
class Words(Rule):
    """Text that says something; `pattern` must match all of it, else `advice` says what would be right.

    YAML's guesses are not followed: a plain `No`, `12:30`, `017` or `1.0` is the text that stands there.
    """

    pattern: str = ""
    advice: str = ""

    def check(self, value: object) -> object:
        if isinstance(value, bool | int):
            value = quote(value)
        if value is None:
            raise RuleError('the text is missing; write it, or quote a word that YAML takes for nothing: "null"')
        if not isinstance(value, str):
            hint = "quote text that contains ': '" if isinstance(value, dict) else "quote text that begins with [ or -"
            raise RuleError(f"text is wanted here, not {kind_of(value)}; {hint}")
        if bad := NOT_TEXT.search(value):
            raise RuleError(
                f"the text holds the character U+{ord(bad[0]):04X}; only printable text, tabs and line ends"
            )
        if not value.strip():
            raise RuleError("the text is empty; write it or leave the key out where it is optional")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise RuleError(f"{quote(value)} does not fit; it takes {self.advice}")
        return value.lstrip("\n").rstrip()

    def describe(self, schema: dict[str, Any]) -> None:
        schema["type"] = ["string", "number", "boolean"]
        schema["pattern"] = f"^(?:{self.pattern})$" if self.pattern else r"\S"


@dataclass(frozen=True, slots=True)
class Between(Rule):
    """A whole number from `low` to `high`, both included."""

    low: int
    high: int

    def check(self, value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise RuleError(f"{kind_of(value)} does not fit; it takes a whole number from {self.low} to {self.high}")
        return value

    def describe(self, schema: dict[str, Any]) -> None:
        schema.update(minimum=self.low, maximum=self.high)


@dataclass(frozen=True, slots=True)
class Switch(Rule):
    """`true` or `false`, and nothing that YAML would take for them."""

    def check(self, value: object) -> object:
        if not isinstance(value, bool):
            raise RuleError(f"{kind_of(value)} does not fit; it takes true or false")
        return value


@dataclass(frozen=True, slots=True)
class AtLeast(Rule):
    """A list of at least `count` items."""

    count: int

    def check(self, value: object) -> object:
        if isinstance(value, list) and len(value) < self.count:
            raise RuleError(f"the list has {len(value)} items; it takes at least {self.count}")
        return value

    def describe(self, schema: dict[str, Any]) -> None:
        schema["minItems"] = self.count
