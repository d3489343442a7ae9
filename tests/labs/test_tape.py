"""Reading a tape: what is written is read back, and what is not a tape is refused with its place."""

import io
import json
from dataclasses import fields

import pytest

from labs import tape

LAB = tape.LabStarted(
    t=0.0, name="handshake", title="T", questions=["Q2"], knobs={"a": True, "b": 1.5}, version="1", started="now",
    host={"system": "Linux"},
)  # fmt: skip

EVENTS = [
    LAB,
    tape.Part(t=0.1, id="server", role="server", state="up", pid=7, address="127.0.0.1:1"),
    tape.Step(t=0.2, id="s", title="T", text="x"),
    tape.Predict(t=0.3, id="p", ask="?", form="order", options=["a", "b"], unit=""),
    tape.Answer(t=0.4, id="p", value=["b", "a"]),
    tape.Measured(t=0.4, id="p", value=["a", "b"]),
    tape.Bytes(t=0.5, conn="c1", sender="a", receiver="b", src="x:1", dst="y:2", at="a", hex="00ff"),
    tape.Note(t=0.6, text="naïve → ✓"),
    tape.Metric(t=0.7, name="n", value=2.5, unit="ms", part=None),
    tape.FaultInjected(t=0.8, id="kill", target="server", by="learner"),
    tape.Verdict(t=0.9, id="v", claim="c", ok=True, expected="e", observed="o", evidence=[7]),
    tape.Failure(t=1.0, text="no"),
    tape.Ended(t=1.1, ok=True, verdicts=1, seconds=1.1, error=None),
]


def stream(*lines: bytes) -> io.BytesIO:
    return io.BytesIO(b"\n".join(lines))


def read(*lines: bytes) -> list[tuple[int, tape.Event]]:
    return list(tape.read_events(stream(*lines), "x.tape"))


def line(event: tape.Event) -> bytes:
    return tape.to_line(event).encode()


def test_every_kind_is_written_and_read_back() -> None:
    assert {event.kind for event in EVENTS} == set(tape.KINDS)
    assert read(*map(line, EVENTS)) == list(enumerate(EVENTS, 1))


def test_names_that_are_keywords_are_the_tapes_own() -> None:
    written = json.loads(tape.to_line(EVENTS[6]))
    assert (written["from"], written["to"]) == ("a", "b")
    assert not {"sender", "receiver"} & written.keys()


def test_fields_of_a_later_version_are_passed_over() -> None:
    later = json.loads(line(LAB)) | {"colour": "green"}
    assert tape.from_line(json.dumps(later)) == LAB


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON (column 2)"),
        ("[1]", "[1] is not an object"),
        ('{"t": NaN}', "not JSON"),
        ("[" * 100_000, "not JSON (RecursionError)"),
        ('{"t": 1e999, "kind": "note", "text": "x"}', "note.t is Infinity; it takes a finite number"),
        ('{"t": %s, "kind": "note", "text": "x"}' % ("9" * 400), "it takes a finite number"),
        ('{"t": 0, "kind": "frames"}', 'kind "frames" is unknown; there are lab, part'),
        ('{"t": 0, "kind": ["note"]}', 'kind ["note"] is unknown'),
        ('{"t": 0}', "kind null is unknown"),
        ('{"t": 0, "kind": "note"}', "note has no text; it takes a string"),
        ('{"t": true, "kind": "note", "text": "x"}', "note.t is true; it takes a finite number"),
        ('{"t": 0, "kind": "note", "text": 5}', "note.text is 5; it takes a string"),
        ('{"t": 0, "kind": "note", "text": "\\ud800"}', "not JSON (UnicodeEncodeError)"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(tape.TapeError) as refusal:
        tape.from_line(text, "x.tape:3")
    assert str(refusal.value).startswith("x.tape:3: ")
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("bad", ["0", "0g", "00 11", "é", 5, None])
def test_bytes_are_whole_octets_in_hexadecimal(bad: object) -> None:
    raw = json.loads(line(EVENTS[6])) | {"hex": bad}
    with pytest.raises(tape.TapeError, match=r"bytes\.hex is .* it takes an even number of hexadecimal digits"):
        tape.from_line(json.dumps(raw))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_each_required_field_is_missed(event: tape.Event) -> None:
    raw = json.loads(line(event))
    for item in fields(event):
        name = {"sender": "from", "receiver": "to"}.get(item.name, item.name)
        less = {key: value for key, value in raw.items() if key != name}
        if item.name in ("pid", "address", "part", "error", "unit", "schema") and event.kind != "metric":
            tape.from_line(json.dumps(less))
        elif item.name != "part":
            with pytest.raises(tape.TapeError, match=f"has no {name}"):
                tape.from_line(json.dumps(less))


def test_a_tape_begins_with_its_lab() -> None:
    with pytest.raises(tape.TapeError, match=r"x\.tape:1: kind note; a tape begins with a line of kind lab"):
        read(line(EVENTS[7]))
    with pytest.raises(tape.TapeError, match=r"x\.tape:1: empty"):
        read(b"")


def test_a_later_schema_is_refused() -> None:
    later = json.loads(line(LAB)) | {"schema": 99}
    with pytest.raises(tape.TapeError, match="schema 99 is of a later version"):
        tape.from_line(json.dumps(later))


def test_bytes_that_are_not_utf_8_name_their_place() -> None:
    with pytest.raises(tape.TapeError, match=r"x\.tape:2: byte 3 is not UTF-8"):
        read(line(LAB), b"{ \xff")


def test_a_line_without_end_is_refused_before_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape, "MAX_LINE", 1000)
    with pytest.raises(tape.TapeError, match=r"x\.tape:2: longer than 1000 bytes"):
        read(line(LAB), b"x" * 5000)
