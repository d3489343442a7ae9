"""What a node has to say to the store, in order: until it is answered, has waited too long, or is void since the node
began anew. Saying it is for relay.py, what it means for relay.lua."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from labs.broker.demands import Answer, Demand, Failed, Listen, Submit
from labs.net.relay_codec import Argument, Numbered, answer_to

BATCH = 256  # steps that are sent together, and acknowledgements in one step
BATCH_BYTES = 1024 * 1024  # of bodies that are sent together, when one more is added
MOST = 50_000  # steps; with more it is less work to begin anew


@dataclass(eq=False, slots=True)
class Step:
    """A demand of the broker, or one of the node's own words (`verb`), on its way. Its `number` makes it one that is
    done once; `attempt` counts how often it was sent."""

    number: int
    deadline: float = float("inf")
    demand: Demand | None = None
    verb: tuple[Argument, ...] = ()
    done: Callable[[Any], None] = lambda reply: None
    attempt: int = 0
    failed: bool = False

    @property
    def awaited(self) -> int:
        """Under what the broker waits for it; 0: it does not."""
        return getattr(self.demand, "step", 0)

    @property
    def placed(self) -> bool:
        """Whether its answer has a place among the arrivals."""
        return isinstance(self.demand, Listen) or (isinstance(self.demand, Submit) and self.demand.placed)

    @property
    def size(self) -> int:
        """Bytes of the bodies in it."""
        groups = self.demand.groups if isinstance(self.demand, Submit) else ()
        return sum(len(post.body) for group in groups for part in group for post in part.posts)

    @property
    def publishes(self) -> bool:
        """Whether it is lost when it is not done."""
        return isinstance(self.demand, Submit) and bool(self.demand.groups)


@dataclass(eq=False, slots=True)
class Place:
    """Where among the arrivals an answer belongs; it is None where another attempt was made."""

    step: Step
    attempt: int
    answer: asyncio.Future[Answer | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def resolve(self, answer: Answer | None) -> None:
        """Said once."""
        if not self.answer.done():
            self.answer.set_result(answer)


class Outbox:
    """The steps of one node. What somebody waits for fails after `wait` seconds."""

    def __init__(self, node: str, wait: float) -> None:
        self._node = node
        self._wait = wait
        self._numbered = Numbered(node)
        self._queue: deque[Step] = deque()
        self._places: dict[int, Place] = {}
        self.sent: list[Step] = []  # and not answered
        self.wake = asyncio.Event()  # there may be something to send

    # In.

    def demand(self, demand: Demand, now: float) -> None:
        """Behind all others."""
        if isinstance(demand, Submit) and self._merged(demand):
            return
        awaited = getattr(demand, "step", 0)
        self._add(Step(self._numbered.number(), now + self._wait if awaited else float("inf"), demand))

    def say(self, verb: str, *arguments: Argument, done: Callable[[Any], None] = lambda reply: None) -> None:
        """A word of the node itself; `done` is called with the reply."""
        self._add(Step(0, verb=(verb, self._node, *arguments), done=done))

    def _add(self, step: Step) -> None:
        self._queue.append(step)
        self.wake.set()

    def _merged(self, demand: Submit) -> bool:
        """Whether it could be added to the one before it: acknowledgements come in great numbers."""
        last = self._queue[-1].demand if self._queue else None
        if not isinstance(last, Submit) or demand.step or demand.groups or last.step or last.groups:
            return False
        if len(last.settled) + len(last.returned) + len(last.bounced) >= BATCH:
            return False
        self._queue[-1].demand = replace(
            last,
            settled=last.settled + demand.settled,
            returned=last.returned + demand.returned,
            bounced=last.bounced + demand.bounced,
        )
        return True

    # Out.

    def take(self) -> bool:
        """Make `sent` what is to be sent next, first what was sent before; whether there is anything."""
        self.sent = [step for step in self.sent if not step.failed]
        if not self.sent:
            size = 0
            while self._queue and len(self.sent) < BATCH and size < BATCH_BYTES:
                self.sent.append(self._queue.popleft())
                size += self.sent[-1].size
        if not self.sent:
            self.wake.clear()
        return bool(self.sent)

    def arguments(self, step: Step) -> list[Argument]:
        """What is sent at this, the next, attempt."""
        step.attempt += 1
        if step.placed:
            if (before := self._places.get(step.awaited)) is not None:
                before.resolve(None)
            self._places[step.awaited] = Place(step, step.attempt)
        if step.demand is None:
            return list(step.verb)
        return self._numbered.arguments(step.demand, step.number, step.attempt)

    def replied(self, step: Step, reply: Any) -> Answer | None:
        """The store's reply, or a Failed; what the broker is to be told now, if anything."""
        if step.failed:
            return None
        if step.demand is None:
            if not isinstance(reply, Failed):
                step.done(reply)
            return None
        if not step.awaited:
            return None
        answer = reply if isinstance(reply, Failed) else answer_to(step.demand, reply)
        if isinstance(answer, Failed) or not step.placed:
            self._places.pop(step.awaited, None)
            return answer
        if (place := self._places.get(step.awaited)) is not None:
            place.resolve(answer)  # it is told where it belongs
        return None

    def place(self, awaited: int, attempt: int) -> Place | None:
        """What belongs at that place, if that is still where it belongs."""
        place = self._places.get(awaited)
        return place if place is not None and place.attempt == attempt else None

    def tell(self, place: Place) -> bool:
        """Whether its answer is to be told; once."""
        if self._places.get(place.step.awaited) is not place:
            return False
        del self._places[place.step.awaited]
        return True

    # When it takes long.

    def late(self, now: float) -> list[Step]:
        """What has waited too long: it fails, and is not sent again."""
        late = [step for step in self._under_way() if step.deadline < now and not step.failed]
        for step in late:
            step.failed = True
            if (place := self._places.pop(step.awaited, None)) is not None:
                place.resolve(None)
        if late:
            self._queue = deque(step for step in self._queue if not step.failed)
        return late

    @property
    def overfull(self) -> bool:
        """Whether the store has been away for so long that not all can be kept."""
        return len(self._queue) > MOST

    def give_up(self) -> None:
        """All will be told anew, so what nobody waits for need not be kept; what publishes is kept to the last."""
        self._queue = deque(step for step in self._queue if step.awaited or step.publishes)
        self.wake.set()

    def begin_anew(self) -> None:
        """What somebody waits for, and what publishes, is still to be done; but nothing about messages of before."""
        kept = [step for step in self._under_way() if (step.awaited or step.publishes) and not step.failed]
        for step in kept:
            if isinstance(step.demand, Submit):
                step.demand = replace(step.demand, settled=(), returned=(), bounced=())
        self.sent = []
        self._queue = deque(sorted(kept, key=lambda step: step.number))
        self.wake.set()

    def _under_way(self) -> list[Step]:
        listening = (place.step for place in self._places.values())
        return list(dict.fromkeys((*self.sent, *self._queue, *listening)))
