"""SUBSCRIBE with last-seen: what was missed, then what is new, without a gap, a repeat or another order."""

from __future__ import annotations

import pytest

from tests.labs.broker.world import Client, World, config


def numbers(client: Client) -> list[int]:
    frames, client.inbox = client.inbox, []
    return [int(frame.get("sequence") or 0) for frame in frames]


def published(count: int, **limits: object) -> tuple[World, Client, Client]:
    world = World(config(**limits))
    writer, reader = world.client(), world.client()
    for number in range(1, count + 1):
        writer.publish("/topic/a", str(number))
    return world, writer, reader


@pytest.mark.parametrize(("last_seen", "missed"), [(0, [1, 2, 3, 4, 5]), (3, [4, 5]), (5, [])])
@pytest.mark.parametrize("ack", ["auto", "client"])
def test_what_is_newer_comes_then_what_is_new(last_seen: int, missed: list[int], ack: str):
    _, writer, reader = published(5)
    reader.subscribe("/topic/a", "s", ack, last_seen=last_seen)
    writer.publish("/topic/a", "6")
    assert reader.inbox[-1].get("subscription") == "s"
    assert numbers(reader) == [*missed, 6]


def test_who_gets_much_at_once_is_not_too_slow_for_it():
    _, writer, reader = published(5, unacknowledged=3)
    reader.subscribe("/topic/a", ack="client", last_seen=0)
    for number in (6, 7, 8):
        writer.publish("/topic/a", str(number))
    assert numbers(reader) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_without_last_seen_nothing_is_replayed():
    _, writer, reader = published(5)
    reader.subscribe("/topic/a")
    writer.publish("/topic/a", "6")
    assert numbers(reader) == [6]


def test_the_receipt_comes_behind_the_replay():
    _, _, reader = published(2)
    reader.subscribe("/topic/a", last_seen=0, receipt="r")
    assert [frame.command for frame in reader.inbox] == ["MESSAGE", "MESSAGE", "RECEIPT"]


@pytest.mark.parametrize(
    ("limits", "first"),
    [({"replay_messages": 3}, 8), ({"replay_bytes": 650}, 8), ({"replay_stored": 650}, 8)],
)
def test_a_cursor_older_than_the_buffer_is_told_so(limits: dict[str, int], first: int):
    _, writer, reader = published(10, **limits)
    reader.subscribe("/topic/a", last_seen=2)
    gap = reader.take("MESSAGE")
    kept = numbers(reader)
    if limits.get("replay_stored"):
        assert len(kept) <= 3
    else:
        assert kept == list(range(first, 11))
    begins = kept[0] if kept else 11
    assert gap.get("replay-gap") == f"3-{begins - 1}"
    assert (gap.body, gap.get("sequence")) == (b"", None)
    writer.publish("/topic/a", "x")
    assert numbers(reader) == [11]


def test_what_is_too_old_is_gone_and_told():
    world, writer, reader = published(3, replay_seconds=10.0)
    world.wait(11)
    writer.publish("/topic/a", "4")
    reader.subscribe("/topic/a", last_seen=1)
    assert reader.take("MESSAGE").get("replay-gap") == "2-3"
    assert numbers(reader) == [4]


def test_nothing_is_kept_for_ever():
    world, _, reader = published(3, replay_seconds=10.0)
    world.wait(30)
    assert world.broker.next_deadline() == float("inf")
    reader.subscribe("/topic/a", last_seen=1)
    assert reader.take("MESSAGE").get("replay-gap") == "2-3"


def test_a_cursor_of_another_history_is_told_so():
    _, _, reader = published(3)
    reader.subscribe("/topic/a", last_seen=99)
    assert reader.take("MESSAGE").get("replay-gap") == "100-3"
    assert numbers(reader) == [1, 2, 3]


def test_what_is_kept_of_all_topics_is_bounded():
    world = World(config(replay_stored=5000))
    client = world.client()
    for number in range(100):
        client.publish(f"/topic/{number}", "x" * 100)
    assert world.broker._exchange.topics._stored <= 5000
    client.subscribe("/topic/99", last_seen=0)
    assert numbers(client) == [1]


def test_a_client_that_comes_back_again_and_again_misses_and_repeats_nothing():
    world = World()
    writer = world.client()
    seen: list[int] = []
    sent = 0
    for turn in range(20):
        reader = world.client()
        reader.subscribe("/topic/a", last_seen=seen[-1] if seen else 0)
        for _ in range(turn % 4):
            writer.publish("/topic/a", "x")
            sent += 1
        seen += numbers(reader)
        reader.lose()
        for _ in range(turn % 3):
            writer.publish("/topic/a", "x")
            sent += 1
    reader = world.client()
    reader.subscribe("/topic/a", last_seen=seen[-1])
    seen += numbers(reader)
    assert seen == list(range(1, sent + 1))
