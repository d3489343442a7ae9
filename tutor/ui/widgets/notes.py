"""A place to write notes in while one answers; Esc and Tab lead out of it, so that no other key has to."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import TextArea

from tutor.study.mock import MAX_NOTES
from tutor.ui import keys


class Notes(TextArea):
    """Plain text, wrapped; at most MAX_NOTES characters."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.NOTES]

    def __init__(self) -> None:
        super().__init__(
            id="notes", classes="takes", soft_wrap=True, compact=True, tab_behavior="focus", highlight_cursor_line=False
        )
        self.cursor_blink = False

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Keep to the bound."""
        event.stop()
        if len(self.text) > MAX_NOTES:
            self.text = self.text[:MAX_NOTES]

    def action_done(self) -> None:
        """Back to the card."""
        self.screen.query_one("#card").focus()
