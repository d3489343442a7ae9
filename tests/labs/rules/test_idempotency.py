"""The keys that took effect, against a list of everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labs.rules.idempotency import SeenKeys

steps = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 12).map(str), st.floats(0, 4), st.booleans()), max_size=60
)


@given(steps)
def test_a_key_is_seen_when_it_is_among_its_owners_latest_and_not_too_old(steps):
    keys = SeenKeys(each=5, total=1000, age=10.0)
    now, remembered = 0.0, []
    for owner, key, pause, again in steps:
        now += pause
        own = [entry for entry in remembered if entry[0] == owner][-5:]
        expected = any(entry[1] == key and now - entry[2] <= 10.0 for entry in own)
        assert keys.seen(owner, key, now) == expected
        if again or not expected:
            remembered = [entry for entry in remembered if entry[:2] != (owner, key)] + [(owner, key, now)]
            keys.remember(owner, key, now)


@given(st.lists(st.tuples(st.integers(0, 30).map(str), st.integers(0, 9).map(str)), min_size=1, max_size=200))
def test_what_is_kept_is_bounded_and_counted(entries):
    keys = SeenKeys(each=5, total=20, age=10.0)
    for owner, key in entries:
        keys.remember(owner, key, 0.0)
        assert keys.size == sum(map(len, keys._owners.values())) <= 20
    assert keys.seen(*entries[-1], 0.0)


def test_one_owners_flood_forgets_nobody_else():
    keys = SeenKeys(each=5, total=20, age=10.0)
    keys.remember("quiet", "k", 0.0)
    for number in range(1000):
        keys.remember("loud", str(number), 0.0)
    assert keys.seen("quiet", "k", 0.0)
    assert not keys.seen("loud", "994", 0.0)
    assert keys.seen("loud", "995", 0.0)
