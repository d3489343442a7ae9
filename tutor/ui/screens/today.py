"""The first screen: what this is, one button to go on, the labs, the state of things. Needs no file to paint."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.app import RenderResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from labs import catalog
from labs.lab import Lab
from tutor.ui import keys
from tutor.ui.desk import GLYPHS, Desk
from tutor.ui.screens.base import TutorScreen
from tutor.ui.typeset import MIN_WIDTH, Lines, indent

ABOUT = (
    "Say an answer aloud, unfold it, then prove it: what can be measured is measured\n"
    "on your own machine, from the bytes of real WebSocket connections."
)


class Choice(Widget, can_focus=True):
    """A line that Enter or a click chooses."""

    ALLOW_SELECT = False
    BINDINGS = keys.CHOICE

    label: reactive[Content] = reactive(Content(""), layout=True)

    class Chosen(Message):
        """This line was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """For selectors."""
            return self.choice

    def __init__(self, mark: str, label: Content, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._mark = mark
        self.set_reactive(Choice.label, label)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines at this width."""
        return len(self._lines(width))

    def render(self) -> RenderResult:
        """The mark, and the label beside it."""
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> Lines:
        return indent(self.label.wrap(max(width - len(self._mark), MIN_WIDTH)), self._mark)

    def action_choose(self) -> None:
        """Tell the screen."""
        self.post_message(self.Chosen(self))

    def on_click(self) -> None:
        """A click is Enter."""
        self.action_choose()


class TodayScreen(TutorScreen):
    """Useful on the very first run, at once."""

    MODE = "today"
    BINDINGS = keys.TODAY
    AUTO_FOCUS = "#go"

    def body(self) -> Iterable[Widget]:
        """All that is known without a file."""
        with VerticalScroll(id="today", can_focus=False):
            yield Static("Today", classes="title")
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

    def action_faults(self) -> None:
        """What is wrong in the question files."""
        self.tutor.show_faults()


def lab_line(lab: Lab) -> Content:
    """A lab in two lines: what it is about, what it proves."""
    return Content.assemble(
        (lab.title, "bold"),
        (f"   {', '.join(lab.questions)} · {len(lab.verdicts)} verdicts\n", "dim"),
        lab.summary,
    )


def state_of(desk: Desk) -> Content:
    """Read and opened questions by section, facts, where progress is kept, what is wrong."""
    width = max((len(section.title) for section in desk.bank.sections), default=0)
    lines = []
    for section in desk.bank.sections:
        seen = [desk.seen(question) for question in section.questions]
        if seen:
            glyphs = " ".join(GLYPHS[state] for state in seen)
            count = f"{seen.count('read')} of {len(seen)} read".ljust(14)
            lines.append(Content.assemble(section.title.ljust(width + 2), count, (glyphs, "$primary")))
    facts = len(desk.bank.facts)
    if facts:
        lines.append(Content(f"{'Facts'.ljust(width + 2)}{facts} rapid-fire facts"))
    lines.append(Content(f"{'Progress'.ljust(width + 2)}{desk.storage}"))
    if desk.faults:
        text = f"! {len(desk.faults)} faults in the question files: press ! to read them"
        lines.append(Content.styled(text, "bold $error"))
    return Content("\n").join(lines)
