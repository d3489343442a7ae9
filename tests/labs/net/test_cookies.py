"""What a client keeps of Set-Cookie."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labs.net.cookies import CookieJar


def jar(*lines: str) -> CookieJar:
    kept = CookieJar()
    kept.keep(lines, 0.0)
    return kept


def test_name_and_value_are_sent_attributes_are_not():
    assert jar("node=a1.sig; Path=/; HttpOnly; SameSite=Lax", "x=1").header(1.0) == "node=a1.sig; x=1"


def test_the_latest_counts():
    kept = jar("node=a", "node=b")
    kept.keep(["node=c"], 1.0)
    assert kept.header(1.0) == "node=c"


def test_a_cookie_ends_with_its_age():
    kept = jar("node=a; Max-Age=10")
    assert (kept.header(9.9), kept.header(10.0)) == ("node=a", "")
    kept.keep(["node=a"], 11.0)
    kept.keep(["node=; Max-Age=0"], 12.0)
    assert kept.header(12.0) == ""


def test_what_is_kept_is_bounded():
    kept = jar(*(f"c{number}=x" for number in range(500)), "big=" + "x" * 5000)
    assert kept.header(0.0).count("=") == 50
    assert "c499=x" in kept.header(0.0)


@given(st.lists(st.text(max_size=60), max_size=5))
def test_garbage_is_passed_over(lines):
    assert "\n" not in jar(*lines).header(0.0)
