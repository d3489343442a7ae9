"""Knobs take what they say they take; the catalogue is whole."""

import importlib

import pytest

from labs.catalog import LABS, find
from labs.lab import Knob, KnobError


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_every_lab_of_the_catalogue_is_there(lab) -> None:
    scenario = importlib.import_module(lab.module)
    assert set(scenario.VERDICTS) == set(lab.verdicts)
    assert find(lab.name) is lab
    for knob in lab.knobs:
        knob.parse(knob.default)
        assert lab.knob(knob.name) is knob
    with pytest.raises(KnobError, match="no such knob; it has"):
        lab.knob("colour")


@pytest.mark.parametrize(
    ("lab", "knob", "value"),
    [
        ("handshake", "path", "echo"), ("handshake", "path", "/a b"), ("handshake", "path", "/ä"),
        ("handshake", "path", "/\r\nHost: evil"), ("handshake", "path", "/" + "x" * 5000),
        ("handshake", "origin", "http://a\r\nX: y"), ("handshake", "origin", "two words"),
        ("handshake", "subprotocols", "a(b)"), ("handshake", "version", "13\n"), ("handshake", "key", "a\tb"),
        ("handshake", "client", "robot"), ("handshake", "compression", "maybe"), ("masking", "key", "Random"),
        ("masking", "payload", "\x1b[2J"), ("masking", "payload", "\udcff"),
    ],
)  # fmt: skip
def test_values_that_would_break_the_wire_or_the_terminal_are_refused(lab: str, knob: str, value: str) -> None:
    with pytest.raises(KnobError) as refusal:
        find(lab).knob(knob).parse(value)
    assert str(refusal.value).startswith(knob)
    assert str(refusal.value).isprintable()
    assert "it takes" in str(refusal.value)


def test_a_number_keeps_to_its_range() -> None:
    knob = Knob("n", "number", "1", "", low=0, high=10)
    assert knob.parse("2.5") == 2.5
    for bad in ("11", "-1", "nan", "x", ""):
        with pytest.raises(KnobError, match="a number from 0 to 10"):
            knob.parse(bad)
