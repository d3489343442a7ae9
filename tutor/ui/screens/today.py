"""The first screen: what this is, one button to go on, the labs, the state of things. Needs no file to paint."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from labs import catalog
from labs.lab import Lab
from labs.wire.printable import cut
from tutor.ui import keys
from tutor.ui.desk import GLYPHS, Desk
from tutor.ui.lines import counted
from tutor.ui.screens.base import TutorScreen
from tutor.ui.widgets.choice import Choice

ABOUT = (
    "Say an answer aloud, unfold it, then prove it: what can be measured is measured on your own machine, "
    "from the bytes of real WebSocket connections."
)

MAX_TITLE = 30  # cells of a section's title, so that its row fits 80 columns


class TodayScreen(TutorScreen):
    """Useful on the very first run, at once."""

    MODE = "today"
    BINDINGS = keys.TODAY
    AUTO_FOCUS = "#go"

    def body(self) -> Iterable[Widget]:
        """All that is known without a file."""
        with VerticalScroll(id="today", can_focus=False):
            yield Static("Today", classes="title title-of-page")
            yield Static(ABOUT, id="about")
            yield Choice("▶ ", Content("Start with the first question"), id="go")
            yield Static("Labs", classes="heading")
            for lab in catalog.LABS:
                yield Choice(lab.name.ljust(11), lab_line(lab), id=f"lab-{lab.name}", classes="lab")
            yield Static("State of things", classes="heading")
            yield Static("Reading the questions …", id="state", markup=False)

    def fill(self) -> None:
        """Name the question to go on with, and the state of things."""
        desk = self.tutor.desk
        if question := desk.next_question():
            verb = "Start with" if desk.is_new else "Continue:"
            self.query_one("#go", Choice).label = Content.assemble(f"{verb} {question.ref}  ", question.ask)
        self.query_one("#state", Static).update(state_of(desk))

    def on_screen_resume(self) -> None:
        """Progress may have grown while one was elsewhere."""
        if self.tutor.loaded:
            self.fill()
            self.show_status()

    @on(Choice.Chosen, "#go")
    def _go_on(self) -> None:
        question = self.tutor.desk.next_question()
        self.tutor.open_question(question.id if question else "")

    @on(Choice.Chosen, ".lab")
    def _lab_chosen(self, event: Choice.Chosen) -> None:
        self.tutor.open_lab((event.choice.id or "").removeprefix("lab-"))


def lab_line(lab: Lab) -> Content:
    """A lab in two lines: what it is about, what it proves."""
    return Content.assemble(
        (lab.title, "bold"),
        (f"   {', '.join(lab.questions)} · {counted(len(lab.verdicts), 'verdict')}\n", "dim"),
        lab.summary,
    )


def state_of(desk: Desk) -> Content:
    """Read and opened questions by section, facts, where progress is kept, what is wrong."""
    titles = (section.title for section in desk.bank.sections)
    width = min(MAX_TITLE, max(len(title) for title in ("Progress", *titles)))
    lines = []
    for section in desk.bank.sections:
        seen = [desk.seen(question) for question in section.questions]
        if seen:
            glyphs = " ".join(GLYPHS[state] for state in seen)
            count = f"{seen.count('read')} of {len(seen)} read".ljust(14)
            lines.append(Content.assemble(cut(section.title, width).ljust(width + 2), count, (glyphs, "$primary")))
    facts = len(desk.bank.facts)
    if facts:
        lines.append(Content(f"{'Facts'.ljust(width + 2)}{counted(facts, 'rapid-fire fact')}"))
    lines.append(Content(f"{'Progress'.ljust(width + 2)}{desk.storage}"))
    if desk.faults:
        text = f"! {counted(len(desk.faults), 'fault')} in the question files: press ! to read them"
        lines.append(Content.styled(text, "bold $error"))
    return Content("\n").join(lines)
