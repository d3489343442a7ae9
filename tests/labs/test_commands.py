"""Commands to a running lab: read, checked, refused with what would be right."""

import pytest

from labs.commands import CommandError, GiveAnswer, Inject, Next, Stop, Turn, check_answer, parse_command
from labs.tape import Predict


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ('{"do": "answer", "id": "p", "value": [1]}', GiveAnswer("p", [1])),
        ('{"do": "next"}', Next()),
        ('{"do": "fault", "id": "kill", "target": "server"}', Inject("kill", "server")),
        ('{"do": "set", "knob": "k", "value": "x"}', Turn("k", "x")),
        ('{"do": "set", "knob": "k", "value": true}', Turn("k", "on")),
        ('{"do": "set", "knob": "k", "value": 2.5}', Turn("k", "2.5")),
        ('{"do": "stop", "why": "later versions may say"}', Stop()),
    ],
)
def test_commands_are_read(line: str, command: object) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "not JSON"),
        ("next", "not JSON"),
        ("[" * 100_000, "a command of 100000 characters"),
        ("[" * 60_000, "not JSON"),
        ('"next"', "no such command: null"),
        ('{"do": "dance"}', 'no such command: "dance"; there are answer, next, fault, set, stop'),
        ('{"do": {}}', "no such command: {}"),
        ('{"do": "answer", "id": "p"}', "answer has no value; it takes id and value"),
        ('{"do": "answer", "id": 5, "value": 1}', "answer.id is 5; it takes a string"),
        ('{"do": "answer", "id": "\\ud800", "value": 1}', "not JSON"),
        ('{"do": "set", "knob": "k", "value": []}', "set.value is []; it takes a string or a number"),
    ],
)
def test_anything_else_is_refused(line: str, says: str) -> None:
    with pytest.raises(CommandError) as refusal:
        parse_command(line)
    assert says in str(refusal.value)


def asked(form: str) -> Predict:
    return Predict(t=0, id="p", ask="?", form=form, options=["a", "b"] if form in ("choice", "order") else [])


@pytest.mark.parametrize(
    ("form", "value", "taken"),
    [
        ("choice", "b", "b"),
        ("number", 28, 28),
        ("number", -1.5, -1.5),
        ("order", ["b", "a"], ["b", "a"]),
        ("bytes", "81 8A", "818a"),
    ],
)
def test_an_answer_has_the_form_that_was_asked_for(form: str, value: object, taken: object) -> None:
    assert check_answer(asked(form), value) == taken


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("choice", "c"), ("choice", 1), ("choice", ["a"]), ("choice", {}), ("number", "28"), ("number", True),
        ("number", float("nan")), ("number", 1e300), ("number", 10**400), ("order", ["a"]), ("order", ["a", "a"]),
        ("order", "ab"), ("order", [["a"], "b"]), ("bytes", "8"), ("bytes", "xy"), ("bytes", ""), ("bytes", 81),
        ("bytes", "00" * 5000),
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_refused(form: str, value: object) -> None:
    with pytest.raises(CommandError, match="p is answered by"):
        check_answer(asked(form), value)
