"""`ws-tutor quiz` and `progress` as their user meets them: lines in, lines out, everything answered is kept."""

import io
import json
import sys
from pathlib import Path

import pytest

from labs.catalog import LABS
from tutor import cli

Capture = pytest.CaptureFixture[str]
BANK = """\
section: One
entries:
  - ref: Q1
    id: one
    ask: What is one?
    level: core
    answer: The first.
    depth: Deeper.
    key_points: [{text: said first, critical: true}, {text: said more}]
    follow_ups: [{ask: And two?, answer: The second.}]
    choices: [{ask: Which?, options: [{text: a, correct: true}, {text: b, why: not b}]}]
    sources: [x]
  - {ref: R1, id: fact-one, ask: Which number?, answers: ["1,000"], explain: So it is., sources: [x]}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_TUTOR_HOME", str(tmp_path / "home"))
    (tmp_path / "mine.yaml").write_text(BANK)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    def run(typed: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), write_through=True))
        status = cli.main(["--bank", str(tmp_path / "mine.yaml"), *arguments])
        out = sys.stdout.buffer.getvalue().decode()  # type: ignore[attr-defined]
        return status, out, capsys.readouterr().err

    return run


def reviews(run) -> list[dict[str, object]]:
    return json.loads(run("", "progress", "export", "-")[1])["reviews"]


def test_a_drill_by_lines(run):
    status, out, err = run("3\n1\nm\n\n\n", "quiz")
    assert status == 0 and err.startswith("ws-tutor: no interview date is set") and err.count("\n") == 1
    assert "What is one?" in out and "The first." in out and "Deeper." in out and "Enter takes 3 good" not in out
    (kept,) = reviews(run)
    assert (kept["card"], kept["rating"], kept["confidence"], kept["missed"]) == ("one", 2, 3, ["said more"])


def test_undo_across_the_last_card(run):
    assert run("2\n\n1\nu\n4\n\n", "quiz")[0] == 0
    assert [kept["rating"] for kept in reviews(run)] == [4]


@pytest.mark.parametrize("typed", ["", "q\n", "1\nq\n"])
def test_leaving_half_way_is_no_error(run, typed: str):
    status, out, _ = run(typed, "quiz")
    assert status == 0 and "Left" in out and reviews(run) == []


def test_rapid_fire_comes_back_to_what_was_wrong(run):
    status, out, _ = run("nine\n1000\n", "quiz", "--mode", "rapid")
    assert status == 0 and "No: 1,000." in out and "Right." in out and "0 of 1 right at once." in out


def test_choices_say_why(run):
    status, out, _ = run("9\n1\n", "quiz", "--mode", "choices")
    assert status == 0 and "not b" in out and "It takes a number from 1 to 2." in out


def test_bytes(run):
    status, out, _ = run("1\n1\n1\n", "quiz", "--mode", "bytes", "--count", "3")
    assert status == 0 and " of 3 right." in out and len(reviews(run)) == 3


def test_what_is_not_understood_is_asked_again(run):
    status, out, _ = run("9\n3\n1 2\n7\nm\n\n\n", "quiz")
    assert status == 0 and "It takes u, 1, 2, 3 or Enter." in out and "It takes 1, 2, 3, 4, m or Enter." in out
    assert [kept["rating"] for kept in reviews(run)] == [3]


def test_byte_drills_can_be_typed(run):
    status, out, _ = run("zz\n" * 3 + "1\n" * 40, "quiz", "--mode", "bytes", "--count", "30")
    assert status == 0 and ", or type" in out and " of 30 right." in out


def test_a_mock_interview_with_a_report(run, tmp_path: Path):
    report = tmp_path / "report.md"
    status, out, _ = run("my notes\n2\n1\n\n\n", "quiz", "--mode", "mock", "--report", str(report))
    assert status == 0 and "The second." in out
    assert "> my notes" in report.read_text() and "By level" in out
    status, _, err = run("n\n2\n1\n\n\n", "quiz", "--mode", "mock", "--report", str(tmp_path / "no" / "r.md"))
    assert status == 2 and err.splitlines()[-1].startswith("ws-tutor: cannot write ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["quiz", "--count", "0"],
        ["quiz", "--mode", "mock", "--minutes", "5"],
        ["quiz", "--mode", "mock", "--mix", "core"],
        ["quiz", "--mode", "nonsense"],
        ["progress", "--interview", "soon"],
        ["progress", "--interview", "2001-01-01"],
        ["progress", "--minutes", "many"],
        ["progress", "import", "no-such-file"],
        ["progress", "import", "mine.yaml"],
        ["progress", "export", "no/such/folder/x.json"],
        ["export", "anki", "no/such/folder/x.apkg"],
    ],
)
def test_what_cannot_be_done_is_one_line(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]):
    monkeypatch.chdir(tmp_path)
    try:
        status, out, err = run("", *arguments)
    except SystemExit as ended:
        assert ended.code == 2
        return
    assert status == 2 and out == "" and err.count("\n") == 1 and err.startswith("ws-tutor: ")


def test_progress_in_words_and_as_json(run, tmp_path: Path):
    run("3\n1 2\n\n", "quiz")
    status, out, _ = run("", "progress", "--interview", "2999-01-01", "--minutes", "30")
    assert status == 0 and "on 2999-01-01" in out and "certain: 1 of 1" in out and "Lab to run: " in out
    assert run("", "quiz", "--mode", "choices")[2] == ""
    figures = json.loads(run("", "progress", "--json")[1])
    assert figures["interview"] == "2999-01-01" and figures["coverage"][0]["answered"] == ["one"]
    assert figures["heat"][0]["answers"] == 1
    assert figures["goal"] == {"is_set": True, "minutes_a_day": 30, "days_left": figures["goal"]["days_left"]}
    assert figures["calibration"][2] == {"confidence": 3, "name": "certain", "right": 1, "of": 1, "missed": []}
    assert {lab["lab"] for lab in figures["labs"]} == {lab.name for lab in LABS} and figures["labs"][0]["runs"] == []
    assert figures["plan"]["lab"] and figures["plan"]["unseen"] == 1 and figures["forecast"][-1]["day"] == "2999-01-01"
    assert (figures["weakest"][0]["card"], figures["predictions"], figures["mocks"], figures["bytes"]) == (
        "one",
        [],
        [],
        [],
    )


def test_a_backup_goes_round(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run("3\n1 2\n\n", "quiz")
    file = str(tmp_path / "backup.json")
    assert run("", "progress", "export", file)[0] == 0
    monkeypatch.setenv("WS_TUTOR_HOME", str(tmp_path / "elsewhere"))
    status, _, err = run("", "progress", "import", file)
    assert status == 0 and err.startswith("1 review")
    assert run("", "progress", "export", "-")[1] == Path(file).read_text()


def test_anki(run, tmp_path: Path):
    status, _, err = run("", "export", "anki", str(tmp_path / "cards.apkg"))
    assert status == 0 and "2 notes" in err and (tmp_path / "cards.apkg").stat().st_size > 1000
