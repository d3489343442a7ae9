"""What a destination is, and what a pattern matches, at a cost that no pattern can raise."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.broker.destinations import Kind, compile_pattern, kind_of


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        ("/topic/a", Kind.TOPIC), ("/queue/a/b", Kind.QUEUE), ("/app/a", Kind.APP), ("/user/a", Kind.USER),
        ("/topic/", Kind.NONE), ("/topic", Kind.NONE), ("topic/a", Kind.NONE), ("/Topic/a", Kind.NONE), ("", Kind.NONE),
        ("/", Kind.NONE), ("//", Kind.NONE), ("/topics/a", Kind.NONE), ("/topic//", Kind.TOPIC),
    ],
)  # fmt: skip
def test_kinds(destination: str, kind: Kind):
    assert kind_of(destination) is kind


@pytest.mark.parametrize(
    ("pattern", "matched", "not_matched"),
    [
        ("/topic/*", ["/topic/a", "/topic/"], ["/topic", "/topic/a/b", "/topica", "/queue/a"]),
        ("/topic/**", ["/topic/a", "/topic/a/b", "/topic", "/topic/a/"], ["/topics/a", "/queue/a"]),
        ("/topic/**/x", ["/topic/x", "/topic/a/x", "/topic/a/x/x"], ["/topic/ax", "/topic/x/a"]),
        ("/topic/*/x", ["/topic/a/x"], ["/topic/x", "/topic/a/b/x"]),
        ("/topic/price.*", ["/topic/price.a", "/topic/price."], ["/topic/price/a", "/topic/pricea"]),
        ("/topic/a*b*c", ["/topic/abc", "/topic/aXbYbZc"], ["/topic/ab", "/topic/ab/c"]),
        ("/topic/**/a*/c", ["/topic/ab/ac/c", "/topic/a/c"], ["/topic/ab/b/c"]),
        ("/topic/[a-z].+", ["/topic/[a-z].+"], ["/topic/b.+"]),
    ],
)
def test_patterns(pattern: str, matched: list[str], not_matched: list[str]):
    compiled = compile_pattern(pattern)
    for each in matched:
        assert compiled.fullmatch(each), each
    for each in not_matched:
        assert not compiled.fullmatch(each), each


def by_the_book(pattern: list[str], segments: list[str]) -> bool:
    """The plainest definition, exponential where it must be."""
    if not pattern:
        return not segments
    first, *rest = pattern
    if first == "**":
        return any(by_the_book(rest, segments[count:]) for count in range(len(segments) + 1))
    if not segments:
        return False
    one = re.escape(first).replace(r"\*", "[^/]*")
    return bool(re.fullmatch(one, segments[0], re.DOTALL)) and by_the_book(rest, segments[1:])


segments = st.lists(st.sampled_from(["a", "b", "ab", "", "ba\n"]), min_size=1, max_size=6)
patterns = st.lists(st.sampled_from(["a", "b", "*", "**", "a*", "*b", "a*b", "*a*"]), min_size=1, max_size=5)


@given(patterns, segments)
def test_patterns_by_the_book(pattern: list[str], path: list[str]):
    compiled = compile_pattern("/" + "/".join(pattern))
    assert bool(compiled.fullmatch("/" + "/".join(path))) == by_the_book(pattern, path)


def test_no_pattern_is_expensive():
    began = time.perf_counter()
    for pattern in ("/topic" + "/**/a*b*c" * 8 + "/z", "/topic/" + "*a" * 16 + "b", "/topic" + "/**/*" * 8 + "/z"):
        compile_pattern(pattern).fullmatch("/topic" + "/aabbc" * 170)
        compile_pattern(pattern).fullmatch("/topic/" + "a" * 1000)
    assert time.perf_counter() - began < 2, "milliseconds, and hours if it gave back what it found"
