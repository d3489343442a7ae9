"""Every key of the tutor in one table: its id (for remapping), what it does, and the words that help shows."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _key(id: str, keys: str, action: str, about: str, *, label: str = "", display: str | None = None) -> Binding:
    """One row: `about` is a sentence for help; with a `label` the key also stands in the line at the bottom."""
    return Binding(keys, action, label or about, show=bool(label), key_display=display, tooltip=about, id=id)


APP: list[BindingType] = [
    Binding("ctrl+c", "app.quit", "Quit", show=False, priority=True, tooltip="Quit at once", id="app.quit_now"),
    Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True, tooltip="Quit at once", id="app.quit_too"),
    _key("app.help", "question_mark", "app.help", "Show the keys of this screen", label="Help", display="?"),
    _key("app.quit", "q", "app.quit", "Quit; the place is kept", label="Quit"),
    _key("app.palette", "ctrl+p", "app.command_palette", "Go to any question, lab or theme", display="^p"),
    _key("app.today", "1", "app.go('today')", "Today"),
    _key("app.questions", "2", "app.go('questions')", "Questions"),
    _key("app.labs", "3", "app.go('labs')", "Labs"),
    _key("app.theme", "t", "app.next_theme", "Next theme: dark, light, colour-blind, high contrast"),
]

CHOICE: list[BindingType] = [_key("choice.open", "enter,space", "choose", "Open", label="Open", display="Enter")]

TODAY: list[BindingType] = [
    _key("today.next", "j,down", "app.focus_next", "Next button or lab", display="j"),
    _key("today.previous", "k,up", "app.focus_previous", "Previous button or lab", display="k"),
    _key("today.faults", "exclamation_mark", "faults", "Show what is wrong in the question files", display="!"),
]

MOVE: list[BindingType] = [
    _key("move.down", "j", "move(1)", "Down: next question, or scroll"),
    _key("move.up", "k", "move(-1)", "Up: previous question, or scroll"),
    _key("move.top", "g", "edge('top')", "To the top"),
    _key("move.bottom", "G", "edge('bottom')", "To the bottom"),
]

READER: list[BindingType] = [
    _key("questions.prove", "enter,x", "screen.prove", "Prove it: open the lab", label="Prove it", display="Enter"),
    *MOVE,
]

QUESTIONS: list[BindingType] = [
    _key("questions.answer", "a", "unfold('answer')", "Unfold the answer, once you have said it aloud", label="Answer"),
    _key("questions.depth", "e", "unfold('depth')", "Unfold what a senior adds", label="Depth"),
    _key("questions.follow_up", "f", "unfold_follow_up", "Unfold the next follow-up", label="Follow-up"),
    _key("questions.points", "r", "unfold('points')", "Unfold the rubric: the key points an interviewer ticks"),
    _key("questions.all", "F", "unfold_all", "Unfold everything, or fold it again"),
    _key("questions.next", "n", "step(1)", "Next question", label="Next"),
    _key("questions.previous", "p", "step(-1)", "Previous question"),
    _key(
        "questions.search",
        "slash",
        "search",
        "Search all text; filter by level:, tag:, section:, is:",
        label="Search",
        display="/",
    ),
    _key("questions.links", "o", "links", "Open a link of this question"),
    _key("questions.back", "backspace", "back", "Back to the question that a link led away from"),
    _key("questions.copy", "y", "copy", "Copy the marked section as Markdown"),
    _key("questions.leave", "escape", "leave", "Back: close the search, go to the list, then to Today", display="Esc"),
]

PANES: list[BindingType] = [
    _key("panes.next", "tab", "next_pane(1)", "Next pane, or claim to prove"),
    _key("panes.previous", "shift+tab", "next_pane(-1)", "The pane before"),
]

PROVE: list[BindingType] = [
    _key("prove.open", "enter", "prove", "Open the lab that measures this claim", label="Prove it", display="Enter"),
]

SEARCH: list[BindingType] = [
    _key("search.next", "down", "list(1)", "Next hit, while one types", label="Next hit"),
    _key("search.previous", "up", "list(-1)", "Previous hit, while one types"),
    _key("search.close", "escape", "screen.leave", "Close the search", label="Close", display="Esc"),
]

COPY: list[BindingType] = [_key("copy.all", "y,enter", "copy", "Copy to the clipboard", label="Copy", display="y")]

DIALOG: list[BindingType] = [
    _key("dialog.close", "escape,q", "dismiss", "Close", label="Close", display="Esc"),
    _key("dialog.down", "j", "scroll_down", "Down"),
    _key("dialog.up", "k", "scroll_up", "Up"),
]
