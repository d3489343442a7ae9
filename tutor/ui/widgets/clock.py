"""The time that is left, as a bar and in words; it never stops anything. What time it is, it is told."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

CELLS = 20


class Clock(Static):
    """`show` is called as often as one likes: only what looks different is drawn."""

    def __init__(self) -> None:
        super().__init__("", id="clock", classes="takes")
        self._said: tuple[str, int] = ("", 0)

    def show(self, left: float | None, whole: float, words: str) -> None:
        """`left` seconds of `whole`; None where no clock runs, and then `words` stand alone."""
        filled = 0 if left is None else round(CELLS * max(0.0, min(1.0, left / whole)))
        if (words, filled) != self._said:
            self._said = (words, filled)
            bar = Content("") if left is None else Content.assemble(
                ("━" * filled, "$primary"), ("─" * (CELLS - filled), "$foreground 40%"), "  "
            )  # fmt: skip
            late = left is not None and left <= 0
            self.update(bar + Content.styled(words, "bold $text-warning" if late else "$foreground 80%"))


def minutes_and_seconds(seconds: float) -> str:
    """As 4:05, whatever the sign."""
    whole = abs(int(seconds))
    return f"{whole // 60}:{whole % 60:02}"
