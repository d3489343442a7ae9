"""The first screen: what this is, the day's plan behind one button, where one left off, one lab, the state of things.

Needs no file to paint: the plan is made in a thread once all is loaded, and anew whenever one comes back here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from labs import catalog
from labs.lab import Lab
from labs.wire.printable import cut
from tutor.ui import keys
from tutor.ui.desk import GLYPHS, Desk
from tutor.ui.lines import counted
from tutor.ui.screens.base import Page, TutorScreen
from tutor.ui.widgets.choice import Choice
from tutor.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from tutor.study.plan import Today

ABOUT = (
    "Say an answer aloud, unfold it, then prove it: what can be measured is measured on your own machine, "
    "from the bytes of real WebSocket connections."
)
START = Content.assemble("Start 20 minutes", ("  questions, facts and one lab, by turns", "not bold"))

MAX_TITLE = 30  # cells of a section's title, so that its row fits 80 columns


class TodayScreen(TutorScreen):
    """Useful on the very first run, at once."""

    MODE = "today"
    BINDINGS = keys.TODAY
    AUTO_FOCUS = "#start"

    class Planned(Message):
        """The day's plan as of now."""

        def __init__(self, plan: Today) -> None:
            super().__init__()
            self.plan = plan

    def __init__(self) -> None:
        super().__init__()
        self._plan: Today | None = None
        self._begin_when_planned = False

    def body(self) -> Iterable[Widget]:
        """All that is known without a file."""
        with Page(id="today"):
            yield Static("Today", classes="title title-of-page")
            yield Static(ABOUT, id="about")
            yield Choice("▶ ", START, id="start")
            yield Choice("  ", Content("Read the first question"), id="go")
            yield Choice("◷ ", Content("When is the interview?"), id="goal")
            yield Sheet(id="plan")
            yield Vertical(id="sure")
            yield Static("One lab", classes="heading one-lab")
            yield Choice("", lab_line(catalog.LABS[0]), id="one-lab", classes="one-lab")
            yield Static("State of things", classes="heading")
            yield Static("Reading the questions …", id="state", markup=False)

    def fill(self) -> None:
        """Name the question to go on with, and the state of things; the plan follows."""
        desk = self.tutor.desk
        if question := desk.next_question():
            verb = "Read" if desk.is_new else "Continue:"
            self.query_one("#go", Choice).label = Content(f"{verb} {question.ref}  {question.ask}")
        self.query_one("#about").display = desk.is_new
        self.query_one("#state", Static).update(state_of(desk))
        self._show_goal()
        self._make_plan()

    def on_screen_resume(self) -> None:
        """Progress may have grown while one was elsewhere."""
        if self.tutor.loaded:
            self.fill()
            self.show_status()

    # -- the plan

    @work(thread=True, exclusive=True, exit_on_error=False, group="plan")
    def _make_plan(self) -> None:
        if (learner := self.tutor.desk.learner) is not None:
            self.post_message(self.Planned(learner.copy().today(self.tutor.desk.now())))

    async def on_today_screen_planned(self, event: Planned) -> None:
        """Show the plan; begin, where one did not wait for it."""
        from tutor.ui.plan_lines import plan_lines

        self._plan = plan = event.plan
        self._show_goal()
        self.query_one("#plan", Sheet).update(partial(plan_lines, plan))
        lab = catalog.find(plan.lab)
        if lab is not None:
            self.query_one("#one-lab", Choice).label = lab_line(lab)
        for widget in self.query(".one-lab"):
            widget.display = lab is not None
        await self._show_sure(plan)
        if self.focused is not None and self.focused.id == "start":  # what stood above it may be gone
            self.query_one("#today").scroll_home(animate=False)
        if self._begin_when_planned:
            self._begin()

    async def _show_sure(self, plan: Today) -> None:
        """On the last evening: what one was certain of, and wrong."""
        box = self.query_one("#sure", Vertical)
        wrong = {each.id: each.ask for each in plan.wrong_but_sure} if plan.stop else {}
        if [choice.name for choice in box.query(Choice)] != list(wrong):
            await box.remove_children()
            await box.mount(*(Choice("! ", Content(ask), name=id) for id, ask in wrong.items()))

    def _show_goal(self) -> None:
        learner = self.tutor.desk.learner
        if learner is None:
            return
        from tutor.ui.plan_lines import goal_label, session_label

        self.query_one("#start", Choice).label = session_label(learner.goal, self._plan)
        goal = goal_label(learner.goal, self.tutor.desk.now(), is_set=learner.goal_is_set)
        self.query_one("#goal", Choice).label = goal

    # -- what is chosen

    @on(Choice.Chosen, "#start")
    def _begin(self) -> None:
        if self._plan is None:
            self._begin_when_planned = True
            return
        self._begin_when_planned = False
        self.tutor.open_quiz("rapid" if self._plan.stop else "drill", self._plan.session)

    @on(Choice.Chosen, "#go")
    def _go_on(self) -> None:
        question = self.tutor.desk.next_question()
        self.tutor.open_question(question.id if question else "")

    @on(Choice.Chosen, "#goal")
    def _set_goal(self) -> None:
        self.tutor.action_goal()

    @on(Choice.Chosen, "#sure Choice")
    def _read_again(self, event: Choice.Chosen) -> None:
        self.tutor.open_question(event.choice.name or "")

    @on(Choice.Chosen, "#one-lab")
    def _lab_chosen(self) -> None:
        self.tutor.open_lab(self._plan.lab if self._plan is not None else catalog.LABS[0].name)


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
