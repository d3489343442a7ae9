"""The lab screen, driven by keys, with a process that says what the test tells it to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from labs import catalog, tape
from labs.recording import read_tape
from tests.tutor.ui import lab_tape
from tests.tutor.ui.conftest import Open
from tests.tutor.ui.lab_tape import (
    LAB,
    FakeProcess,
    asked,
    behind_a_balancer,
    ended,
    flood,
    frames,
    free_play,
    injected,
    opening,
    step,
    verdict,
)
from tests.tutor.ui.screen_text import assert_snapshot, screen_text, until
from tutor.study.store import Store
from tutor.ui import keys
from tutor.ui.app import TutorApp
from tutor.ui.fault_keys import letters
from tutor.ui.screens.lab import LabScreen
from tutor.ui.widgets.bytes import HexView
from tutor.ui.widgets.fields import FieldTree
from tutor.ui.widgets.messages import MessageList
from tutor.ui.widgets.predict import OrderPicker
from tutor.ui.widgets.story import Story
from tutor.ui.widgets.verdicts import VerdictList
from tutor.ui.widgets.wire import FilterLine
from tutor.ui.widgets.xray import XRay

SIZES = [(80, 24), (120, 36), (200, 60)]
SIZE = (120, 36)


class Bench:
    """The tutor with the small lab open, and the processes that it started."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.started: list[FakeProcess] = []
        self.screen = LabScreen(LAB, "masked", self._start)

    def _start(self, name: str, knobs: Any) -> FakeProcess:
        self.started.append(FakeProcess(name, knobs))
        return self.started[-1]

    @property
    def process(self) -> FakeProcess:
        """The run of now."""
        return self.started[-1]

    @property
    def text(self) -> str:
        """What is on the screen."""
        return screen_text(self.pilot.app)

    @property
    def messages(self) -> MessageList:
        """The list."""
        return self.screen.query_one(MessageList)

    async def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for it."""
        await until(self.pilot, condition, what)

    async def shows(self, *texts: str) -> None:
        """Wait until all of them are on the screen."""
        for text in texts:
            await self.until(lambda text=text: text in self.text, f"{text!r} on the screen")  # type: ignore[misc]

    async def run(self, *events: tape.Event) -> None:
        """Press r, and say these."""
        runs = len(self.started)
        await self.press("r")
        await self.until(lambda: len(self.started) > runs, "a process")
        self.process.say(*events)
        news = sum(isinstance(event, tape.Bytes) for event in events)
        await self.until(lambda: self.messages.total >= news, f"{news} messages")


Bencher = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def lab(tutor: Open) -> Bencher:
    @asynccontextmanager
    async def opened(size: tuple[int, int] = SIZE) -> AsyncIterator[Bench]:
        async with tutor(size=size) as pilot:
            bench = Bench(pilot)
            await pilot.app.push_screen(bench.screen)
            await bench.until(lambda: pilot.app.focused is bench.screen.query_one(Story), "the story has the focus")
            yield bench

    return opened


# -- how it looks


@pytest.mark.parametrize("size", SIZES)
async def test_before_the_run(lab: Bencher, size: tuple[int, int]) -> None:
    async with lab(size) as bench:
        await bench.shows("It measures", "r or Enter runs it", "you came")
        await assert_snapshot(bench.pilot, f"lab-before-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES)
async def test_a_run(lab: Bencher, size: tuple[int, int]) -> None:
    answered = (asked(unit="bytes"), tape.Answer(t=1, id="q", value=5), tape.Measured(t=1, id="q", value=7))
    async with lab(size) as bench:
        await bench.run(*opening(), *frames(), *answered, verdict(), verdict("masked", ok=False), ended(ok=False))
        bench.process.exit()
        await bench.shows("✗ 1 of 2 held")
        for pane in ("story", "wire", "bytes", "parts") if size[0] < 110 else ("wire",):
            bench.screen.action_pane(pane)
            await bench.pilot.pause()
            await bench.press("g")
            await assert_snapshot(bench.pilot, f"lab-run-{pane}-{size[0]}x{size[1]}")


async def test_every_pane_is_reached_at_80_columns(lab: Bencher) -> None:
    async with lab((80, 24)) as bench:
        await bench.run(*opening(), *frames())
        seen = []
        for _ in range(5):
            seen.append(type(bench.pilot.app.focused))
            await bench.press("tab")
        assert seen == [Story, MessageList, FieldTree, HexView, VerdictList]
        await bench.pilot.click("LabBar", offset=(10, 0))
        await bench.until(lambda: bench.pilot.app.focused is bench.messages, "the tab was clicked")


async def test_resizing_keeps_everything(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames(), step(), asked())
        await bench.shows("What will it be?")
        await bench.press("1", "2")
        for size in [(80, 24), (120, 36), (20, 8), (160, 30), (200, 60)]:
            await bench.pilot.resize_terminal(*size)
            await bench.pilot.pause()
            await bench.shows("too small" if size[0] == 20 else "12")
        assert bench.messages.total == 7


# -- prediction, then result


async def test_a_number_is_predicted_before_it_is_measured(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), asked(unit="bytes"))
        await bench.shows("Type a number of bytes")
        await bench.press("x", "enter")
        await bench.shows("'x' is not a number")
        await bench.press("ctrl+u", "4", "2", "enter")
        await bench.until(lambda: bench.process.sent, "the answer was sent")
        assert bench.process.sent == [{"do": "answer", "id": "q", "value": 42}]
        assert not bench.screen.query(Input).filter("Predict Input")
        bench.process.say(tape.Answer(t=1, id="q", value=42), tape.Measured(t=2, id="q", value=43))
        await bench.shows("you said  42 bytes", "measured  43 bytes   ✗ not as predicted")
        await bench.press("space", "enter", "4")
        assert len(bench.process.sent) == 1, "a prediction is committed once"


@pytest.mark.parametrize(
    ("form", "options", "keys", "value"),
    [
        ("choice", ["101", "426"], ["down", "enter"], "426"),
        ("choice", ["[red]", "[/x]"], ["down", "enter"], "[/x]"),
        ("bytes", [], [*"8105", "enter"], "8105"),
        ("order", ["a", "b", "c"], ["j", "space", "enter", "G", "backspace", "space", "k", *"  k ", "enter"], None),
    ],
)
async def test_each_form(lab: Bencher, form: str, options: list[str], keys: list[str], value: object) -> None:
    async with lab() as bench:
        await bench.run(*opening(), asked(form, options=options))
        await bench.shows("◆ Predict")
        if form == "order":
            keys = ["G", "space", "enter"]
            await bench.press(*keys)
            await bench.shows("2 are still to be picked")
            await bench.press("backspace", "j", "space", "g", "space", "space", "enter")
            value = ["c", "a", "b"]
        else:
            await bench.press(*keys)
        await bench.until(lambda: bench.process.sent, "the answer was sent")
        assert bench.process.sent == [{"do": "answer", "id": "q", "value": value}]


async def test_a_refused_answer_can_be_given_again(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), asked())
        await bench.shows("Type a number")
        await bench.press("7", "enter")
        await bench.until(lambda: bench.process.sent, "the answer was sent")
        bench.process.say(tape.Failure(t=1, text="q is answered by something else"))
        await bench.shows("refused: q is answered", "Type a number")


async def test_space_leads_from_step_to_step(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.press("space")
        await bench.until(lambda: bench.started, "space runs the lab")
        bench.process.say(*opening(), step())
        await bench.shows("Space goes on")
        await bench.press("tab", "space", "space")
        assert bench.process.sent == [{"do": "next"}]
        bench.process.say(asked())
        await bench.shows("◆ Predict")
        assert bench.pilot.app.focused is bench.messages, "whoever reads elsewhere is not called away"
        await bench.press("space")
        assert isinstance(bench.pilot.app.focused, Input)


# -- messages


async def test_the_list_follows_until_the_cursor_moves(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames())
        await bench.shows("7 messages  following")
        await bench.press("tab", "k")
        bench.process.say(*flood(37))
        await bench.shows("44 messages  +37 new, G follows")
        current = bench.messages.current
        assert current is not None and current.number == 6
        await bench.press("end")
        await bench.shows("44 messages  following")
        await bench.shows("#44")


async def test_the_wheel_ends_following_too(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *flood(60))
        await bench.shows("62 messages  following")
        top = bench.messages.scroll_offset.y
        bench.messages.post_message(events.MouseScrollUp(bench.messages, 5, 5, 0, -1, 0, False, False, False))
        await bench.until(lambda: bench.messages.scroll_offset.y < top, "scrolled up")
        bench.process.say(*flood(5))
        await bench.shows("67 messages  +5 new, G follows")
        assert bench.messages.scroll_offset.y < top


async def test_a_pong_is_paired_with_its_ping(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames())
        await bench.shows("↩ #4 in 4.20 ms")


async def test_what_is_routine_is_not_listed_until_one_asks(lab: Bencher) -> None:
    async with lab((160, 36)) as bench:
        await bench.run(*opening(), *behind_a_balancer(), verdict(evidence=[8]))
        bench.screen.query_one(MessageList).focus()
        await bench.shows("Wire  6 messages  following  4 checks hidden, h shows")
        assert "/health" not in bench.text
        await bench.press("h")
        await bench.shows("Wire  10 messages", "GET /health", "heart-beat")
        await bench.press("h")
        await bench.shows("4 checks hidden")
        bench.screen.query_one(VerdictList).focus()
        await bench.press("g", "enter")
        await bench.shows("Wire  10 messages")


async def test_the_filter(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.press("slash")
        await bench.shows("No message yet")
        await bench.press("escape")
        await bench.run(*opening(), *frames())
        await bench.press("slash", *"op:ping")
        await bench.shows("1 of 7 messages", "Bytes  #4")
        await bench.press(*" from:x")
        await bench.shows("No message passes the filter")
        await bench.press(*" what:1")
        await bench.shows("no such key 'what'")
        await bench.press("ctrl+u", *"is:control", "enter")
        await bench.shows("4 of 7 messages")
        bench.process.say(*flood(3))
        await bench.until(lambda: bench.messages.total == 10, "more came")
        assert bench.messages.count == 4
        await bench.press("escape")
        await bench.shows("10 messages")
        assert not bench.screen.query_one(FilterLine).display


async def test_time_or_delta(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames())
        await bench.press("tab", "d")
        await bench.shows("since", "+0.0042")


async def test_fields_and_bytes_select_each_other(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames())
        await bench.press("tab", "g", "j", "j", "enter")
        tree, view = bench.screen.query_one(FieldTree), bench.screen.query_one(HexView)
        assert bench.pilot.app.focused is tree
        await bench.press("G")
        assert tree.current is not None and tree.current.name == "payload"
        assert (view.span, view.at) == ((6, 11), 6)
        await bench.press("tab", "h")
        assert tree.current.name == "masking key"
        assert (view.span, view.at) == ((2, 6), 5)
        await bench.press("g")
        assert tree.current.name == "byte 0"
        await bench.pilot.click(HexView, offset=(6 + 3 * 8, 0 + view.gutter.top))
        await bench.until(lambda: view.at == 8, "the byte that was clicked")
        assert tree.current.name == "payload"
        await bench.pilot.click(FieldTree, offset=(6, 0))
        await bench.until(lambda: view.span == (0, 1), "the field that was clicked")


async def test_a_field_folds(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames())
        await bench.press("tab", "g", "j", "j", "enter", "g")
        assert "opcode" in bench.text
        await bench.press("enter")
        assert "opcode" not in bench.text
        await bench.press("enter")
        assert "opcode" in bench.text


async def test_xray_uncovers_a_byte_at_a_time(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames())
        await bench.press("tab", "g", "x")
        await bench.shows("This message is not a masked frame")
        await bench.press("escape", "escape", "j", "j", "x")
        await bench.shows("37  key[0]   ⊕    7f    =    48  H")
        assert "fa  key[1]" not in bench.text
        await bench.press("x", "right")
        await bench.shows("21  key[2]   ⊕    4d    =    6c  l", "plain so far  Hel")
        view = bench.screen.query_one(HexView)
        assert (view.span, view.at) == ((4, 5), 8)
        await bench.press("left", "G")
        await bench.shows("plain so far  Hello", "All is uncovered")
        await bench.press("escape")
        await bench.until(lambda: not bench.screen.query_one(XRay).display, "the X-ray is closed")


async def test_evidence_leads_to_its_message(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames(), verdict(), verdict("masked", evidence=[1]))
        await bench.press("slash", *"op:ping", "enter")
        bench.screen.action_pane("parts")
        await bench.press("g", "enter")
        await bench.shows("Evidence 1 of 2: message #1; the filter is off", "Bytes  #1")
        await bench.press("enter")
        await bench.shows("Evidence 2 of 2: message #2", "Bytes  #2")
        await bench.press("j", "enter")
        await bench.shows("No message carried this evidence")
        await bench.press("j", "enter")
        await bench.shows("not measured yet")


async def test_copying_a_message(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.press("y")
        await bench.shows("No message to copy yet")
        await bench.run(*opening(), *frames())
        await bench.press("tab", "g", "j", "j", "y")
        assert bench.pilot.app.clipboard == (
            '#3  0.400000 s  client → server  ws  text "Hello"\n81 85 37 fa 21 3d 7f 9f 4d 51 58\n'
        )


async def test_text_of_the_tape_is_never_markup(lab: Bencher) -> None:
    nasty = "[/topic/x] [bold red]x[/] \x1b[31m \u202e"
    async with lab((200, 60)) as bench:
        await bench.run(
            *opening(),
            tape.Part(t=1, id=nasty, role=nasty, state=nasty),
            tape.Step(t=1, id="n", title=nasty, text=nasty),
            tape.Note(t=1, text=nasty),
            lab_tape.passed(nasty, b"GET /[/x] HTTP/1.1\r\n[/y]: [/z]\r\n\r\n", 2, conn=nasty),
            tape.Verdict(t=1, id=nasty, claim=nasty, ok=False, expected=nasty, observed=nasty, evidence=[]),
            tape.Metric(t=1, name=nasty, value=1, unit=nasty),
            asked("choice", options=[nasty, "x"], unit=nasty),
        )
        await bench.shows("· [/topic/x] [bold red]x[/] \\x1b[31m \\u202e")
        await bench.shows("[/topic/x]", "GET /[/x]", "\\x1b[31m \\u202e")
        assert "\x1b" not in bench.text and "\u202e" not in bench.text


# -- knobs, faults, files


async def test_knobs_are_checked_and_kept(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.press("s")
        await bench.shows("Knobs: A small lab")
        await bench.press("ctrl+u", *"a1", "enter")
        await bench.shows("payload='a1': does not fit; it takes letters")
        await bench.press("ctrl+u", *"abc", "down", "ctrl+u", *"99", "enter")
        await bench.shows("rate='99': out of range; it takes a number from 1 to 9")
        await bench.press("ctrl+u", "3", "down", "right", "down", "space", "enter")
        await bench.shows("payload      abc", "(by default", "fancy", "on  offer")
        await bench.run(*opening())
        assert bench.process.knobs == {"payload": "abc", "rate": "3", "mode": "fancy", "compression": "on"}
    async with lab() as bench:
        await bench.shows("payload      abc")
        await bench.press("s")
        await bench.shows("Knobs: A small lab")
        await bench.press("ctrl+r", "enter")
        await bench.shows("payload      Hello")


async def test_live_knobs_reach_the_running_lab(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening())
        await bench.press("s")
        await bench.shows("how; before a run only")
        assert isinstance(bench.pilot.app.focused, Input)
        await bench.press("ctrl+u", "7", "enter")
        await bench.until(lambda: bench.process.sent, "the knob was sent")
        assert bench.process.sent == [{"do": "set", "knob": "rate", "value": "7"}]


async def test_knobs_that_were_kept_but_are_taken_no_more_are_forgotten(tutor: Open) -> None:
    Store().keep_setting("knobs:small", json.dumps({"rate": "99", "gone": "1", "mode": "fancy", "payload": 3}))
    async with tutor() as pilot:
        bench = Bench(pilot)
        await pilot.app.push_screen(bench.screen)
        await bench.run(*opening())
        assert bench.process.knobs == {"mode": "fancy"}


async def test_faults_are_chosen_from_a_list(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.press("exclamation_mark")
        await bench.shows("Faults are for a lab that runs")
        await bench.run(*opening())
        await bench.press("exclamation_mark", "K")
        await bench.shows("after them it is your turn")
        assert "K kill" not in bench.text
        bench.process.say(free_play())
        await bench.shows("Your turn")
        await bench.press("exclamation_mark")
        await bench.shows("1  freeze of server  ● up  stop it without ending it", "3  kill of client")
        await bench.press("enter")
        await bench.until(lambda: bench.process.sent, "the fault was sent")
        assert bench.process.sent == [{"do": "fault", "id": "freeze", "target": "server"}]
        frozen = tape.Part(t=2, id="server", role="server", state="frozen", pid=102)
        bench.process.say(injected(), frozen)
        await bench.shows("0.000 s  ! server fault freeze", "+0.000 s  ❄ server is frozen")
        await bench.shows("fault freeze of server, by the learner", "❄ server", "frozen", "! freeze of server …")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
async def test_help_has_a_place_however_many_keys_there_are(lab: Bencher, width: int) -> None:
    async with lab((width, 24)) as bench:
        await bench.run(*opening(), free_play())
        await bench.until(lambda: bench.text.splitlines()[-1].startswith(" F freeze"), "the keys of the faults")
        assert "? Help" in bench.text.splitlines()[-1]
        assert bench.text.splitlines()[-1].endswith("q Quit") == (width == 200)


async def test_each_fault_has_a_key_from_free_play_on_and_waits_for_the_one_before(lab: Bencher) -> None:
    freeze, kill = ({"do": "fault", "id": id, "target": at} for id, at in (("freeze", "server"), ("kill", "client")))
    async with lab() as bench:
        await bench.run(*opening(), free_play())
        await bench.shows("F freeze  K kill", "F  freeze  stop it")
        await bench.press("F")
        assert bench.process.sent == [freeze]
        bench.process.say(injected())
        await bench.shows("! freeze of server …")
        assert "Your turn" not in bench.text
        await bench.press("K")
        await bench.shows("kill: SIGKILL", "1  server  ● up", "2  client")
        await bench.press("9", "2")
        await bench.shows("kill of client comes as soon as")
        assert bench.process.sent == [freeze]
        bench.process.say(verdict(), free_play())
        await bench.until(lambda: bench.process.sent[1:], "the next fault")
        assert bench.process.sent[1:] == [kill]
        assert bench.text.count("Break it yourself") == 1
        bench.process.say(injected("kill", "client"), verdict(ok=False), free_play())
        await bench.shows("Your turn", "✗ The server upgrades")
        await bench.press("space")
        assert bench.process.sent[2:] == [{"do": "next"}]
        bench.process.say(ended(ok=False))
        bench.process.exit()
        await bench.shows("✗ 0 of 1 held")
        assert "K kill" not in bench.text


def test_no_fault_of_any_lab_is_without_a_key_of_its_own() -> None:
    taken = {key for binding in keys.LAB for key in getattr(binding, "key", "").split(",")}
    for each in catalog.LABS:
        found = letters(each.faults)
        assert list(found.values()) == list(each.faults)
        assert not found.keys() & {*taken, "G"}


async def test_a_lab_without_faults_says_so(tutor: Open) -> None:
    async with tutor(size=SIZE) as pilot:
        app = pilot.app
        assert isinstance(app, TutorApp)
        app.open_lab("handshake", "accept-key")
        await until(pilot, lambda: "you came" in screen_text(app), "the lab")
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "nothing to break on purpose" in screen_text(app), "that there are none")


async def test_the_tape_is_written_to_a_file(lab: Bencher, home: Path) -> None:
    async with lab() as bench:
        await bench.press("w")
        await bench.shows("There is no tape yet")
        await bench.run(*opening(), *frames())
        await bench.press("w")
        await bench.shows("11 lines written")
        (file,) = (home / "data" / "tapes").iterdir()
        assert read_tape(file).events == [*opening(), *frames()]


# -- how it ends


async def test_the_result_is_kept(lab: Bencher) -> None:
    answered = (asked(), tape.Answer(t=1, id="q", value=5), tape.Measured(t=1, id="q", value=7))
    async with lab() as bench:
        await bench.run(*opening(), *answered, verdict(), verdict("masked", ok=False), ended(ok=False))
        bench.process.exit()
        await bench.shows("✗ 1 of 2 held")
    (run,) = Store().lab_runs("small")
    assert not run.ok
    assert run.verdicts == {"upgraded": True, "masked": False}
    assert [(each.id, each.predicted, each.measured, each.ask) for each in run.predictions] == [
        ("q", 5, 7, asked().ask)
    ]


@pytest.mark.parametrize(
    ("events", "said", "shown"),
    [
        ([], "No module named labs", "No module named labs"),
        ([], "", "it ended without its last line"),
        ([ended("server did not start: boom")], "", "server did not start: boom"),
        ([step(), asked()], "Killed", "Killed"),
    ],
)
async def test_a_lab_that_fails_says_why_and_runs_again(
    lab: Bencher, events: list[tape.Event], said: str, shown: str
) -> None:
    async with lab((80, 24)) as bench:
        await bench.run(*events)
        bench.process.exit(said)
        await bench.shows(shown, "r again", "r runs it again")
        assert not bench.screen.query("Predict")
        await bench.run(*opening())
        await bench.shows("● running, step 1")
        assert len(bench.started) == 2


async def test_what_is_no_tape_is_said(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening())
        bench.process.print("Traceback (most recent call last):")
        await bench.shows("a line of the lab's output")


async def test_a_lab_that_cannot_be_started_says_so(tutor: Open) -> None:
    class Missing(FakeProcess):
        async def run(self, take: Callable[[list[str]], None]) -> str:
            raise FileNotFoundError(2, "No such file or directory")

    async with tutor(size=SIZE) as pilot:
        await pilot.app.push_screen(LabScreen(LAB, "", Missing))
        await pilot.press("r")
        await until(pilot, lambda: "No such file" in screen_text(pilot.app), "why not")


@pytest.mark.parametrize(("key", "mode"), [("escape", "today"), ("2", "questions"), ("3", "labs"), ("1", "today")])
async def test_leaving_ends_the_lab(lab: Bencher, key: str, mode: str) -> None:
    async with lab() as bench:
        await bench.run(*opening())
        await bench.press(key)
        await bench.until(lambda: bench.process.stopped, "the process was stopped")
        assert bench.screen not in bench.pilot.app.screen_stack
        assert bench.pilot.app.current_mode == mode


async def test_a_dialog_or_the_palette_does_not_end_it_another_mode_does(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening())
        await bench.press("question_mark")
        await bench.shows("Keys on this screen", "X-ray of a masked frame")
        await bench.press("escape", "ctrl+p")
        await bench.until(lambda: bench.pilot.app.screen is not bench.screen, "the palette")
        await bench.press("escape")
        assert not bench.process.stopped
        app = bench.pilot.app
        assert isinstance(app, TutorApp)
        app.action_go("questions")
        await bench.until(lambda: bench.process.stopped, "the process was stopped")


async def test_running_again_ends_the_run_before(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames())
        await bench.run(*opening())
        assert bench.started[0].stopped
        assert bench.messages.total == 2


async def test_escape_steps_back_before_it_leaves(lab: Bencher) -> None:
    async with lab() as bench:
        await bench.run(*opening(), *frames(), asked("order", options=["a", "b"]))
        await bench.until(lambda: isinstance(bench.pilot.app.focused, OrderPicker), "the form has the focus")
        await bench.press("tab", "enter", "x")
        assert isinstance(bench.pilot.app.focused, XRay)
        await bench.press("escape")
        assert isinstance(bench.pilot.app.focused, FieldTree)
        await bench.press("escape")
        assert bench.pilot.app.focused is bench.messages
        assert bench.pilot.app.screen is bench.screen
