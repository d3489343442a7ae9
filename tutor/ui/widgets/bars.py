"""The line at the top (where one is, where one can go) and the line at the bottom (the keys that matter here)."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.keys import key_to_character
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

MODES = (
    ("today", "Today"),
    ("questions", "Questions"),
    ("labs", "Labs"),
    ("quiz", "Quiz"),
    ("progress", "Progress"),
)
PART = "   "
HELP = "Help"
"""The label of the key that is always shown"""
NAMED = 90
"""From how many columns on there is room for the name of the program"""


class TopBar(Widget):
    """The modes, the current one marked with brackets and colour; a click goes there."""

    ALLOW_SELECT = False
    status: reactive[str] = reactive("", layout=False)
    """What stands at the right end: parts with PART between them, the most important first; as many as there is room
    for."""

    def __init__(self, current: str) -> None:
        super().__init__()
        self.auto_links = False
        self._current = current

    def render(self) -> RenderResult:
        """One line: name, modes, status. In a narrow one the status matters more than the name."""
        named = self.size.width >= NAMED
        parts = [Content.styled(" ws-tutor ", "bold $primary"), Content("  ")] if named else []
        for number, (mode, title) in enumerate(MODES, 1):
            style = "bold reverse $primary" if mode == self._current else "$foreground 75%"
            label = f" {number} {title} "
            go = Style.from_meta({"@click": f"app.go({mode!r})"})
            parts += [Content.styled(label, style).stylize(go), Content(" ")]
        left = Content.assemble(*parts)
        room = self.size.width - left.cell_length - 1
        said = self.status.split(PART)
        while said and len(PART.join(said)) > room:
            said.pop()
        return left + Content.styled(PART.join(said).rjust(room), "$foreground 70%") if said else left


class KeyBar(Widget):
    """The shown keys of whatever has the focus, as many as fit, and help; a click is the key."""

    ALLOW_SELECT = False

    def on_mount(self) -> None:
        """Keep up with the focus."""
        self.auto_links = False
        self.screen.bindings_updated_signal.subscribe(self, self._keys_changed)

    def _keys_changed(self, screen: Screen[object]) -> None:
        self.call_after_refresh(self.refresh)  # what the key asked for comes first

    def render(self) -> RenderResult:
        """One line: key and label by turns, the most important first. Where not all fit, help has the last place: it
        tells the others."""
        items = self._items()
        room = self.size.width - sum(item.cell_length for item in items.values())
        if room < 0 and HELP in items:
            items[HELP] = items.pop(HELP)
        while room < 0 and len(items) > 1:
            dropped = [label for label in items if label != HELP][-1]
            room += items.pop(dropped).cell_length
        return Content("").join(items.values())

    def _items(self) -> dict[str, Content]:
        """By label."""
        items: dict[str, Content] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.description not in items and not self._is_typed(binding.key):
                press = Style.from_meta({"@click": f"press({binding.key!r})"})
                key = Content.styled(f" {self.app.get_key_display(binding)} ", "bold $primary")
                label = Content.styled(f"{binding.description} ", "$foreground 80%")
                items[binding.description] = (key + label).stylize(press)
        return items

    def _is_typed(self, key: str) -> bool:
        """Whether the key would only write a letter where one types."""
        focused = self.screen.focused
        return focused is not None and focused.check_consume_key(key, key_to_character(key))

    def action_press(self, key: str) -> None:
        """Do what the key would do."""
        self.app.simulate_key(key)
