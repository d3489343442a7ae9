"""What is claimed of queues, transactions and users holds just as well where a store has them. The other claims are
tried too with WS_TUTOR_STRESS=1."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis

from labs.net.store import start_store
from labs.net.tasks import Tasks
from tests.effort import STRESS
from tests.labs.broker import shared_world, test_queues, test_transactions, test_users
from tests.labs.broker.shared_world import SharedWorld

MODULES = [test_queues, test_transactions, test_users]
if STRESS:
    from tests.labs.broker import (
        test_connect,
        test_idempotency,
        test_limits,
        test_protocol,
        test_replay,
        test_time,
        test_topics,
    )

    MODULES += [test_connect, test_idempotency, test_limits, test_protocol, test_replay, test_time, test_topics]

OTHERWISE = {
    "test_what_waited_too_long_is_dead_lettered_too": "the store has a clock of its own",
    "test_dead_letters_end_too": "the same",
    "test_what_is_too_old_is_gone_and_told": "the same",
    "test_nothing_is_kept_for_ever": "the same",
    "test_it_is_remembered_for_a_while": "the same",
    "test_a_handler_is_not_called_again": "only the store knows of the first time: its replies go nowhere",
    "test_a_cursor_older_than_the_buffer_is_told_so": "sizes are counted as they are stored",
    "test_much_that_waits_is_given_out_over_several_ticks": "here all that is asked is done at once",
    "test_one_message_cannot_make_the_broker_write_without_end": "the same",
}
for module in MODULES:
    for name in dir(module):
        if name.startswith("test_") and name not in OTHERWISE:
            globals()[name] = getattr(module, name)


@pytest.fixture(scope="module")
def store() -> Iterator[None]:
    with asyncio.Runner() as runner:
        tasks = Tasks()
        running = runner.run(start_store(tasks))
        SharedWorld.store = Redis.from_url(running.url, protocol=2)
        yield
        SharedWorld.store.close()
        runner.run(running.aclose())
        runner.run(tasks.aclose())


@pytest.fixture(autouse=True)
def shared(store: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        monkeypatch.setattr(module, "World", shared_world.SharedWorld)
