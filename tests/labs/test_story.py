"""The story of a tape: fits the terminal, says what matters, controls nothing."""

from labs import tape
from labs.story import Story
from tests.labs.playing import sound


def told(events: list[tape.Event], **options) -> list[str]:
    story = Story(**options)
    return [line for event in events for line in story.tell(event)]


async def test_a_run_fits_eighty_columns_and_says_every_verdict() -> None:
    for name in ("handshake", "masking"):
        played = await sound(name)
        lines = told(played.events)
        assert max(map(len, lines)) <= 80
        assert sum(line.startswith("  ✓ holds: ") for line in lines) == len(played.verdicts)
        assert any(f"{len(played.verdicts)} of {len(played.verdicts)} verdicts held" in line for line in lines)
        assert all(line.isprintable() for line in lines)


async def test_messages_are_told_with_their_bytes() -> None:
    lines = told((await sound("handshake")).events)
    assert any("client → server  GET /echo → upgrade" in line for line in lines)
    assert any(line.strip() == "81 05 | 48 65 6c 6c 6f" for line in lines)
    assert any(line.strip().startswith("Sec-WebSocket-Accept: ") for line in lines)


async def test_a_recording_is_labelled() -> None:
    assert told((await sound("masking")).events, recorded=True)[0] == "RECORDED: Masking (Q14)"


def test_a_prediction_stands_beside_what_was_measured() -> None:
    asked = tape.Predict(t=0, id="p", ask="How long?", form="number", options=[], unit="bytes")
    answer, measured = tape.Answer(t=0, id="p", value=4), tape.Measured(t=0, id="p", value=6)
    assert told([asked, answer, measured])[-1] == "   = measured: 6 bytes; predicted: 4 bytes"
    assert told([asked, tape.Answer(t=0, id="p", value=6), measured])[-1] == "   = measured: 6 bytes; as predicted"
    assert told([asked, measured])[-1] == "   = measured: 6 bytes"


def test_nothing_on_a_tape_controls_the_terminal() -> None:
    evil = "\x1b[2J\x07\u202e" + "x" * 300
    events: list[tape.Event] = [
        tape.Note(t=0, text=evil),
        tape.Step(t=0, id="s", title=evil, text=evil),
        tape.Part(t=0, id=evil, role=evil, state="up"),
        tape.Metric(t=0, name=evil, value=1, unit=evil),
        tape.FaultInjected(t=0, id=evil, target=evil, by=evil),
        tape.Failure(t=0, text=evil),
        tape.Verdict(t=0, id=evil, claim=evil, ok=False, expected=evil, observed=evil, evidence=[]),
        tape.Bytes(t=0, conn=evil, sender=evil, receiver=evil, src="", dst="", at="", hex=evil.encode().hex()),
        tape.Bytes(t=0, conn="c", sender="a", receiver="b", src="", dst="", at="",
                   hex=f"GET /{evil} HTTP/1.1\r\nX: {evil}\r\n\r\n".encode().hex()),
        tape.Ended(t=0, ok=False, verdicts=1, seconds=1, error=evil),
    ]  # fmt: skip
    lines = told(events)
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 80


def test_what_did_not_hold_is_said_again_at_the_end() -> None:
    verdict = tape.Verdict(t=0, id="v", claim="It holds", ok=False, expected="1", observed="2", evidence=[])
    lines = told([verdict, tape.Ended(t=0, ok=False, verdicts=1, seconds=1, error="x")])
    assert "  ✗ does not hold: It holds" in lines
    assert lines[-3:] == ["0 of 1 verdicts that were reached held, 1.0 s.", "  ✗ v: 2", "  ! not run to its end: x"]
