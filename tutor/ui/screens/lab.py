"""One lab: what it is, its run as it happens, and what came of it. Joins the panes; what they show is their own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual import events, on, work
from textual.binding import BindingsMap, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from labs.lab import Lab
from tutor.ui import fault_keys, keys, lab_story
from tutor.ui.lab_knobs import Knobs
from tutor.ui.lab_process import LabProcess
from tutor.ui.lab_run import Process, Run, state
from tutor.ui.lines import Lines, counted
from tutor.ui.screens.base import TutorScreen
from tutor.ui.screens.lab_dialogs import FaultsDialog, KnobsDialog
from tutor.ui.timeline_lines import timeline_lines
from tutor.ui.widgets.lab_bar import PANES, LabBar
from tutor.ui.widgets.predict import Predict
from tutor.ui.widgets.sheet import Sheet
from tutor.ui.widgets.story import Story
from tutor.ui.widgets.topology import Topology
from tutor.ui.widgets.traffic import Traffic
from tutor.ui.widgets.verdicts import VerdictList

FRAMES_PER_SECOND = 30
DRAIN_SECONDS = 0.01  # of each frame for reading the tape: the rest belongs to keys and drawing
SLOW = 6  # frames: the parts, and the bytes of a message that is followed, are drawn anew this seldom

TYPED = {"go_on", "run", "knobs", "xray", "filter", "faults", "copy", "save", "leave_for"}

Start = Callable[[str, Mapping[str, str]], Process]


class LabScreen(TutorScreen):
    """A lab that runs in a process of its own, which ends with this screen. `verdict` is the claim one came to see."""

    MODE = "labs"
    CSS_PATH = "../lab.tcss"
    AUTO_FOCUS = "#story"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.LAB]

    def __init__(self, lab: Lab, verdict: str = "", start: Start = LabProcess) -> None:
        super().__init__()
        self.add_class("-at-story", update=False)  # as it begins; later it would style every widget anew
        self.lab = lab
        self.run: Run | None = None
        self._wanted = verdict if verdict in lab.verdicts else ""
        self._start = start
        self._frames: Timer | None = None
        self._frame = 0
        self._news = -1
        self._committed: tuple[str, int] | None = None  # prediction, and the refusals when it was sent
        self._offered = False  # whether the line at the bottom shows the keys of the faults
        self._faults: deque[tuple[str, str]] = deque()  # that wait for the end of the one that is played
        self._bindings = BindingsMap.merge([BindingsMap(fault_keys.bindings(lab.faults)), self._bindings])

    def body(self) -> Iterable[Widget]:
        """Four panes; the style sheet says which of them fit."""
        yield LabBar(self.lab.title)
        with Container(id="lab"):
            with Vertical(id="telling", classes="pane"):
                yield Static("Story", classes="pane-title")
                yield Story(id="story")
                yield Container(id="asked")
            yield Traffic(id="traffic")
            with Vertical(id="parts-pane", classes="pane"):
                yield Static("Parts and verdicts", classes="pane-title")
                with VerticalScroll(id="parts", can_focus=False):
                    yield Topology()
                    yield Sheet(id="timeline", classes="-none")
                    yield Sheet(id="metrics", classes="-none")
                    yield VerdictList(self.lab.verdicts, self._wanted)

    def on_mount(self) -> None:
        """Say what the lab is."""
        super().on_mount()
        self._knobs = Knobs(self.lab, self.tutor.desk)
        self._frames = self.set_interval(1 / FRAMES_PER_SECOND, self._next_frame, pause=True)
        self._bring("story")
        self._tell()

    # -- running

    async def action_run(self) -> None:
        """Run the lab, or run it again."""
        if self.run is not None and not self.run.over:
            await self.run.stop("stopped: it was run again")
        self.run = Run(self.lab.name, self._start(self.lab.name, self._knobs.values))
        self._play(self.run)
        self._committed, self._news = None, -1
        self._faults.clear()
        await self._ask(None)
        self._traffic.begin()
        for id in ("#timeline", "#metrics"):
            self.query_one(id).add_class("-none")
        self.query_one(Story).follow()
        if self._frames is not None:
            self._frames.resume()
        self._tell()

    @work(exclusive=True, group="lab")
    async def _play(self, run: Run) -> None:
        await run.play()

    async def _next_frame(self) -> None:
        run = self.run
        if run is None:
            return
        rows = await run.drain(DRAIN_SECONDS)
        if run is not self.run:
            return  # it was run again meanwhile
        if rows:
            self._traffic.extend(rows)
        self._frame += 1
        if run.model.news != self._news:
            self._tell()
            await self._ask(run)
            await self._play_fault(run)
        if self._frame % SLOW == 0 or run.over:
            self._draw_slowly(run)
        if run.over:
            await self._end(run)

    def _draw_slowly(self, run: Run) -> None:
        self._bar.state = state(run)
        model = run.model
        self.query_one(Topology).show(model.parts, model.links, model.placement.places, over=run.over)
        self._traffic.settle()
        if entries := run.model.timeline.entries:
            sheet = self.query_one("#timeline", Sheet).remove_class("-none")
            sheet.update(lambda width: timeline_lines(list(entries), width))
        if run.model.metrics:
            sheet = self.query_one("#metrics", Sheet).remove_class("-none")
            sheet.update(lambda width: lab_story.metric_lines(run.model, width))

    async def _end(self, run: Run) -> None:
        if self._frames is not None:
            self._frames.pause()
        await self._ask(None)
        self._tell()
        self._traffic.end()
        if (result := run.result()) is not None:
            self.tutor.desk.keep_lab_run(result)

    async def _stop(self, why: str) -> None:
        if self.run is not None and not self.run.over:
            await self.run.stop(why)

    async def on_screen_suspend(self) -> None:
        """A dialog may stand over the lab; whoever goes elsewhere ends it."""
        if not isinstance(self.app.screen, ModalScreen):
            await self._stop("stopped: you left the lab")

    async def on_unmount(self) -> None:
        """Nothing is left behind."""
        await self._stop("stopped: you left the lab")

    # -- what is told

    def _tell(self) -> None:
        run = self.run
        self._bar.state = state(run)
        if run is None:
            lab, knobs, wanted = self.lab, dict(self._knobs.values), self._wanted
            self.query_one(Story).tell(lambda width: lab_story.before_run(lab, knobs, wanted, width))
            return
        self._news = run.model.news
        self._offer_faults(run.model.plays and not run.over)
        self.query_one(Story).tell(lambda width: self._lines(run, width))
        self.query_one(VerdictList).show(run.model.verdicts)

    def _offer_faults(self, offered: bool) -> None:
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _lines(self, run: Run, width: int) -> Lines:
        lines = lab_story.told(run.model, width)
        if run.over:
            return [*lines, *lab_story.ending(run.model, run.failed, width)]
        if run.model.fault is not None:
            return [*lines, Content(""), *timeline_lines(list(run.model.timeline.entries), width)]
        turn = lab_story.your_turn(self.lab.faults, width) if run.model.free else []
        return [*lines, *lab_story.starting(run.model, width), *turn]

    async def _ask(self, run: Run | None) -> None:
        """Show the form of the prediction that the lab waits for, or none."""
        waiting = run.model.waiting if run is not None else None
        if run is not None and waiting is not None and self._committed == (waiting.asked.id, run.model.refusals):
            waiting = None  # on its way
        shown = next(iter(self.query(Predict)), None)
        if waiting is not None and shown is not None and shown.asked is waiting.asked:
            return
        if shown is not None:
            here = self._is_here("story")
            await shown.remove()
            if here:
                self.query_one(Story).focus()
        if waiting is not None:
            form = Predict(waiting.asked)
            here = self._is_here("story")
            await self.query_one("#asked").mount(form)
            if here:
                form.take_focus()

    @on(Predict.Predicted)
    async def _predicted(self, event: Predict.Predicted) -> None:
        if self.run is not None:
            self._committed = (event.asked.id, self.run.model.refusals)
            await self.run.process.send({"do": "answer", "id": event.asked.id, "value": event.value})
            await self._ask(self.run)

    async def action_go_on(self) -> None:
        """Whatever comes next: run it, predict, the next step."""
        run = self.run
        if run is None:
            await self.action_run()
        elif run.model.waiting is not None:
            self._bring("story")
            for form in self.query(Predict):
                form.take_focus()
        elif run.model.paused:
            run.model.go_on()
            self._bar.state = state(run)
            self._bring("story")
            await run.process.send({"do": "next"})
        elif run.over:
            self.notify("The lab has ended: r runs it again.")

    # -- knobs and faults

    def action_knobs(self) -> None:
        """Set them: all before a run, the live ones during it."""
        if not self.lab.knobs:
            self.notify("This lab has no knobs.")
            return
        running = self.run is not None and not self.run.over
        self.app.push_screen(KnobsDialog(self.lab, self._knobs.values, running=running), self._knobs_set)

    async def _knobs_set(self, turned: dict[str, str] | None) -> None:
        if not turned:
            return
        self._knobs.turn(turned)
        if self.run is None:
            self._tell()
        elif not self.run.over:
            for name, value in turned.items():
                await self.run.process.send({"do": "set", "knob": name, "value": value})
        else:
            self.notify(f"{counted(len(turned), 'knob')} set: r runs the lab with it.")

    def action_faults(self) -> None:
        """What can be broken here and now."""
        if not self.lab.faults:
            self.notify("This lab has nothing to break on purpose; its steps show what goes wrong.")
        elif self.run is None or self.run.over:
            self.notify("Faults are for a lab that runs: r runs it.")
        elif not self.run.model.plays:
            self.notify("The lab breaks things itself until its steps are done; after them it is your turn.")
        else:
            self.app.push_screen(FaultsDialog(self.lab.faults, self.run.model.parts), self._fault_chosen)

    async def action_fault(self, id: str) -> None:
        """Break that, of whom is asked where it is not the only one."""
        fault = next(fault for fault in self.lab.faults if fault.id == id)
        if len(fault.targets) == 1:
            await self._fault_chosen((id, fault.targets[0]))
        elif self.run is not None:
            self.app.push_screen(FaultsDialog((fault,), self.run.model.parts), self._fault_chosen)

    async def _fault_chosen(self, chosen: tuple[str, str] | None) -> None:
        run = self.run
        if chosen is None or run is None or run.over:
            return
        self._faults.append(chosen)
        if not run.model.free:
            self.notify(f"{chosen[0]} of {chosen[1]} comes as soon as the verdicts of now are there.", markup=False)
        await self._play_fault(run)

    async def _play_fault(self, run: Run) -> None:
        """The next fault, once the lab waits for one."""
        if self._faults and run.model.free:
            id, target = self._faults.popleft()
            await run.process.send({"do": "fault", "id": id, "target": target})

    # -- messages and bytes

    @on(VerdictList.EvidenceAsked)
    def _evidence_asked(self, event: VerdictList.EvidenceAsked) -> None:
        numbers = self.run.model.rows_of(event.verdict.evidence) if self.run is not None else []
        if not numbers:
            self.notify("No message carried this evidence: it is of another line of the tape.")
            return
        turn = event.turn % len(numbers)
        unfiltered = "; the filter is off" if self._traffic.wire.select(numbers[turn]) else ""
        self.notify(f"Evidence {turn + 1} of {len(numbers)}: message #{numbers[turn]}{unfiltered}", timeout=2)
        if self.has_class("-narrow"):
            self._focus(self._traffic.wire.messages)

    def action_filter(self) -> None:
        """Type a filter."""
        self._bring("wire")
        self._traffic.wire.open_filter()

    def action_xray(self) -> None:
        """Uncover a byte of the message under the cursor."""
        self._bring("bytes")
        self._traffic.xray()

    def action_copy(self) -> None:
        """The message to the clipboard."""
        text = self._traffic.text
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied with its bytes: {text.partition('  ')[0]}", markup=False)
        else:
            self.notify("No message to copy yet.")

    async def action_save(self) -> None:
        """The tape to a file."""
        if self.run is None:
            self.notify("There is no tape yet: r runs the lab.")
            return
        try:
            count = await asyncio.to_thread(self.run.save)
        except OSError as error:
            text = f"{self.run.file}: cannot be written ({error.strerror})."
            self.notify(text, severity="error", markup=False)
        else:
            self.notify(f"{counted(count, 'line')} written: {self.run.file}", markup=False, timeout=10)

    # -- panes

    def _pane_of(self, widget: Widget | None) -> str:
        panes = {"telling": "story", "wire": "wire", "bytes": "bytes", "parts-pane": "parts"}
        ancestors = widget.ancestors_with_self if widget is not None else ()
        return next((panes[node.id] for node in ancestors if node.id in panes), "")

    def _is_here(self, pane: str) -> bool:
        """Whether the learner is in that pane, or in none."""
        return self.focused is None or self._pane_of(self.focused) == pane

    def _bring(self, pane: str) -> None:
        """Where only one pane fits, this is the one."""
        self.update_classes({f"-at-{name}": name == pane for name, _ in PANES})
        self._bar.pane = pane

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the one that is shown."""
        if pane := self._pane_of(event.widget):
            self._bring(pane)
            for each in self.query(".pane"):
                each.set_class(each in event.widget.ancestors, "-focused")

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        self._focus(next(stop for stop in self._stops() if self._pane_of(stop) == pane))

    def action_next_pane(self, direction: int) -> None:
        """Go round what can have the focus."""
        stops = self._stops()
        here = stops.index(self.focused) if self.focused in stops else -1
        self._focus(stops[(here + direction) % len(stops)])

    def _stops(self) -> list[Widget]:
        """What Tab goes round: one stop a pane, but for the bytes, which have two."""
        forms = [form.control for form in self.query(Predict)]
        told = forms or [self.query_one(Story)]
        return [*told, *self._traffic.stops, self.query_one(VerdictList)]

    def _focus(self, widget: Widget) -> None:
        self._bring(self._pane_of(widget))
        widget.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that types is not offered where one types, a fault only where it can be played."""
        if action == "fault":
            return self.run is not None and not self.run.over and self.run.model.plays
        return not (action in TYPED and isinstance(self.focused, Input))

    async def action_leave(self) -> None:
        """One step back: out of a filter, the X-ray, the bytes, a line one types in; then out of the lab."""
        if (back := self._traffic.step_back()) is not None:
            self._focus(back)
        elif isinstance(self.focused, Input):
            self._focus(self.query_one(Story))
        else:
            self.app.pop_screen()

    def action_leave_for(self, mode: str) -> None:
        """Out of the lab and to a mode."""
        self.app.pop_screen()
        self.tutor.action_go(mode)

    @property
    def _bar(self) -> LabBar:
        return self.query_one(LabBar)

    @property
    def _traffic(self) -> Traffic:
        return self.query_one(Traffic)
