"""The presenter's view: follows the tape that a run writes, plays the last good one where that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from labs import tape
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers
from tests.tutor.ui.lab_tape import LAB, NONCE, asked, ended, frames, opening, step, verdict
from tests.tutor.ui.screen_text import assert_snapshot, screen_text, until
from tutor.study.stage_tapes import LiveTape, good_tape
from tutor.ui.stage.app import StageApp
from tutor.ui.stage.recording import LONGEST, QUESTION, play
from tutor.ui.stage.show import Show

SIZES = [(80, 24), (120, 36), (200, 60)]


class Stage:
    """The stage on a screen, its clock, and the run that is on it."""

    def __init__(self, pilot: Pilot[None], seconds: list[float]) -> None:
        self.pilot = pilot
        self._seconds = seconds
        self._live: LiveTape | None = None

    def wait(self, seconds: float) -> None:
        """Let the clock go on, by which recordings are played."""
        self._seconds[0] += seconds

    def say(self, *events: tape.Event) -> None:
        """A line of the live run for each."""
        self._live = self._live or LiveTape("small")
        for event in events:
            self._live.write(tape.to_line(event).encode() + b"\n")

    def exit(self) -> None:
        """The run's process is gone."""
        if self._live is not None:
            self._live.__exit__(None, None, None)
            self._live = None

    async def shows(self, *texts: str) -> None:
        for text in texts:
            await until(self.pilot, lambda text=text: text in self.text, f"{text!r} on the screen")  # type: ignore[misc]

    @property
    def text(self) -> str:
        return screen_text(self.pilot.app)


Open = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def stage() -> Open:
    @asynccontextmanager
    async def opened(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Stage]:
        seconds = [0.0]
        app = StageApp(LAB, Show("small", lambda: seconds[0]))
        async with app.run_test(size=size) as pilot:
            on = Stage(pilot, seconds)
            try:
                yield on
            finally:
                on.exit()

    return opened


def keep_a_good_tape(*events: tape.Event) -> None:
    with LiveTape("small") as live:
        for event in events or (*opening(), asked("choice", options=["one", "two"]), *frames(), verdict(), ended()):
            live.write(tape.to_line(event).encode() + b"\n")
        live.keep()
    assert good_tape("small").exists()


@pytest.mark.parametrize("size", SIZES)
async def test_before_anything_runs_it_says_what_to_do(stage: Open, size: tuple[int, int]) -> None:
    async with stage(size) as on:
        await on.shows("ws-tutor lab run small", "ws-tutor lab run small --auto")
        await assert_snapshot(on.pilot, f"stage-waiting-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_is_followed_with_its_question_parts_messages_and_verdicts(
    stage: Open, size: tuple[int, int]
) -> None:
    async with stage(size) as on:
        on.say(*opening(), *frames(), verdict(), step(), asked("choice", options=["it closes", "it reads on"]))
        await on.shows("● LIVE", "A second step", "a) it closes    b) it reads on", "✓ 1")
        await assert_snapshot(on.pilot, f"stage-live-{size[0]}x{size[1]}")


async def test_what_came_of_a_question_stays_when_the_next_is_asked(stage: Open) -> None:
    async with stage() as on:
        on.say(*opening(), asked(unit="bytes"))
        await on.shows("? What will it be?")
        on.say(tape.Answer(t=0.4, id="q", value=4), tape.Measured(t=0.5, id="q", value=6), verdict(), step())
        on.say(asked(id="next"))
        await on.shows("= 6 bytes   What will it be?", "The server upgrades")
        assert "you said" not in on.text, "what the instructor predicted is on the instructor's screen"


async def test_notes_are_the_instructors_but_for_what_says_what_is_shown(stage: Open) -> None:
    async with stage() as on:
        on.say(*opening(), tape.Note(t=0.4, text="Ask them why."), tape.Note(t=0.4, text="STAND-IN: a toy proxy."))
        await on.shows("STAND-IN: a toy proxy.")
        assert "Ask them" not in on.text


async def test_parts_say_their_state_and_the_gone_come_last(stage: Open) -> None:
    async with stage() as on:
        on.say(*opening(), replace(opening()[1], state="down"), replace(opening()[2], state="frozen"))
        await on.shows("✗ client down", "❄ server frozen", "─── 150 B ──▶")


async def test_behind_a_balancer_it_shows_who_is_on_which_node_and_no_checks_of_nodes(stage: Open) -> None:
    asks = build_request("/ws", upgrade_headers(NONCE))
    answer = build_response(101, "", accept_headers(NONCE))
    parts = [(f"node-{number}", "node") for number in (1, 2, 3)] + [("lb", "balancer"), ("ann", "client")]
    async with stage() as on:
        on.say(*opening()[:1], *(tape.Part(t=0, id=id, role=role, state="up") for id, role in parts))
        await on.shows("Starting the processes", "node-3  up after 0.0 s")
        on.say(
            step(), between("check", "lb", "node-1", build_request("/health", [])),
            between("check", "node-1", "lb", build_response(200, "OK", [("Content-Length", "0")])),
            between("outer", "ann", "lb", asks), between("inner", "lb", "node-2", asks),
            between("inner", "node-2", "lb", answer), between("outer", "lb", "ann", answer),
            tape.Part(t=1, id="node-1", role="node", state="down"),
        )  # fmt: skip
        await on.shows("├ ✗ node-1 down     nobody", "● node-2 up       ◀━━ ann", "GET /ws → upgrade")
        assert "/health" not in on.text
        assert "200 OK" not in on.text
        far = [tape.Part(t=2, id=id, role=role, state="up") for id, role in (("crowd", "client"), ("alone", "node"))]
        on.say(step("beside"), *far, between("far", "crowd", "alone", asks))
        await on.shows("● crowd", f"─── {len(asks)} B ──▶ ● alone")
        assert "node-2" not in on.text.split("GET /ws")[0], "what the step does not use"
        on.say(step("again"))
        await on.shows("● node-2 up       ◀━━ ann")


def between(conn: str, sender: str, receiver: str, data: bytes) -> tape.Bytes:
    return tape.Bytes(t=1, conn=conn, sender=sender, receiver=receiver, src="", dst="", at=sender, hex=data.hex())


async def test_a_run_that_has_ended_stays(stage: Open) -> None:
    async with stage() as on:
        on.say(*opening(), verdict(), verdict("masked", ok=False), ended(ok=False))
        on.exit()
        await on.shows("○ ended", "1 of 2 verdicts held", "✗ The client masks")


@pytest.mark.parametrize("error", [tape.STOPPED, tape.LEFT])
async def test_a_run_that_somebody_stopped_is_no_failure(stage: Open, error: str) -> None:
    keep_a_good_tape()
    async with stage() as on:
        on.say(*opening(), ended(error))
        on.exit()
        await on.shows("○ ended")
        assert "RECORDED" not in on.text


@pytest.mark.parametrize("how", ["it says so", "it is killed"])
async def test_where_a_live_run_fails_the_last_good_tape_plays_labelled(stage: Open, how: str) -> None:
    keep_a_good_tape()
    async with stage() as on:
        on.say(*opening())
        await on.shows("● LIVE")
        if how == "it says so":
            on.say(ended("the server went away"))
        on.exit()
        await on.shows("◎ RECORDED of 2026-01-02")
        on.wait(2 * LONGEST)
        await on.shows("? What will it be?")
        assert "of the server" not in on.text
        await on.pilot.press("space")
        await on.shows("client → server")
        on.wait(60)
        await on.shows("1 of 1 verdict held")
        await on.shows("the server went away" if how == "it says so" else "its process is gone")
        on.say(*opening())
        await on.shows("● LIVE")


async def test_a_failure_without_a_good_tape_says_both(stage: Open) -> None:
    async with stage() as on:
        on.say(*opening(), ended("the server went away"))
        on.exit()
        await on.shows("The live run has failed: the server went away.")
        await on.pilot.press("p")
        await on.shows("The live run has failed")


async def test_p_plays_the_last_good_tape_and_a_damaged_one_is_told(stage: Open) -> None:
    keep_a_good_tape()
    async with stage() as on:
        await on.shows("p plays the last good tape meanwhile")
        await on.pilot.press("p")
        await on.shows("◎ RECORDED")
    good_tape("small").write_text("junk\n")
    async with stage() as on:
        await on.pilot.press("p")
        await on.shows("There is no good tape to play", "not JSON")


async def test_lines_that_are_none_of_a_tape_do_not_end_it(stage: Open) -> None:
    async with stage() as on:
        on.say(*opening())
        assert on._live is not None
        on._live.write(b"\xff[/topic/x]\n")
        on.say(replace(step(), title="[/topic/x] \x1b[2J"))
        await on.shows("[/topic/x] \\x1b[2J")


async def test_it_ends_by_q_and_by_ctrl_c(stage: Open) -> None:
    for key in ("q", "ctrl+c", "escape"):
        async with stage() as on:
            await on.pilot.press(key)
            await until(on.pilot, lambda: not on.pilot.app.is_running, f"{key} ends it")


async def test_a_terminal_that_is_too_small_is_told(stage: Open) -> None:
    async with stage((30, 8)) as on:
        await on.shows("too small")


def test_a_recording_waits_for_nobody_long_but_lets_a_question_stand() -> None:
    first, second, question, answer = (
        tape.Note(t=0, text=""), tape.Note(t=300, text=""), asked(), tape.Note(t=300.5, text="")
    )  # fmt: skip
    at = [at for at, _ in play([first, second, replace(question, t=300.1), answer])]
    assert at == pytest.approx([0, LONGEST, LONGEST + 0.1, LONGEST + 0.1 + QUESTION])
