"""The filter of the messages, on the messages of a real exchange."""

from __future__ import annotations

import pytest

from tests.tutor.ui.lab_tape import frames, model_of, opening
from tutor.ui.message_filter import FilterError, parse

# 1 GET, 2 101, 3 text (client), 4 ping (server), 5 pong (client), 6 close (client), 7 close (server)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7]),
        ("op:ping", [4]),
        ("op=0x9", [4]),
        ("OP:Ping", [4]),
        ("op:close from:client", [6]),
        ("from:server -op:close proto:ws", [4]),
        ("proto:http", [1, 2]),
        ("len>125", [1, 2]),
        ("len<=1 proto:ws", [4, 5]),
        ("len=5", [3]),
        ("-len<100", [1, 2]),
        ("masked:yes", [3, 5, 6]),
        ("masked:no", [4, 7]),
        ("is:control", [4, 5, 6, 7]),
        ("is:data", [3]),
        ("is:problem", []),
        ("to:server conn:c1 is:control", [5, 6]),
        ("hello", [3]),
        ("-hello proto:ws is:data", []),
        ("switching protocols", [2]),
    ],
)
def test_what_passes(text: str, numbers: list[int]) -> None:
    passes = parse(text)
    assert [row.number for row in model_of(*opening(), *frames()).rows if passes(row.message)] == numbers


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("op:pong x:1", "no such key 'x'"),
        ("op:hello", "no such opcode"),
        ("op>3", "takes : or ="),
        ("len>many", "not a number of octets"),
        ("masked:perhaps", "yes or no"),
        ("is:nice", "problem, control, data"),
    ],
)
def test_what_means_nothing_is_said(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=says):
        parse(text)
