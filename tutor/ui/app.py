"""The terminal UI's frame: modes, palette, themes, the keys that hold everywhere. A mode is its screen's business."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path, PurePath
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import Worker, WorkerState, get_current_worker

from labs import catalog
from tutor.study.model import Fact, Question
from tutor.ui import keys, themes
from tutor.ui.desk import Desk
from tutor.ui.screens.base import TutorScreen
from tutor.ui.sessions import Wanted, start
from tutor.ui.style_sheet import SteadyStylesheet

if TYPE_CHECKING:
    from tutor.study.schedule import Goal

WIDTHS = [(0, "-tiny"), (40, "-narrow"), (110, "-split"), (160, "-wide")]
PATIENCE = 1.0  # seconds that what can wait waits for the screen at most
HEIGHTS = [(0, "-flat"), (10, "-low"), (32, "-high")]
"""From how many columns and rows on a screen has which class"""


def _today() -> Screen[None]:
    from tutor.ui.screens.today import TodayScreen

    return TodayScreen()


def _questions() -> Screen[None]:
    from tutor.ui.screens.questions import QuestionsScreen

    return QuestionsScreen()


def _labs() -> Screen[None]:
    from tutor.ui.screens.labs import LabsScreen

    return LabsScreen()


def _quiz() -> Screen[None]:
    from tutor.ui.screens.quiz import QuizScreen

    return QuizScreen()


def _progress() -> Screen[None]:
    from tutor.ui.screens.progress import ProgressScreen

    return ProgressScreen()


class TutorApp(App[None]):
    """The tutor. `bank_paths` are question files or folders to study instead of ours."""

    TITLE = "ws-tutor"
    NOTIFICATION_TIMEOUT = 3
    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath]] = "tutor.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "today": _today,
        "questions": _questions,
        "labs": _labs,
        "quiz": _quiz,
        "progress": _progress,
    }
    DEFAULT_MODE = "today"
    BINDINGS = keys.APP
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    loaded: reactive[bool] = reactive(False)
    """The bank and the progress are there."""

    def __init__(self, bank_paths: Sequence[Path] | None = None, *, desk: Desk | None = None) -> None:
        super().__init__()
        self.desk = desk or Desk(bank_paths)
        self.desk.on_problem = lambda _: self.call_later(self._saving_changed)
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = self.desk.setting("theme", themes.DEFAULT)
        self.stylesheet = SteadyStylesheet(self.get_css_variables())

    def on_mount(self) -> None:
        """Begin."""
        self._begin()

    def _begin(self) -> None:
        """The first screen is painted before a file is read."""
        self.call_after_refresh(self._load)

    @work(thread=True, exit_on_error=False)
    def _load(self) -> None:
        try:
            self._read()
            if not get_current_worker().is_cancelled:
                self._tell_loaded()
                self._prepare()
        finally:
            gc.enable()  # from here on things come and go: see start.py

    def _tell_loaded(self) -> None:
        drawn = Event()
        self.call_from_thread(self._show_loaded, drawn.set)
        drawn.wait(PATIENCE)
        if self.desk.problem:
            self.call_from_thread(self._saving_changed)

    def _read(self) -> None:
        """Bank and progress."""
        self.desk.load()

    def _show_loaded(self, drawn: Callable[[], None]) -> None:
        """The screens fill; `drawn` is called when that is on the terminal, and what may wait no longer has to."""
        self.loaded = True
        self.call_after_refresh(drawn)

    def _prepare(self) -> None:
        """Still in the thread: what the first key would wait for."""
        for screen in ("questions", "quiz", "drill"):
            import_module(f"tutor.ui.screens.{screen}")
        from tutor.ui.parts import parts_of

        if question := self.desk.next_question():
            for part in parts_of(question):
                part.lines(80)
        self.desk.prepare()
        if not self.is_headless:
            gc.freeze()  # all this stays; looking through it again stopped a key's repaint for 70 ms now and then

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Reading must not fail; where it does, say so instead of waiting for ever."""
        if event.state is WorkerState.ERROR:
            what = f"{type(event.worker.error).__name__}: {event.worker.error}"
            self.notify(what, title="The questions could not be read", severity="error", timeout=60, markup=False)

    def _saving_changed(self) -> None:
        """The disk has begun to fail, or to work again: say so; studying goes on."""
        if problem := self.desk.problem:
            text = f"{problem} You can study all the same."
            self.notify(text, title="Nothing is saved", severity="warning", timeout=8, markup=False)
        else:
            self.notify("Progress is saved again.")
        if isinstance(self.screen, TutorScreen) and self.loaded:
            self.screen.show_status()

    def on_unmount(self) -> None:
        """Progress is on disk when the terminal is free again."""
        self.desk.close()

    # -- going places

    def action_go(self, mode: str) -> None:
        """Switch to a mode."""
        self.switch_mode(mode)

    def open_question(self, key: str) -> None:
        """Read the question with that id or ref."""
        from tutor.ui.screens.questions import QuestionsScreen

        self.switch_mode("questions")
        screen = self.screen
        if isinstance(screen, QuestionsScreen) and key:
            screen.open(key)

    def open_lab(self, name: str, verdict: str = "") -> None:
        """Open the lab of that name; with `verdict` the claim that one came to see."""
        lab = catalog.find(name)
        if lab is None:
            names = ", ".join(each.name for each in catalog.LABS)
            self.notify(f"There is no lab {name!r}; there are {names}.", severity="warning", markup=False)
            return
        from tutor.ui.screens.lab import LabScreen

        self.push_screen(LabScreen(lab, verdict))

    def open_quiz(self, mode: str, plan: Sequence[Question | Fact | str] = ()) -> None:
        """Start a session of that mode; `plan` is what is asked, with the names of labs to run on the way."""
        self.switch_mode("quiz")
        while len(self.screen_stack) > 1:
            self.pop_screen()
        start(self, Wanted(mode), plan)

    def action_goal(self) -> None:
        """Ask for the day of the interview and the minutes a day."""
        if self.desk.learner is None:
            self.notify("Progress is still being read.")
            return
        from tutor.ui.screens.goal import GoalDialog

        self.push_screen(GoalDialog(self.desk.learner.goal, self.desk.now().date()), self._goal_set)

    def _goal_set(self, goal: Goal | None) -> None:
        if goal is not None and self.desk.learner is not None:
            self.desk.learner.set_goal(goal)
            self.notify("The plan is made anew.")

    def follow(self, href: str) -> None:
        """Go where a link of the text leads: q:, lab: or rfc:."""
        from tutor.study.markdown import parse_link

        link = parse_link(href)
        if link is None:
            self.copy_to_clipboard(href)
            self.notify(f"Copied: {href}", markup=False)
        elif link.kind == "lab":
            self.open_lab(link.target)
        elif link.kind == "q":
            self.open_question(link.target)
        else:
            from tutor.ui.screens.reference import ReferenceDialog

            self.push_screen(ReferenceDialog(link))

    def show_faults(self) -> None:
        """What is wrong in the question files."""
        from tutor.ui.screens.reference import FaultsDialog

        if not self.loaded:
            self.notify("The question files are still being read.")
        elif self.desk.faults:
            self.push_screen(FaultsDialog(self.desk.faults))
        else:
            self.notify("Nothing is wrong in the question files.")

    def action_help(self) -> None:
        """The keys of this screen."""
        from tutor.ui.screens.help import HelpDialog

        if not isinstance(self.screen, HelpDialog):
            self.push_screen(HelpDialog(list(self.screen.active_bindings.values())))

    # -- themes and palette

    def action_next_theme(self) -> None:
        """The next of our own themes."""
        self._choose_theme(themes.following(self.theme))

    def _choose_theme(self, name: str) -> None:
        self.theme = name
        self.desk.keep_setting("theme", name)
        self.clear_notifications()  # going round the themes would cover with words what one wants to see
        self.notify(f"Theme: {name} ({themes.ABOUT[name]})")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers: places, questions, labs, themes."""
        yield SystemCommand("Today", "The first screen", self._run(self.action_go, "today"))
        yield SystemCommand("Questions", "Where one left", self._run(self.action_go, "questions"))
        yield SystemCommand("Labs", "Every lab and what it proves", self._run(self.action_go, "labs"))
        yield SystemCommand("Quiz", "Test yourself", self._run(self.action_go, "quiz"))
        yield SystemCommand("Progress", "What is known, and every figure of it", self._run(self.action_go, "progress"))
        yield SystemCommand("Interview: day and minutes", "What the plan is made for", self.action_goal)
        yield SystemCommand("Keys", "Help for this screen", self.action_help)
        for lab in catalog.LABS:
            yield SystemCommand(f"Lab: {lab.title}", lab.summary, self._run(self.open_lab, lab.name))
        for question in self.desk.bank.questions:
            title = f"{question.ref}: {question.ask}"
            go = self._run(self.open_question, question.id)
            yield SystemCommand(title, question.level, go, discover=False)  # as one types: there are too many to list
        for name, about in themes.ABOUT.items():
            yield SystemCommand(f"Theme: {name}", about, self._run(self._choose_theme, name))
        yield SystemCommand("Question files: what is wrong", "The faults of the bank", self.show_faults)
        yield SystemCommand("Quit", "Leave; the place is kept", self.action_quit)

    @staticmethod
    def _run(action: Callable[[str], None], argument: str) -> Callable[[], None]:
        return lambda: action(argument)


def _quiz_behind() -> Screen[None]:
    from tutor.ui.screens.quiz import QuizScreen

    return QuizScreen(behind=True)


class QuizApp(TutorApp):
    """The tutor, opened in a quiz mode. The card is what one waits for, and not the frame round it: the files are read
    while the frame is made. One style sheet more at once costs less than to parse all again for it."""

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath]] = ["tutor.tcss", "quiz.tcss"]
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {**TutorApp.MODES, "quiz": _quiz_behind}
    DEFAULT_MODE = "quiz"

    def __init__(self, bank_paths: Sequence[Path] | None, wanted: Wanted) -> None:
        super().__init__(bank_paths)
        self._wanted = wanted
        reader = ThreadPoolExecutor(1, "bank")
        self._reading = reader.submit(self.desk.load)
        reader.shutdown(wait=False)

    def _begin(self) -> None:
        """The session is what is painted first, with its card where that is there by then."""
        self._load()
        start(self, self._wanted)

    def _read(self) -> None:
        self._reading.result()
