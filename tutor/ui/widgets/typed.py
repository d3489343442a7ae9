"""A line to type or paste an answer in. What is pasted may have several lines, such as a dump: they become one."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class TypedAnswer(Input):
    """Empty at first; `take` puts in what was pasted elsewhere."""

    def __init__(self, most: int, placeholder: str = "type the answer") -> None:
        super().__init__(id="typed", classes="takes", compact=True, max_length=most, placeholder=placeholder)

    def take(self, text: str) -> None:
        """Type this."""
        self.insert_text_at_cursor(" ".join(text.split()))
        self.focus()

    def on_paste(self, event: events.Paste) -> None:
        """All lines count, not the first alone."""
        event.prevent_default()
        event.stop()
        self.take(event.text)
