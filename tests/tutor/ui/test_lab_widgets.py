"""What the lab's widgets say of a message, a part, a story, line by line."""

from __future__ import annotations

import pytest

from labs import tape
from labs.placement import Place
from labs.timeline import Entry
from labs.wire.frames import PONG, TEXT, encode_frame
from tests.tutor.ui import lab_tape
from tests.tutor.ui.lab_tape import asked, frames, model_of, opening, passed, verdict
from tutor.ui import lab_story
from tutor.ui.lab_model import Row
from tutor.ui.timeline_lines import SHOWN, timeline_lines
from tutor.ui.widgets import columns
from tutor.ui.widgets.fields import nest
from tutor.ui.widgets.predict import AnswerError, parse_answer
from tutor.ui.widgets.topology import picture


def told(row: Row, width: int, before: float | None = None) -> str:
    return "".join(text for text, _ in columns.line(row, width, 15, before))


def row_of(data: bytes) -> Row:
    return model_of(*opening(), passed("client", data, 1)).rows[2]


def test_all_columns_where_there_is_room() -> None:
    rows = model_of(*opening(), *frames()).rows
    assert told(rows[0], 120).split() == [
        *("1", "0.3000", "client", "→", "server", "http", "150", "GET", "/ws", "→", "upgrade"),
    ]
    assert told(rows[2], 120).split() == [
        *("3", "0.4000", "client", "→", "server", "ws", "text", "FIN", "37fa213d", "5", '"Hello"'),
    ]
    assert told(rows[4], 120, before=0.5).split() == [
        *("5", "+0.0042", "client", "→", "server", "ws", "pong", "FIN", "37fa213d", "1"),
        *("1", "byte", "↩", "#4", "in", "4.20", "ms"),
    ]


def test_narrow_lists_say_whether_there_is_a_mask() -> None:
    rows = model_of(*opening(), *frames()).rows
    assert told(rows[2], 70).split() == ["3", "0.4000", "client", "→", "server", "text", "FIN", "yes", "5", '"Hello"']
    assert told(rows[3], 70).split()[6:8] == ["FIN", "no"]


@pytest.mark.parametrize(
    ("fin", "rsv", "shown"), [(True, 4, "F+1"), (False, 0, "···"), (False, 3, "·+23"), (True, 0, "FIN")]
)
def test_fin_and_rsv(fin: bool, rsv: int, shown: str) -> None:
    row = row_of(encode_frame(TEXT, b"x", fin=fin, rsv=rsv, mask_key=lab_tape.KEY))
    assert f" {shown} " in told(row, 120)


def test_what_is_wrong_is_told_after_a_sign() -> None:
    assert '✗ "x": MASK: a client must mask' in told(row_of(encode_frame(TEXT, b"x")), 200)


def test_long_names_are_cut() -> None:
    long = tape.Bytes(t=1, conn="c9", sender="a" * 60, receiver="b", src="", dst="", at="b", hex=b"GET".hex())
    model = model_of(*opening(), long, lab_tape.ended())
    assert columns.names_width(model.rows[-1]) == columns.MAX_NAMES
    assert "aaa…" in told(model.rows[-1], 120)


def test_bits_stand_under_their_byte() -> None:
    row = row_of(encode_frame(PONG, b"x" * 3, mask_key=lab_tape.KEY))
    shape = [(node.depth, node.field.name, node.parent) for node in nest(row.message)]
    assert shape == [
        *[(0, "byte 0", True), *((1, name, False) for name in ("FIN", "RSV1", "RSV2", "RSV3", "opcode"))],
        *[(0, "byte 1", True), (1, "MASK", False), (1, "payload length", False)],
        *[(0, "masking key", False), (0, "payload", False)],
    ]
    assert nest(row.message)[0].field.meaning == "1000 1010"


def test_every_field_has_its_place_in_the_tree_whatever_the_length() -> None:
    for size in (0, 126, 70_000):
        row = row_of(encode_frame(TEXT, b"x" * size, mask_key=lab_tape.KEY))
        nodes = nest(row.message)
        assert [node.field for node in nodes if not node.field.name.startswith("byte ")] == list(row.message.fields)


def test_the_picture_has_each_state_in_a_glyph_and_a_word() -> None:
    parts = {
        id: tape.Part(t=0, id=id, role=role, state=state, pid=7)
        for id, role, state in [
            *[("shop", "server", "up"), ("you", "client", "down"), ("lb", "balancer", "frozen")],
            *[("db", "store", "draining"), ("who", "oracle", "puzzled")],
        ]
    }
    links = {("lb", "shop"): 5, ("shop", "lb"): 1234, ("you", "lb"): 7}
    lines = [line.plain.rstrip() for line in picture(parts, links, width=60)]
    assert lines[3:5] == ["❄ lb   ────     5 B ───▶ ● shop", "  frozen ◀─── 1,234 B ────   up"]
    whole = "\n".join(lines)
    for said in ("✗ you", "down", "◐ db  draining  store, pid 7", "? who  unknown  oracle"):
        assert said in whole
    assert max(map(len, lines)) <= 60


def test_the_arrow_of_a_link_on_which_bytes_pass_is_heavy() -> None:
    parts = {id: tape.Part(t=0, id=id, role=role, state="up") for id, role in (("you", "client"), ("shop", "server"))}
    links = {("you", "shop"): 7, ("shop", "you"): 9}
    there, back = [line.plain for line in picture(parts, links, {("shop", "you")}, width=60)[:2]]
    assert "──── 7 B ───▶" in there
    assert "◀━━━ 9 B ━━━━" in back


def test_measurements_that_make_up_a_table_are_drawn_as_one() -> None:
    names = [("time: frozen × ping", 0.5, "s"), ("time: frozen × keepalive", 3, "s, blind"), ("load", 7, "%")]
    metrics = [tape.Metric(t=1, name=name, value=value, unit=unit) for name, value, unit in names]
    lines = lab_story.metric_lines(model_of(*opening(), *metrics), 40)
    assert [line.plain.rstrip() for line in lines] == [
        "time", "        ping   keepalive", "frozen  0.5 s  3 s, blind", "", "· load  7 %",
    ]  # fmt: skip
    assert any(span.style == "$text-warning" for span in lines[2].spans)


def test_the_story_draws_what_a_step_measured_before_its_verdicts() -> None:
    cells = [tape.Metric(t=1, name=f"time: {row} × ping", value=1, unit="s") for row in ("frozen", "hole")]
    note = tape.Note(t=1, text="meanwhile")
    model = model_of(*opening(), cells[0], note, verdict(), *opening()[1:], cells[1])
    told = [line.plain.strip() for line in lab_story.told(model, 60)]
    claim = next(place for place, line in enumerate(told) if line.startswith("✓"))
    assert told[claim - 3 : claim] == ["time", "ping", "frozen  1 s"]
    assert told[-3:] == ["time", "ping", "hole  1 s"], "only what this step has measured"


def test_a_story_that_is_too_long_keeps_its_end() -> None:
    notes = [tape.Note(t=1, text=f"note {number}") for number in range(2 * lab_story.MAX_TOLD)]
    lines = lab_story.told(model_of(*opening(), *notes), 60)
    assert lines[0].plain == f"… {lab_story.MAX_TOLD + 1} earlier events left out"
    assert lines[-1].plain.strip() == f"· note {len(notes) - 1}"
    assert len(lines) == lab_story.MAX_TOLD + 1


def test_labels_stand_out() -> None:
    (line,) = lab_story.told(model_of(tape.Note(t=1, text="STAND-IN: a relay")), 60)
    assert any(span.style == "bold $text-warning" for span in line.spans)


def test_the_story_of_a_prediction() -> None:
    model = model_of(*opening(), asked("bytes"), verdict())
    model.add(tape.Answer(t=1, id="q", value="8105"))
    model.add(tape.Measured(t=1, id="q", value="81057f"))
    text = "\n".join(line.plain for line in lab_story.told(model, 60))
    assert "you said  81 05\n" in text
    assert "measured  81 05 7f   ✗ not as predicted" in text
    assert "✓ The server upgrades" in text


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        *[("number", " 28 ", 28), ("number", "1.5", 1.5), ("number", "-3", -3), ("number", "1e3", 1000)],
        *[("bytes", "81 05", "8105"), ("bytes", "0x81,0x05".replace(",", " "), "8105"), ("bytes", "AB", "ab")],
    ],
)
def test_answers(form: str, text: str, value: object) -> None:
    assert parse_answer(form, text) == value


@pytest.mark.parametrize(
    ("form", "text"),
    [
        *[("number", text) for text in ("", "x", "nan", "inf", "1e16", "1 2", "[/x]")],
        *[("bytes", text) for text in ("", "8", "8x", "81 0", "00" * 2000)],
    ],
)
def test_what_is_no_answer(form: str, text: str) -> None:
    with pytest.raises(AnswerError, match="such as"):
        parse_answer(form, text)


def test_a_timeline_tells_who_noticed_a_fault_and_when():
    entries = [
        Entry(5.0, "node-1", "fault kill"),
        Entry(5.01, "node-1", "is down", "down"),
        Entry(5.25, "ann", "sees 1006"),
    ]
    assert [line.plain for line in timeline_lines(entries, 60)] == [
        "Who noticed, and when",
        "   0.000 s  ! node-1 fault kill",
        "  +0.010 s  ✗ node-1 is down",
        "  +0.250 s  · ann sees 1006",
        "",
    ]
    many = timeline_lines([entries[0], *(Entry(6.0, "ann", str(number)) for number in range(50))], 60)
    assert len(many) == SHOWN + 4
    assert many[-2].plain == "  and 36 lines more"


def test_many_links_stand_close_and_those_to_the_gone_come_last() -> None:
    names = ["anna", "ben", "carl", "dora", "eve"]
    parts = {id: tape.Part(t=0, id=id, role="client", state="down" if id == "ben" else "up", pid=3) for id in names}
    parts["broker"] = tape.Part(t=0, id="broker", role="server", state="up", pid=7)
    links = {(id, "broker"): 9 for id in names} | {("broker", "eve"): 12_345}
    lines = [line.plain.rstrip() for line in picture(parts, links, width=60)]
    assert lines == [
        "● broker up",
        "├ ● anna       ▶      9 B ◀      0 B",
        "├ ● carl       ▶      9 B ◀      0 B",
        "├ ● dora       ▶      9 B ◀      0 B",
        "├ ● eve        ▶      9 B ◀ 12,345 B",
        "└ ✗ ben  down  ▶      9 B ◀      0 B",
        "",
        "● anna, carl, dora, eve  client, pid 3",
        "✗ ben  client, pid 3",
        "● broker  server, pid 7",
    ]


def test_an_arrow_leads_from_each_client_to_the_node_that_it_is_on() -> None:
    roles = {"lb": "balancer", "node-1": "node", "node-2": "node", "node-3": "node", "ann": "client", "shop": "server"}
    states = {"node-1": "down", "node-2": "frozen", "node-3": "draining"}
    parts = {id: tape.Part(t=0, id=id, role=role, state=states.get(id, "up")) for id, role in roles.items()}
    links = {("ann", "lb"): 5, ("lb", "node-2"): 1234, ("node-2", "lb"): 7, ("lb", "node-3"): 1, ("lb", "shop"): 2}
    places = {"ann": Place("node-2", "lb"), "di": Place("node-1", "lb", lasts=False)}
    places |= dict.fromkeys(("bo", "cy"), Place("node-2", "lb", before="node-1"))
    assert all(line.plain == "" for line in picture(parts, links, places=places, width=0)), "a pane that is hidden"
    wide = [line.plain.rstrip() for line in picture(parts, links, {("lb", "node-2")}, places, 60)]
    assert "├ ❄ node-2 frozen   ◀━━ ann  ◀━━ bo, cy from node-1" in wide
    lines = [line.plain.rstrip() for line in picture(parts, links, {("lb", "node-2")}, places, 43)]
    assert lines[:8] == [
        "● lb     up",
        "├ ✗ node-1 down     ◀┄┄ di away",
        "│   ▶ 0 B   ◀ 0 B",
        "├ ❄ node-2 frozen   ◀━━ ann",
        "│                   ◀━━ bo, cy from node-1",
        "│   ▶ 1,234 B   ◀ 7 B",
        "└ ◐ node-3 draining nobody",
        "    ▶ 1 B   ◀ 0 B",
    ]
    assert "● shop" in "\n".join(lines[8:]), "what is no node has a link of its own"
