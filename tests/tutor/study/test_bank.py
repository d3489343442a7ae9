"""Files in, a bank or every fault out. The faults of one file are the table in `test_each_fault_in_its_place`."""

import os
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs import catalog
from tests.effort import examples
from tutor.study import bank
from tutor.study.model import Fact, Question

Write = Callable[..., Path]


def faults(*paths: Path) -> list[str]:
    """What is wrong with the files, as `file:line:column: text`, without the folder."""
    with pytest.raises(bank.BankError) as caught:
        bank.load(paths)
    return [str(fault).removeprefix(f"{fault.path.parent}{os.sep}") for fault in caught.value.faults]


def test_a_good_file(write: Write, good: str):
    loaded = bank.load([write(good)])

    assert [section.title for section in loaded.sections] == ["Most asked"]
    (question,) = loaded.questions
    assert isinstance(question, Question)
    assert (question.ref, question.level, question.tags) == ("Q2", "core", ("handshake", "http"))
    assert question.answer == "The client sends a GET with `Upgrade: websocket`."
    assert question.key_points[0].weight == 3 and question.key_points[0].critical
    assert [option.correct for option in question.choices[0].options] == [True, False]
    (fact,) = loaded.facts
    assert isinstance(fact, Fact)
    assert (fact.id, fact.answers) == ("which-port-has-wss", ("443", "four four three"))


def test_our_own_questions_have_no_faults():
    loaded = bank.load()
    assert loaded.questions and loaded.facts


@pytest.mark.parametrize(
    "plain", ["No", "12:30", "017", "1.0", "101", "true", "2026-08-01", "0x1F", "1_000", ".inf", "<<"]
)
def test_what_yaml_would_make_of_plain_text_is_not_followed(write: Write, good: str, plain: str):
    loaded = bank.load([write(good.replace("four four three", plain).replace("Why a hash?", plain))])
    assert loaded.facts[0].answers[1] == plain
    assert loaded.questions[0].follow_ups[0].ask == plain


# (what to replace, by what, where the fault is, what it says)
FAULTS = {
    "unknown key": (
        "    level: core",
        "    lvel: core\n    level: core",
        "6:5",
        "unknown key 'lvel'; did you mean 'level'?",
    ),
    "unknown key of the file": (
        "section:",
        "title: x\nsection:",
        "1:1",
        "unknown key 'title'; it takes section, entries",
    ),
    "unknown key, nothing alike": (
        "        weight: 3",
        "        zzz: 3",
        "12:9",
        "unknown key 'zzz'; it takes text, weight, critical",
    ),
    "missing key": ("    level: core\n", "", "3:5", "the key 'level' is missing; add it"),
    "missing section": ("section: Most asked\n", "", "1:1", "the key 'section' is missing; add it"),
    "text where a list should be": (
        "tags: [handshake, http]",
        "tags: handshake",
        "7:11",
        "a list is wanted here, not 'handshake'; begin each item with '- '",
    ),
    "a list where text should be": (
        "ask: Walk me through the opening handshake.",
        "ask: [Walk]",
        "5:10",
        "text is wanted here, not a list; quote text that begins with [ or -",
    ),
    "a mapping where text should be": (
        "sources: [RFC 6455 §1.3]",
        "sources: [RFC 6455: x]",
        "32:15",
        "text is wanted here, not a mapping; quote text that contains ': '",
    ),
    "text where keys should be": (
        "      - text: Accept is Base64(SHA-1(key + GUID))\n        weight: 3\n        critical: true",
        "      - Accept",
        "11:9",
        "keys and values are wanted here, not 'Accept'; they are text, weight, critical",
    ),
    "level": ("level: core", "level: junior", "6:12", "'junior' does not fit; it takes core, senior or architect"),
    "weight out of range": ("weight: 3", "weight: 4", "12:17", "`4` does not fit; it takes a whole number from 1 to 3"),
    "weight as text": ("weight: 3", "weight: '3'", "12:17", "'3' does not fit; it takes a whole number from 1 to 3"),
    "weight as a truth value": (
        "weight: 3",
        "weight: true",
        "12:17",
        "`true` does not fit; it takes a whole number from 1 to 3",
    ),
    "truth value": ("critical: true", "critical: yes", "13:19", "'yes' does not fit; it takes true or false"),
    "nothing": (
        "ask: Why a hash?",
        "ask:",
        "15:13",
        'the text is missing; write it, or quote a word that YAML takes for nothing: "null"',
    ),
    "null": (
        "ask: Why a hash?",
        "ask: ~",
        "15:14",
        'the text is missing; write it, or quote a word that YAML takes for nothing: "null"',
    ),
    "empty text": (
        "ask: Why a hash?",
        "ask: '  '",
        "15:14",
        "the text is empty; write it or leave the key out where it is optional",
    ),
    "NUL in an escape": (
        "ask: Why a hash?",
        'ask: "a\\0b"',
        "15:14",
        "the text holds the character U+0000; only printable text, tabs and line ends",
    ),
    "no key points": (
        "    key_points:\n      - text: Accept is Base64(SHA-1(key + GUID))\n        weight: 3\n        critical: true",
        "    key_points: []",
        "10:17",
        "the list has 0 items; it takes at least 1",
    ),
    "id that is no id": (
        "id: opening-handshake",
        "id: Opening Handshake",
        "4:9",
        "'Opening Handshake' does not fit; it takes small letters and digits joined by '-', such as opening-handshake",
    ),
    "repeated key": (
        "    level: core",
        "    level: core\n    level: core",
        "7:5",
        "the key 'level' is repeated (first in line 6); keep one",
    ),
    "no right option": (
        "            correct: true",
        "            why: so",
        "24:11",
        "0 options are correct; exactly one has 'correct: true'",
    ),
    "two right options": (
        "why: That is an answer to a plain GET.",
        "correct: true",
        "26:13",
        "2 options are correct; exactly one has 'correct: true'",
    ),
    "one option": (
        "          - text: 200\n            why: That is an answer to a plain GET.\n",
        "",
        "24:11",
        "the list has 1 items; it takes at least 2",
    ),
    "wrong option without why": (
        "\n            why: That is an answer to a plain GET.",
        "",
        "26:13",
        "a wrong option says why it is wrong; add 'why:'",
    ),
    "no such lab": (
        "lab: handshake",
        "lab: handshakes",
        "30:14",
        "no lab is called 'handshakes'; did you mean 'handshake'?",
    ),
    "no such verdict": (
        "verdict: switch-101",
        "verdict: switch-102",
        "31:18",
        "the lab handshake has no verdict 'switch-102'; did you mean 'switch-101'?",
    ),
    "alias": (
        "ask: Why a hash?",
        "ask: *why",
        "15:14",
        "'*why' is a YAML alias; write the text out, or quote it",
    ),
    "anchor": (
        "ask: Why a hash?",
        "ask: &why Why",
        "15:14",
        "'&why' is a YAML anchor; write the text out, or quote it",
    ),
    "tag": (
        "ask: Why a hash?",
        "ask: !!python/name:os.system Why",
        "15:14",
        "'tag:yaml.org,2002:python/name:os.system' is a YAML tag; remove it, or quote text that begins with '!'",
    ),
    "no slug": ("Which port has wss?", "ポート?", "33:10", "no id can be made from this text; add 'id:'"),
    "repeated ref": (
        "  - ask: Which port",
        "  - ref: q2\n    ask: Which port",
        "33:10",
        "the ref 'q2' is already used at questions.yaml:3; each ref is used once over all files",
    ),
    "list as key": ("    level: core", "    [a]: core", "6:5", "a list or mapping stands where a key should"),
    "second document": (
        "section: Most",
        "---\nsection: x\nentries: []\n---\nsection: Most",
        "4:1",
        "a second document begins here; put each section into a file of its own",
    ),
    "colon in text": (
        "ask: Why a hash?",
        "ask: Why: a hash?",
        "15:17",
        "this is not YAML: mapping values are not allowed in this context; quote text that contains ': '",
    ),
    "tab": (
        "    level: core",
        "\tlevel: core",
        "6:1",
        "this is not YAML: found a tab character that violates indentation",
    ),
    "control character": ("Why a hash?", "Why \x07?", "15:18", "the character U+0007 is not text; remove it"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_in_its_place(write: Write, good: str, name: str):
    before, after, place, text = FAULTS[name]
    assert good.count(before) == 1 or name in {"missing key"}, "the table must change one place"
    found = faults(write(good.replace(before, after, 1)))
    assert any(fault.startswith(f"questions.yaml:{place}: {text}") for fault in found), found
    assert all("\n" not in fault and "; " in fault for fault in found)


def test_a_lab_that_is_like_none_is_told_which_exist(write: Write, good: str):
    (fault,) = faults(write(good.replace("lab: handshake", "lab: zzz")))
    assert all(lab.name in fault for lab in catalog.LABS)


def test_all_faults_of_all_files_at_once(write: Write, good: str):
    first = write(good.replace("level: core", "level: junior").replace("weight: 3", "weight: 9"), "a.yaml")
    second = write(
        good.replace("Q2", "Q3").replace("opening-handshake", "x").replace("lab: handshake", "lab: no"), "b.yaml"
    )
    third = write(b"\xff", "c.yaml")
    found = faults(first, second, third)
    assert [fault.split(": ")[0] for fault in found] == [
        "a.yaml:6:12",
        "a.yaml:12:17",
        "b.yaml:30:14",
        "b.yaml:33:10",
        "c.yaml:1:1",
    ]


def test_an_id_is_used_once_over_all_files(write: Write, good: str):
    found = faults(write(good, "a.yaml"), write(good.replace("Q2", "Q9"), "b.yaml"))
    assert found == [
        "b.yaml:4:9: the id 'opening-handshake' is already used at a.yaml:4; each id is used once over all files",
        "b.yaml:33:10: the id 'which-port-has-wss' is already used at a.yaml:33; each id is used once over all files",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "1:1: the file is empty; it begins with 'section:' and 'entries:'"),
        (b"# nothing\n", "1:1: the file is empty; it begins with 'section:' and 'entries:'"),
        (b"- a\n", "1:1: keys and values are wanted here, not a list; they are section, entries"),
        (b"section: \xc3\x28\n", "1:10: byte 9 (0xC3) is not UTF-8; save the file as UTF-8"),
        (b"section: x\n\nentries: \xff\n", "3:10: byte 21 (0xFF) is not UTF-8; save the file as UTF-8"),
        ("section: x".encode("utf-16"), "1:1: byte 0 (0xFF) is not UTF-8; save the file as UTF-8"),
        (b"section: a\0b\n", "1:11: the character U+0000 is not text; remove it"),
        (b"[" * 100, "1:17: lists and mappings are nested deeper than 16; the schema needs 6"),
        (b"- " * 100_000, "1:33: lists and mappings are nested deeper than 16; the schema needs 6"),
        (b"[" * 100_000, "1:"),
        (b'{"a":' * 100, "1:81: lists and mappings are nested deeper than 16; the schema needs 6"),
        (b"- a\n" * 150_000, "100000:3: the file has more than 100,000 values; split it"),
        (b"section: x\nentries: []\n", "2:10: the list has 0 items; it takes at least 1"),
        (
            b'section: "a\n',
            "2:1: this is not YAML: found unexpected end of stream while scanning a quoted scalar; close the quotes",
        ),
        (b"%YAML 9.9\n---\na: b\n", "1:1: this is not YAML"),
    ],
    ids=range(15),
)
def test_files_that_are_no_section(write: Write, content: bytes, expected: str):
    found = faults(write(content))
    assert found[0].startswith(f"questions.yaml:{expected}"), found


def test_an_alias_bomb_is_not_expanded(write: Write):
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    (fault,) = faults(write("\n".join(lines)))
    assert fault == "questions.yaml:1:5: '&a0' is a YAML anchor; write the text out, or quote it"


def test_too_many_entries(write: Write):
    entry = "  - {ask: Q%d, answers: [a], explain: b, sources: [c]}\n"
    found = faults(write("section: x\nentries:\n" + "".join(entry % number for number in range(1001))))
    assert found == ["questions.yaml:3:3: the list has more than 1000 entries; split the file"]


def test_a_file_of_50_mb_is_refused(tmp_path: Path):
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert faults(path) == ["big.yaml:0:0: the file has 50,000,000 bytes; at most 2,000,000 are read"]


def test_what_is_not_a_file(tmp_path: Path):
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    assert faults(tmp_path) == [
        "folder.yaml:0:0: cannot be read (Is a directory); give a YAML file or a folder of them",
        "loop.yaml:0:0: cannot be read (Too many levels of symbolic links); give a YAML file or a folder of them",
        "pipe.yaml:0:0: this is not a file; give a YAML file or a folder of them",
    ]


def test_paths_that_lead_nowhere(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert faults(tmp_path / "empty") == [
        "empty:0:0: no question files are in this folder; their names end in .yaml or .yml"
    ]
    assert "No such file or directory" in faults(tmp_path / "none.yaml")[0]
    assert "null byte" in faults(Path("a\0b"))[0]


def test_a_fault_is_one_line_whatever_the_file_is_called(write: Write):
    path = write("", "a\nb\x1b[31m.yaml")
    with pytest.raises(bank.BankError) as caught:
        bank.load([path])
    assert "a\\nb\\x1b[31m.yaml:1:1: " in str(caught.value.faults[0])


def test_a_byte_order_mark_is_no_fault(write: Write, good: str):
    assert bank.load([write(b"\xef\xbb\xbf" + good.encode())]).questions


def test_carriage_returns_are_line_ends(write: Write, good: str):
    loaded = bank.load([write(good.replace("\n", "\r\n"))])
    assert loaded == bank.load([write(good, "unix.yaml")])


def test_files_of_a_folder_come_in_the_order_of_their_names(write: Write, good: str, tmp_path: Path):
    other = textwrap.dedent("""\
        section: First
        entries:
          - {ask: One?, answers: ['1'], explain: x, sources: [y]}
        """)
    write(good, "bank/b.yaml")
    write(other, "bank/a.yml")
    write("ignored", "bank/notes.txt")
    assert [section.title for section in bank.load([tmp_path / "bank"]).sections] == ["First", "Most asked"]


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_no_bytes_raise_anything_but_a_bank_error(
    tmp_path_factory: pytest.TempPathFactory, good: str, loader: str, monkeypatch: pytest.MonkeyPatch
):
    if loader == "SafeLoader":  # as where PyYAML was built without libyaml
        monkeypatch.delattr(yaml, "CSafeLoader")
    path = tmp_path_factory.mktemp("fuzz") / "fuzz.yaml"

    def survives(data: bytes) -> None:
        path.write_bytes(data)
        try:
            bank.load([path])
        except bank.BankError as error:
            assert error.faults
            assert all(len(str(fault).splitlines()) == 1 for fault in error.faults)

    @settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=200))
    def any_bytes(data: bytes) -> None:
        survives(data)

    @settings(max_examples=examples(80), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def a_good_file_with_a_piece_replaced(data: st.DataObject) -> None:
        valid = good.encode()
        start = data.draw(st.integers(0, len(valid)))
        stop = data.draw(st.integers(start, min(len(valid), start + 40)))
        piece = data.draw(st.binary(max_size=8) | st.sampled_from(YAML_PIECES))
        survives(valid[:start] + piece + valid[stop:])

    @settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
    @given(st.text(alphabet="ab:- \n[]{}#&*!|>'\"%@`?,~\t", max_size=80))
    def yaml_like(text: str) -> None:
        survives(f"section: {text}\nentries: {text}".encode())

    any_bytes()
    a_good_file_with_a_piece_replaced()
    yaml_like()


YAML_PIECES = [
    b"[", b"]", b"{", b"}", b": ", b"- ", b"&a ", b"*a ", b"!!int ", b"!!binary ", b"? ", b"|\n", b">", b"'", b'"',
    b"\t", b"#", b"---\n", b"...\n", b"<<: ", b"null", b"~", b"9" * 5000, b"-1", b"\xff", b"\0", b'"\\ud800"',
    b'"\\U00110000"', b'"\\x00"', "\u2028".encode(), "\ufeff".encode(), b"%YAML 1.1\n", b"\r",
]  # fmt: skip
