"""The broker of `ws-tutor serve` with checks taken out, as the environment variable BROKEN lists them. Runs as a child
process of a lab."""

import os
from typing import Any

from labs.broker import commands, connect, message
from labs.broker.commands import Commands
from labs.broker.ledger import Ledger
from labs.broker.queues import Queues
from labs.broker.topics import Topic
from labs.broker.users import Users
from labs.net import stomp_server
from labs.net.tap import Tap
from labs.net.tasks import Tasks


def lowest() -> None:
    """The lowest version that both speak, not the highest."""
    version = connect._version
    connect._version = lambda command, accepted, agreed: min(
        version(command, accepted, agreed), *(accepted or "1.0").split(",")
    )


def early_receipt() -> None:
    send = Commands.send

    def first_the_receipt(self, session, frame, now):
        self.receipt(session, frame.get("receipt"))
        send(self, session, frame, now)
        return False

    Commands.send = first_the_receipt


def skips() -> None:
    """Of several subscriptions one gets nothing."""
    plans = Topic.plans
    Topic.plans = lambda self: {
        version: (heads[1:] or heads, len(heads) - 1 or 1) for version, (heads, _) in plans(self).items()
    }


def retains() -> None:
    """A topic gives a new subscriber everything that it ever had."""
    subscribe = Commands.subscribe

    def from_the_beginning(self, session, frame, now):
        if (frame.get("destination") or "").startswith("/topic/"):
            frame = frame._replace(headers=(*frame.headers, ("last-seen", "0")))
        return subscribe(self, session, frame, now)

    Commands.subscribe = from_the_beginning


def everybody() -> None:
    """A queue gives each message to all who are there."""
    publish = Queues.publish

    def to_all(self, message, now):
        queue = self._registry.get(message.destination)
        if not queue.ready:
            publish(self, message, now)
        for consumer in list(queue.ready):
            self._ledger.deliver(consumer, message, from_queue=True)

    Queues.publish = to_all


def acks_one() -> None:
    """An ACK is for its message alone, in every mode."""
    Ledger.find = lambda self, session, frame: (self._named(session, frame),)


def forgets() -> None:
    """Nothing is given again."""
    Commands._give_back = lambda self, deliveries, now: None


def no_transactions() -> None:
    Commands._transaction_of = lambda self, session, frame: None


def answers_twice() -> None:
    answer = commands.Commands._answer
    Commands._answer = lambda self, *request: [answer(self, *request), answer(self, *request)]


def first_session() -> None:
    """A user is the first of their sessions."""
    reached = Users.reached
    Users.reached = lambda self, name: reached(self, name)[:1]


def open_to_all() -> None:
    """Who knows a session's id may use its destinations."""
    Users.is_here = lambda self, session: False


def one_escape_for_all() -> None:
    header_line = message.header_line
    message.header_line = lambda name, value, version, escaped=True: header_line(name, value, "1.2", escaped=escaped)


async def start(tap: Tap, tasks: Tasks, config: dict[str, Any]) -> dict[str, str]:
    for name in os.environ["BROKEN"].split():
        globals()[name]()
    return await stomp_server.start(tap, tasks, config)
