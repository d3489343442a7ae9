"""The keys of the screen one is on, made from the bindings in force."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.ui.screens.base import Dialog

GROUPS = {
    "questions": "Question",
    "prove": "Question",
    "search": "Search",
    "fault": "Break it",
    "lab": "This lab",
    **dict.fromkeys(("drill", "rapid", "pick", "bytes", "mock", "mock_setup", "scorecard", "session"), "This quiz"),
    **dict.fromkeys(
        ["wire", "rows", "fields", "hex", "xray", "verdicts", "order", "knobs", "cycle", "filter"], "In this pane"
    ),
    **dict.fromkeys(["rubric", "items", "options", "notes"], "In this pane"),
    "move": "In a list or text",
    "panes": "In a list or text",
    "today": "In a list or text",
    "quiz": "In a list or text",
    "choice": "In a list or text",
    "choices": "In a list or text",
    "progress": "In a list or text",
    "figures": "In a list or text",
    "counted": "In a list or text",
    "app": "Everywhere",
}


class HelpDialog(Dialog[None]):
    """Keys on the left, what they do on the right, by groups."""

    def __init__(self, active: list[ActiveBinding]) -> None:
        super().__init__()
        self._active = active

    def compose(self) -> ComposeResult:
        """One text, as long as there are keys."""
        with VerticalScroll(classes="dialog"):
            yield Static("Keys on this screen", classes="title")
            yield Static(self._text())

    def _text(self) -> Content:
        rows: dict[str, dict[str, tuple[list[str], str]]] = {}
        for active in self._active:
            binding = active.binding
            group = GROUPS.get((binding.id or "").partition(".")[0])
            if group is None:
                continue
            shown = self.app.get_key_display(binding)
            keys, _ = rows.setdefault(group, {}).setdefault(
                binding.id or "", ([], binding.tooltip or binding.description)
            )
            if shown not in keys:
                keys.append(shown)
        lines: list[Content] = []
        for group in dict.fromkeys(GROUPS.values()):
            if group in rows:
                lines.append(Content.styled(("\n" if lines else "") + group, "bold $primary"))
                lines += [Content.assemble((" ".join(k).ljust(12), "bold"), about) for k, about in rows[group].values()]
        return Content("\n").join(lines)
