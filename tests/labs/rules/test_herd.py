"""The crowd's arrivals: within their bounds, counted right, and flattened by full jitter alone."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from labs.rules.herd import JITTERS, arrivals, histogram, peak, waits

times = st.lists(st.floats(0, 5), max_size=60)


@given(st.sampled_from(JITTERS), st.floats(0, 60), st.floats(0, 1, exclude_max=True))
def test_waits_lie_within_their_bounds(jitter, ceiling, draw):
    seconds = waits(jitter, 3, ceiling, lambda: draw)
    low, high = {"none": (ceiling, ceiling), "second": (ceiling, ceiling + 1), "full": (0, ceiling)}[jitter]
    assert len(seconds) == 3
    assert all(low <= each <= high for each in seconds)


@given(times)
def test_the_peak_is_the_fullest_window(times):
    places = [time // 0.1 for time in times]
    assert peak(times) == max((places.count(place) for place in places), default=0)


@given(times)
def test_a_histogram_has_a_bar_for_each_window(times):
    bars = histogram(times, 5.0)
    assert len(bars) == 50
    assert bars.count("·") == 50 - len({int(time / 0.1) for time in times if time < 5.0})
    assert not times or max(times) >= 5.0 or "█" in bars


def test_only_full_jitter_flattens_later_attempts():
    """10,000 clients from a one-second base: with up to a second of jitter the crowd stays together."""
    draw = random.Random(11).random
    ceilings = [min(60.0, 2.0**attempt) for attempt in range(6)]
    peaks = {jitter: [peak(times) for times in arrivals(jitter, 10_000, ceilings, draw)] for jitter in JITTERS}
    assert peaks["none"] == [10_000] * 6
    assert peaks["second"][5] > 400
    assert peaks["full"][5] < 120
    assert peaks["full"] == sorted(peaks["full"], reverse=True)
