"""Every key of the tutor in one table: its id (for remapping), what it does, and the words that help shows."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _key(id: str, keys: str, action: str, about: str, *, label: str = "", display: str | None = None) -> Binding:
    """One row: `about` is a sentence for help; with a `label` the key also stands in the line at the bottom."""
    return Binding(keys, action, label or about, show=bool(label), key_display=display, tooltip=about, id=id)


def _faults(id: str) -> Binding:
    return _key(id, "exclamation_mark", "faults", "Show what is wrong in the question files", display="!")


APP: list[BindingType] = [
    Binding("ctrl+c", "app.quit", "Quit", show=False, priority=True, tooltip="Quit at once", id="app.quit_now"),
    Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True, tooltip="Quit at once", id="app.quit_too"),
    _key("app.help", "question_mark", "app.help", "Show the keys of this screen", label="Help", display="?"),
    _key("app.help_too", "f1", "app.help", "Show the keys, also while one types", label="Help", display="F1"),
    _key("app.quit", "q", "app.quit", "Quit; the place is kept", label="Quit"),
    _key("app.palette", "ctrl+p", "app.command_palette", "Go to any question, lab or theme", display="^p"),
    _key("app.today", "1", "app.go('today')", "Today"),
    _key("app.questions", "2", "app.go('questions')", "Questions"),
    _key("app.labs", "3", "app.go('labs')", "Labs"),
    _key("app.quiz", "4", "app.go('quiz')", "Quiz"),
    _key("app.progress", "5", "app.go('progress')", "Progress"),
    _key("app.theme", "t", "app.next_theme", "Next theme: dark, light, colour-blind, high contrast"),
]

CHOICE: list[BindingType] = [_key("choice.open", "enter,space", "choose", "Open", label="Open", display="Enter")]

LABS: list[BindingType] = [
    _key("choices.next", "j,down", "app.focus_next", "Next line to choose", display="j ↓"),
    _key("choices.previous", "k,up", "app.focus_previous", "Previous line to choose", display="k ↑"),
    _key("choices.page_down", "pagedown", "page(1)", "A page down"),
    _key("choices.page_up", "pageup", "page(-1)", "A page up"),
    _key("choices.top", "g,home", "page(-99)", "To the top", display="g"),
    _key("choices.bottom", "G,end", "page(99)", "To the bottom", display="G"),
]

TODAY: list[BindingType] = [
    *LABS,
    _key("today.goal", "i", "app.goal", "Set the day of the interview and the minutes a day", label="Interview"),
    _faults("today.faults"),
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
    _faults("questions.faults"),
    _key("questions.leave", "escape", "leave", "Back: close the search, go to the list, then to Today", display="Esc"),
]

ITEMS: list[BindingType] = [
    _key("items.down", "j,down", "step(1)", "Next line", display="j ↓"),
    _key("items.up", "k,up", "step(-1)", "Line before", display="k ↑"),
]

QUIZ: list[BindingType] = [
    *LABS,
    _faults("quiz.faults"),
]

SESSION: list[BindingType] = [
    _key("session.leave", "escape", "leave", "Leave; what was answered is kept", label="Leave", display="Esc"),
    _key("session.links", "o", "links", "Open a link or a lab of what is shown"),
    _key("session.copy", "y", "copy", "Copy what is shown as Markdown"),
    _key("session.next_pane", "tab", "app.focus_next", "Next pane"),
    _key("session.previous_pane", "shift+tab", "app.focus_previous", "The pane before"),
    _key("session.page_down", "pagedown", "scroll_card(1)", "The text: a page down"),
    _key("session.page_up", "pageup", "scroll_card(-1)", "The text: a page up"),
]

DRILL: list[BindingType] = [
    _key("drill.answer", "enter,space", "go_on", "Show the answer", label="Answer", display="Enter"),
    _key("drill.rate", "enter", "take", "Take the rating that your ticks suggest", label="Rate", display="Enter"),
    _key("drill.back", "enter", "back", "Back to the modes", label="Back", display="Enter"),
    _key("drill.1", "1", "digit(1)", "How sure, before the answer: a guess. After it: again"),
    _key("drill.2", "2", "digit(2)", "Fairly sure; after the answer: hard"),
    _key("drill.3", "3", "digit(3)", "Certain; after the answer: good"),
    _key("drill.4", "4", "digit(4)", "After the answer: easy"),
    _key("drill.more", "a", "unfold('next')", "The next part: answer, depth, follow-ups"),
    _key("drill.depth", "e", "unfold('depth')", "What a senior adds", label="Depth"),
    _key("drill.follow_up", "f", "unfold('follow-ups')", "The next follow-up", label="Follow-up"),
    _key("drill.undo", "u", "undo", "Undo the last rating", label="Undo"),
    _key("drill.again", "r", "again", "Another round", label="Another round"),
    *SESSION,
]

MOCK: list[BindingType] = [
    _key("mock.rubric", "enter,space", "go_on", "Show the rubric, or what to say", label="Show", display="Enter"),
    _key("mock.rate", "enter", "take", "Take the rating that your ticks suggest", label="Rate", display="Enter"),
    _key("mock.next", "enter,space", "proceed", "The next follow-up or question", label="Next", display="Enter"),
    _key("mock.back", "enter", "back", "Back to the modes", label="Back", display="Enter"),
    _key("mock.notes", "n", "notes", "Take notes while you answer; Esc is done with them", label="Notes"),
    _key("mock.1", "1", "digit(1)", "How sure, before the rubric: a guess. After it: again"),
    _key("mock.2", "2", "digit(2)", "Fairly sure; after the rubric: hard"),
    _key("mock.3", "3", "digit(3)", "Certain; after the rubric: good"),
    _key("mock.4", "4", "digit(4)", "After the rubric: easy"),
    _key("mock.undo", "u", "undo", "Undo the rating, before the next question", label="Undo"),
    _key("mock.answer", "a", "unfold('next')", "The answer, once the rubric is there", label="Answer"),
    *SESSION,
]

MOCK_SETUP: list[BindingType] = [
    _key("mock_setup.next", "down,j", "app.focus_next", "Next value"),
    _key("mock_setup.previous", "up,k", "app.focus_previous", "Value before"),
]

NOTES: list[BindingType] = [
    _key("notes.done", "escape", "done", "Done with the notes", label="Done", display="Esc"),
]

SCORECARD: list[BindingType] = [
    *LABS,
    _key("scorecard.save", "w", "save", "Write the report to a file", label="Write"),
    _key("scorecard.copy", "y", "copy", "Copy the report as Markdown", label="Copy"),
    _key("scorecard.leave", "escape", "leave", "Back to the modes", label="Back", display="Esc"),
]

RAPID: list[BindingType] = [
    _key("rapid.next", "enter,space", "proceed", "The next one", label="Next", display="Enter"),
    _key("rapid.back", "enter", "back", "Back to the modes", label="Back", display="Enter"),
    _key("rapid.clock", "ctrl+t", "clock", "The clock on or off", label="Clock", display="^t"),
    _key("rapid.again", "r", "again", "Another round", label="Another round"),
    *SESSION,
]

PICK: list[BindingType] = [
    _key("pick.next", "enter,space", "proceed", "The next one", label="Next", display="Enter"),
    _key("pick.back", "enter", "back", "Back to the modes", label="Back", display="Enter"),
    *(_key(f"pick.{place}", str(place), f"pick({place - 1})", f"Pick option {place}") for place in range(1, 7)),
    _key("pick.answer", "a", "unfold('next')", "What the question's answer says, once one is picked", label="Answer"),
    _key("pick.again", "r", "again", "Another round", label="Another round"),
    *SESSION,
]

BYTES: list[BindingType] = [
    _key("bytes.type", "i", "type", "Type or paste the answer instead of picking one", label="Type it"),
    _key("bytes.kinds", "s", "kinds", "Choose the kinds that are drilled", label="Kinds"),
]

OPTIONS: list[BindingType] = [
    _key("options.choose", "enter,space", "choose", "Pick this one", label="Pick", display="Enter"),
    *ITEMS,
]

RUBRIC: list[BindingType] = [
    _key("rubric.tick", "space,x", "choose", "This was said, or was not", label="Said it", display="Space"),
    *ITEMS,
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

PROGRESS: list[BindingType] = [
    _key("figures.next", "j,down", "step(1)", "Next figure", display="j ↓"),
    _key("figures.previous", "k,up", "step(-1)", "Figure before", display="k ↑"),
    _key("figures.top", "g,home", "step(-99)", "To the first figure", display="g"),
    _key("figures.bottom", "G,end", "step(99)", "To the last figure", display="G"),
    _key("figures.pane", "tab,shift+tab", "other_pane", "To the lines of the figure, or back to the list"),
    _key("progress.leave", "escape", "leave", "Back: to the list, then to Today", label="Back", display="Esc"),
]

COUNTED: list[BindingType] = [
    _key("counted.open", "enter,space", "open", "Open what the line is about", label="Open", display="Enter"),
]

COPY: list[BindingType] = [_key("copy.all", "y,enter", "copy", "Copy to the clipboard", label="Copy", display="y")]

GOAL: list[BindingType] = [
    _key("goal.next", "down", "app.focus_next", "Next line"),
    _key("goal.previous", "up", "app.focus_previous", "Line before"),
]

DIALOG: list[BindingType] = [
    _key("dialog.close", "escape,q", "dismiss", "Close", label="Close", display="Esc"),
    _key("dialog.down", "j", "arrow('down')", "Down"),
    _key("dialog.up", "k", "arrow('up')", "Up"),
]

ROWS: list[BindingType] = [
    _key("rows.down", "j,down", "move(1)", "Next line", display="j ↓"),
    _key("rows.up", "k,up", "move(-1)", "Line before", display="k ↑"),
    _key("rows.page_down", "pagedown", "page(1)", "A page down"),
    _key("rows.page_up", "pageup", "page(-1)", "A page up"),
    _key("rows.top", "g,home", "edge('top')", "To the first", display="g"),
    _key("rows.bottom", "G,end", "edge('bottom')", "To the last; the messages follow again", display="G"),
]

LAB: list[BindingType] = [
    _key("lab.go_on", "space,enter", "go_on", "Go on: run, predict, next step", label="Go on", display="Space"),
    _key("lab.run", "r", "run", "Run the lab, or run it again", label="Run"),
    _key("lab.knobs", "s", "knobs", "Set the knobs"),
    _key("lab.xray", "x", "xray", "X-ray of a masked frame, one byte at a time", label="X-ray"),
    _key("lab.filter", "slash", "filter", "Filter the messages", label="Filter", display="/"),
    _key("lab.faults", "exclamation_mark", "faults", "Break something on purpose", display="!"),
    _key("lab.copy", "y", "copy", "Copy the message: what it says and its bytes in hex"),
    _key("lab.save", "w", "save", "Write the tape to a file"),
    _key("lab.next_pane", "tab", "next_pane(1)", "Next pane", label="Panes", display="Tab"),
    _key("lab.previous_pane", "shift+tab", "next_pane(-1)", "The pane before"),
    _key("lab.leave", "escape", "leave", "Back; out of the lab, which ends it", label="Back", display="Esc"),
    _key("lab.today", "1", "leave_for('today')", "Today; the lab ends"),
    _key("lab.questions", "2", "leave_for('questions')", "Questions; the lab ends"),
    _key("lab.labs", "3", "leave_for('labs')", "Labs; the lab ends"),
    _key("lab.quiz", "4", "leave_for('quiz')", "Quiz; the lab ends"),
    _key("lab.progress", "5", "leave_for('progress')", "Progress; the lab ends"),
]

WIRE: list[BindingType] = [
    _key("wire.open", "enter", "open", "See the bytes of the message", label="Bytes", display="Enter"),
    _key("wire.delta", "d", "delta", "Time since the lab began, or since the message above"),
    _key("wire.everything", "h", "everything", "Show health checks and heart-beats at a balancer, or hide them"),
]

FIELDS: list[BindingType] = [
    _key("fields.fold", "enter,left,right,h,l", "fold", "Fold the field, or unfold it", display="Enter"),
]

HEX: list[BindingType] = [
    _key("hex.right", "l,right", "byte(1)", "Next byte", display="l →"),
    _key("hex.left", "h,left", "byte(-1)", "Byte before", display="h ←"),
]

XRAY: list[BindingType] = [
    _key("xray.next", "l,right,j,down", "step(1)", "Uncover the next byte", label="Next byte", display="→"),
    _key("xray.previous", "h,left,k,up", "step(-1)", "Cover it again", display="←"),
    _key("xray.all", "G,end", "all", "Uncover all", label="All", display="G"),
    _key("xray.none", "g,home", "none", "Begin again", display="g"),
]

VERDICTS: list[BindingType] = [
    _key("verdicts.evidence", "enter", "evidence", "Go to the message it was computed from", label="Evidence"),
]

ORDER: list[BindingType] = [
    _key("order.pick", "space", "pick", "This comes next", label="Comes next", display="Space"),
    _key("order.undo", "backspace", "undo", "Take the last one back", label="Undo"),
    _key("order.commit", "enter", "commit", "Commit the order", label="Commit", display="Enter"),
]

KNOBS: list[BindingType] = [
    _key("knobs.next", "down", "app.focus_next", "Next knob"),
    _key("knobs.previous", "up", "app.focus_previous", "Knob before"),
    _key("knobs.defaults", "ctrl+r", "defaults", "As they were at first", label="Defaults"),
]

NUMBERED: list[BindingType] = [
    *(_key(f"numbered.{number}", str(number), f"number({number})", f"Choose line {number}") for number in range(1, 10)),
]

CYCLE: list[BindingType] = [
    _key("cycle.next", "right,l,space", "turn(1)", "Next choice", label="Next choice", display="→"),
    _key("cycle.previous", "left,h", "turn(-1)", "Choice before", display="←"),
    _key("cycle.submit", "enter", "submit", "Set the knobs", label="Set", display="Enter"),
]

FILTER: list[BindingType] = [
    _key("filter.close", "escape", "screen.leave", "Take the filter away", label="All messages", display="Esc"),
    _key("filter.list", "down", "submit", "To the messages"),
]

STAGE: list[BindingType] = [
    *APP[:2],
    _key("stage.quit", "q,escape", "app.quit", "Quit"),
    _key("stage.play", "p", "play", "Play the last good tape"),
    _key("stage.skip", "space,enter", "skip", "Have what comes next on a recording come now", display="Space"),
    _key("stage.theme", "t", "next_theme", "Next theme: dark, light, colour-blind, high contrast"),
]
