"""What is set on the server's command line: settings and rules, and what is said of those that cannot be."""

from __future__ import annotations

import pytest

from labs.broker import Behaviour, BrokerConfig, Limits, Rule, as_spring, behaving
from labs.net.knobs import SettingError, described, read_rule, read_settings
from labs.net.serve import SETTINGS


def test_settings_are_read_by_the_type_of_their_field() -> None:
    values = read_settings(["tries=3", "slow-consumer=coalesce", "compression=off", "queue-seconds=0.5"], *SETTINGS)
    assert values[Limits] == {"tries": 3, "queue_seconds": 0.5}
    assert values[Behaviour] == {"slow_consumer": "coalesce"}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("tries", "NAME=VALUE"),
        ("trys=1", "did you mean tries?"),
        ("tries=-1", "a whole number"),
        ("tries=1.5", "a whole number"),
        ("queue-seconds=inf", "a number, 0 or more"),
        ("slow-consumer=wait", "coalesce, drop-oldest, disconnect"),
    ],
)
def test_a_setting_that_cannot_be_is_told_what_could(setting: str, words: str) -> None:
    with pytest.raises(SettingError, match=words.replace("?", r"\?")):
        read_settings([setting], *SETTINGS)


def test_every_setting_is_described_with_its_default_and_close_code() -> None:
    lines = list(described(*SETTINGS))
    assert any(line.startswith("body=4194304 ") and line.endswith("; 1009") for line in lines)
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_what_is_chosen_goes_before_what_spring_does() -> None:
    spring = behaving(as_spring(BrokerConfig()), {"heart_beat_send": 500, "slow_consumer": "coalesce"})
    assert (spring.heart_beat, spring.tolerance, spring.slow) == ((500, 10_000), 3.0, "coalesce")
    assert behaving(BrokerConfig(), {}) == BrokerConfig()


def test_rules() -> None:
    assert read_rule("allow SEND /topic/prices/** ann,bob") == Rule(
        "SEND", "/topic/prices/**", True, frozenset({"ann", "bob"})
    )
    assert read_rule("deny any /topic/admin") == Rule("any", "/topic/admin", False)


@pytest.mark.parametrize(
    "rule", ["", "deny", "deny any", "deny READ /topic/a", "no any /a", "deny any a", "deny any /a b c"]
)
def test_a_rule_that_cannot_be_is_told_how_it_reads(rule: str) -> None:
    with pytest.raises(SettingError, match="it reads allow"):
        read_rule(rule)
