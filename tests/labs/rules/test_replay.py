"""The replay buffer, against a list of everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labs.rules.replay import Gap, ReplayBuffer


@given(
    st.lists(st.tuples(st.integers(1, 30), st.floats(0, 5)), max_size=40),
    st.integers(0, 50),
)
def test_what_is_newer_and_what_is_gone(items: list[tuple[int, float]], last_seen: int):
    buffer: ReplayBuffer[int] = ReplayBuffer(10, 100, 20.0)
    now, kept = 0.0, []
    for number, (size, pause) in enumerate(items, 1):
        now += pause
        buffer.append(number, number, size, now)
        kept.append((number, size, now))
        while len(kept) > 10 or sum(entry[1] for entry in kept) > 100 or now - kept[0][2] > 20.0:
            del kept[0]
    head = len(items)
    found, gap = buffer.since(last_seen, head, now)
    assert buffer.size == sum(entry[1] for entry in kept)
    if last_seen > head:
        assert gap == Gap(last_seen + 1, head)
        assert found == [entry[0] for entry in kept]
        return
    assert found == [entry[0] for entry in kept if entry[0] > last_seen]
    gone = list(range(last_seen + 1, found[0] if found else head + 1))
    assert gap == (Gap(gone[0], gone[-1]) if gone else None)


def test_nothing_older_than_its_age_is_given():
    buffer: ReplayBuffer[str] = ReplayBuffer(10, 100, 5.0)
    buffer.append(1, "a", 1, 0.0)
    assert buffer.since(0, 1, 5.0) == (["a"], None)
    assert buffer.since(0, 1, 5.1) == ([], Gap(1, 1))
    assert (len(buffer), buffer.size) == (0, 0)


def test_cleared():
    buffer: ReplayBuffer[str] = ReplayBuffer(10, 100, 5.0)
    buffer.append(1, "a", 1, 0.0)
    buffer.clear()
    assert (len(buffer), buffer.size) == (0, 0)
