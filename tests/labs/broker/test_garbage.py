"""Whatever bytes come in: nothing raises, nothing hangs, nothing is left behind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from labs.broker.session import REQUIRED
from labs.wire.stomp import Version
from tests.effort import examples
from tests.labs.broker.world import World, config

pieces = st.sampled_from(
    [f"{command}\n".encode() for command in ("CONNECT", "DISCONNECT", *REQUIRED["1.2"])]
    + [
        b"id:1\n", b"id:2\n", b"transaction:1\n", b"ack:client\n", b"message-id:n0-1\n", b"subscription:1\n",
        b"destination:/queue/a\n", b"destination:/topic/*\n", b"destination:/user/queue/a\n", b"destination:/app/me\n",
        b"destination:/user/s1/queue/a\n", b"receipt:r\n", b"content-length:3\n", b"last-seen:1\n", b"\n", b"\0",
        b"\n\n\0", b"\n\n\0", b"abc", b"\r\n", b"\\c", b"\xff",
    ]
)  # fmt: skip
data = st.lists(pieces | st.binary(max_size=8), max_size=40).map(b"".join)
versions = st.sampled_from(["1.0", "1.1", "1.2"])


@settings(max_examples=examples(50))
@given(st.lists(st.tuples(st.integers(0, 2), data), max_size=8), st.lists(versions, min_size=3, max_size=3))
def test_garbage_never_raises_and_leaves_nothing(writes: list[tuple[int, bytes]], of: list[Version]):
    world = World(config(tries=2, unacknowledged=3))
    clients = [world.client(version) for version in of[:2]] + [world.open()]
    for index, each in writes:
        clients[index].write(each)
        world.wait(0.1)
    for client in clients:
        errors = [frame for frame in client.inbox if frame.command == "ERROR"]
        assert len(errors) <= 1
        assert not errors or client.closed is not None
        client.lose()
    counters = world.broker.counters
    assert (counters.sessions, counters.connected, counters.unacknowledged) == (0, 0, 0)
    assert not world.broker._sessions
    assert not world.broker._exchange.users._by_user
    assert all(not queue.ready for queue in world.broker._exchange.queues._registry)
