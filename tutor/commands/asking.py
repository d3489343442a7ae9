"""Asks the predictions of a lab on a plain terminal: what is typed becomes the lab's `answer` command."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable

from labs.tape import Answer, Event, Failure, Predict


class Asking:
    """Hears the tape to know what is asked, and turns typed lines into commands."""

    def __init__(self, lines: AsyncIterable[str]) -> None:
        self._lines = lines
        self._asked: Predict | None = None
        self._prompted = False

    def hear(self, out: Callable[[Event], None]) -> Callable[[Event], None]:
        """`out`, with a prompt after each prediction that waits for its answer."""

        def told(event: Event) -> None:
            if self._prompted and not isinstance(event, Answer | Failure):
                print()  # it comes while one types: not on the line of the prompt
            self._prompted = False
            out(event)
            if isinstance(event, Predict):
                self._asked = event
            elif isinstance(event, Answer):
                self._asked = None
            if isinstance(event, Predict | Failure):
                self._prompt()

        return told

    def _prompt(self) -> None:
        if self._asked is not None:
            print(f"     {hint(self._asked)}: ", end="", file=sys.stdout, flush=True)
            self._prompted = True

    async def __aiter__(self) -> AsyncIterator[str]:
        async for line in self._lines:
            if not line.strip():
                self._prompt()
            elif self._asked is not None:
                value = parse_typed(self._asked, line.strip())
                yield json.dumps({"do": "answer", "id": self._asked.id, "value": value})


def hint(asked: Predict) -> str:
    """What to type."""
    return {
        "choice": "number of your choice",
        "order": "numbers in order, such as 2 1 3",
        "number": f"a number{f' of {asked.unit}' if asked.unit else ''}",
    }.get(asked.form, "bytes in hexadecimal")


def parse_typed(asked: Predict, text: str) -> object:
    """The answer that was meant; what cannot be read is passed on as it is, for the lab to refuse in its own words."""
    if asked.form == "choice":
        return _option(asked, text)
    if asked.form == "order":
        return [_option(asked, word) for word in text.replace(",", " ").split()]
    if asked.form == "number":
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            return text
    return text


def _option(asked: Predict, word: str) -> str:
    numbers = {str(number): option for number, option in enumerate(asked.options, 1)}
    return numbers.get(word, word)
