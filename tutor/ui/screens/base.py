"""What every screen has: the line at the top, the keys at the bottom, and a word where the terminal is too small."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Generic, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.reactive import Reactive
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from tutor.ui import keys
from tutor.ui.lines import counted
from tutor.ui.widgets.bars import KeyBar, TopBar

if TYPE_CHECKING:
    from tutor.ui.app import TutorApp

TOO_SMALL = "This terminal is too small: the tutor needs 40 × 10 cells, and is at home from 80 × 24."


class Page(VerticalScroll, inherit_bindings=False, can_focus=False):
    """A column of choices that scrolls with the cursor: the arrows are the screen's, and do not scroll it past that."""


class TutorScreen(Screen[None]):
    """A mode. `MODE` is its name in the line at the top; `body` is what stands between the lines."""

    MODE = ""
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """What gains or loses the focus is drawn anew, and not the whole screen with it"""

    @property
    def tutor(self) -> TutorApp:
        """The app, by its own type."""
        return cast("TutorApp", self.app)

    def compose(self) -> ComposeResult:
        """Top, body, bottom."""
        yield TopBar(self.MODE)
        yield from self.body()
        yield KeyBar()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def body(self) -> Iterable[Widget]:
        """What this screen shows."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Fill in what is loaded, now or as soon as it is."""
        self.watch(self.app, "loaded", self._loaded_changed)

    def _loaded_changed(self, loaded: bool) -> None:
        if loaded:
            self.fill()
            self.show_status()

    def action_page(self, pages: int) -> None:
        """Scroll the page that a screen of choices is."""
        page = self.query_one(VerticalScroll)
        page.scroll_relative(y=pages * (page.size.height - 1), animate=False)

    def action_faults(self) -> None:
        """What is wrong in the question files."""
        self.tutor.show_faults()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What is worked out in a thread must not fail; where it does, say so instead of waiting for ever."""
        if event.state is WorkerState.ERROR:
            what = f"{type(event.worker.error).__name__}: {event.worker.error}"
            self.notify(what, title="This could not be worked out", severity="error", timeout=60, markup=False)

    def fill(self) -> None:
        """The bank and the progress are there."""

    def show_status(self) -> None:
        """Say at the top how much of the bank has been read."""
        desk = self.tutor.desk
        read = sum(desk.seen(question) == "read" for question in desk.bank.questions)
        faults = "✗ not saved   " if desk.problem else ""
        faults += f"! {counted(len(desk.faults), 'fault')}   " if desk.faults else ""
        self.query_one(TopBar).status = f"{faults}● {read} of {len(desk.bank.questions)} read"


class Dialog(ModalScreen[ScreenResultType], Generic[ScreenResultType]):
    """A box over the screen; Esc, q and a click outside close it."""

    BINDINGS = keys.DIALOG

    def on_mount(self) -> None:
        """Say how to get out."""
        for box in self.query(".dialog"):  # none, where the tutor was quit at the same moment
            box.border_subtitle = "Esc closes"

    def on_click(self, event: events.Click) -> None:
        """A click beside the box closes it."""
        if event.widget is self:
            self.dismiss()

    def action_arrow(self, key: str) -> None:
        """j and k are the arrow keys of whatever has the focus."""
        self.app.simulate_key(key)
