"""Byte drills: the options differ, one is right, the bytes say it, the mistakes are named, none comes twice."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.wire.frames import FrameDecoder, mask
from tutor.study.drills import KINDS, Drills, Kind
from tutor.study.drills.drill import Mismatch, must
from tutor.study.drills.stomp import broken_rule
from tutor.study.drills.typed import UNKNOWN, TypedError, hint, judge

TYPED: tuple[Kind, ...] = tuple(kind for kind in KINDS if hint(kind))
SEEDS = st.integers(0, 2**64)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_options_are_distinct_one_is_right_and_every_mistake_has_a_name(kind: Kind, seed: int):
    drill = Drills(random.Random(seed)).next([kind])
    texts = [option.text for option in drill.options]
    assert 3 <= len(texts) == len(set(texts)) <= 4
    assert [option.right for option in drill.options].count(True) == 1
    assert drill.options[drill.right_place].right
    assert all(option.mistake for option in drill.options if not option.right)
    assert drill.ask and drill.shown and drill.why and drill.data


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_what_is_right_follows_from_the_bytes(seed: int):
    drills = Drills(random.Random(seed))
    drill = drills.next(["unmask"])
    frame = FrameDecoder().feed(drill.data)[0].frame
    assert drill.options[drill.right_place].text == frame.payload.hex(" ")
    shifted = frame.mask_key[1:] + frame.mask_key[:1] if frame.mask_key else b""
    for option in drill.options:
        if "off by one" in option.mistake:
            assert bytes.fromhex(option.text) == mask(drill.data[6:], shifted)

    drill = drills.next(["close"])
    frame = FrameDecoder().feed(drill.data)[0].frame
    assert drill.options[drill.right_place].text.startswith(f"{int.from_bytes(frame.payload[:2], 'big')} ")

    drill = drills.next(["length"])
    form = {126: slice(2, 4), 127: slice(2, 10)}[drill.data[1] & 0x7F]
    assert drill.options[drill.right_place].text == f"{int.from_bytes(drill.data[form], 'big')} bytes"


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_only_the_right_order_keeps_all_rules(seed: int):
    drill = Drills(random.Random(seed)).next(["stomp-order"])
    for option in drill.options:
        assert broken_rule(option.text.split(" → ")) == option.mistake


def test_never_the_same_twice_and_every_kind_comes():
    drills = Drills(random.Random(7))
    made = [drills.next() for _ in range(400)]
    assert len({(drill.kind, drill.shown) for drill in made}) == len(made)
    assert {drill.kind for drill in made} == set(KINDS)


def test_the_same_seed_makes_the_same_drills():
    one, other = Drills(random.Random(3)), Drills(random.Random(3))
    assert [one.next() for _ in range(20)] == [other.next() for _ in range(20)]


def test_bytes_that_do_not_say_what_was_built_are_refused():
    with pytest.raises(Mismatch):
        must(1, 2)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_what_is_typed_is_read_for_what_it_means(seed: int):
    drills = Drills(random.Random(seed))
    for kind in TYPED:
        drill = drills.next([kind])
        right = drill.options[drill.right_place].text
        assert all(judge(drill, typed).right for typed in _spellings(kind, right))
        for mistake in drill.mistakes:
            judged = judge(drill, mistake.text)
            same_code = kind == "close" and mistake.text.split()[0] == right.split()[0]
            assert judged.right if same_code else judged.mistake == mistake.mistake


@pytest.mark.parametrize("kind", TYPED)
def test_what_cannot_be_an_answer_is_refused_and_what_no_mistake_gives_is_wrong(kind: Kind):
    drill = Drills(random.Random(4)).next([kind])
    with pytest.raises(TypedError):
        judge(drill, "   " if kind == "unmask" else "no way")
    assert judge(drill, "987654321").mistake == UNKNOWN


def _spellings(kind: Kind, right: str) -> list[str]:
    """Ways to write the right answer."""
    first = right.split(maxsplit=1)[0]
    if kind == "length":
        return [right, first, f"{int(first):,}", hex(int(first))]
    if kind == "unmask":
        text = bytes.fromhex(right).decode()
        return [right.upper(), "0x" + right.replace(" ", ", 0x"), right.replace(" ", "\n"), text, f'"{text}"']
    return [right, first] if kind == "close" else [right, f"Sec-WebSocket-Accept: {right}"]
