"""Random sessions against a model of them: every message of a queue is consumed once, or is still there, or was
dead-lettered; none is lost, none acknowledged twice, and each queue's order is kept."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from labs.wire.stomp import Frame, Version
from tests.effort import examples
from tests.labs.broker.world import Client, World, config

QUEUES = ["/queue/a", "/queue/b"]
CLIENTS, TRIES, PREFETCH = 3, 3, 4

queues = st.sampled_from(QUEUES)
who = st.integers(0, CLIENTS - 1)
which = st.integers(0, 20)
versions = st.sampled_from(["1.0", "1.1", "1.2"])
mostly = st.sampled_from([True, True, True, False])
modes = st.sampled_from(["auto", "client", "client-individual"])


class Held:
    """What a model client does in a transaction: takes effect at COMMIT."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.acked: list[Frame] = []
        self.nacked: list[Frame] = []


class Model:
    """One client: its subscriptions with their modes, and what it has been given and not settled, in order."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.modes: dict[str, str] = {}
        self.pending: dict[str, list[Frame]] = {}
        self.open: dict[str, Held] = {}

    def held(self, frame: Frame) -> bool:
        return any(frame in each.acked or frame in each.nacked for each in self.open.values())


class Sessions(RuleBasedStateMachine):
    """Clients that come, go, and do what they like with two queues."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(config(tries=TRIES, unacknowledged=PREFETCH))
        self.models: list[Model | None] = [None] * CLIENTS
        self.sent: Counter[str] = Counter()
        self.consumed: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        self.names = 0

    # What clients do.

    @initialize(versions=st.lists(versions, min_size=CLIENTS, max_size=CLIENTS))
    def begin_with_everybody(self, versions: list[Version]) -> None:
        for index, version in enumerate(versions):
            self.come(index, version)
            self.subscribe(index, QUEUES[index % 2], "client")
            self.begin(index)
            self.send(index, QUEUES[0], False, 0)

    @rule(index=who, version=versions)
    def come(self, index: int, version: Version) -> None:
        if self.models[index] is None:
            self.models[index] = Model(self.world.client(version))

    @rule(index=who, politely=st.booleans())
    def go(self, index: int, politely: bool) -> None:
        if (model := self.models[index]) is not None:
            self.collect()
            self.models[index] = None
            if politely:
                model.client.send("DISCONNECT", receipt="bye")
                self.collect()
                self.receive(model)
                assert model.client.closed == (1000, "")
            model.client.lose()

    @rule(index=who, destination=queues, mode=modes)
    def subscribe(self, index: int, destination: str, mode: str) -> None:
        if (model := self.models[index]) is not None:
            self.names += 1
            name = str(self.names)
            model.modes[name] = mode
            model.pending[name] = []
            model.client.subscribe(destination, name, mode)

    @rule(index=who, choice=which)
    def unsubscribe(self, index: int, choice: int) -> None:
        model = self.models[index]
        if model is not None and model.modes:
            name = list(model.modes)[choice % len(model.modes)]
            model.client.send("UNSUBSCRIBE", id=name)
            self.receive(model)
            kept = [frame for frame in model.pending.pop(name) if model.held(frame)]
            del model.modes[name]
            if kept:
                model.pending[name] = kept  # its transaction has them still

    @rule(index=who, destination=queues, held=st.booleans(), choice=which, count=st.integers(1, 4))
    def send(self, index: int, destination: str, held: bool, choice: int, count: int = 1) -> None:
        model = self.models[index]
        for _ in range(count if model is not None else 0):
            assert model is not None
            self.names += 1
            body = f"m{self.names}"
            if held and model.open:
                transaction = list(model.open)[choice % len(model.open)]
                model.open[transaction].sent.append(body)
                model.client.publish(destination, body, transaction=transaction)
            else:
                self.sent[body] += 1
                model.client.publish(destination, body)

    @rule(index=who, choice=which, refuse=st.booleans(), held=mostly)
    def settle(self, index: int, choice: int, refuse: bool, held: bool) -> None:
        model = self.models[index]
        if model is None or (refuse and model.client.version == "1.0"):
            return
        free = [(n, f) for n, frames in model.pending.items() for f in frames if n in model.modes and not model.held(f)]
        if not free:
            return
        name, frame = free[choice % len(free)]
        covered = [frame]
        if model.modes[name] == "client":
            before = model.pending[name][: model.pending[name].index(frame) + 1]
            covered = [each for each in before if not model.held(each)]
        transaction = {}
        if held and model.open:
            transaction = {"transaction": list(model.open)[choice % len(model.open)]}
            record = model.open[transaction["transaction"]]
            (record.nacked if refuse else record.acked).extend(covered)
        else:
            self.settled(model, covered, consumed=not refuse)
        model.client.send("NACK" if refuse else "ACK", **self.named(model, frame), **transaction)

    @rule(index=who)
    def begin(self, index: int) -> None:
        if (model := self.models[index]) is not None:
            self.names += 1
            model.open[f"t{self.names}"] = Held()
            model.client.send("BEGIN", transaction=f"t{self.names}")

    @rule(index=who, choice=which, commit=st.booleans())
    def end(self, index: int, choice: int, commit: bool) -> None:
        model = self.models[index]
        if model is None or not model.open:
            return
        transaction = list(model.open)[choice % len(model.open)]
        record = model.open.pop(transaction)
        if commit:
            self.sent.update(record.sent)
            self.settled(model, record.acked, consumed=True)
            self.settled(model, record.nacked, consumed=False)
        else:
            gone = [frame for frame in record.acked + record.nacked if self.name_of(model, frame) not in model.modes]
            self.settled(model, gone, consumed=False)
        model.client.send("COMMIT" if commit else "ABORT", transaction=transaction)

    # What the model knows.

    @staticmethod
    def named(model: Model, frame: Frame) -> dict[str, str]:
        if model.client.version == "1.2":
            return {"id": frame.get("ack") or ""}
        return {"message_id": frame.get("message-id") or "", "subscription": frame.get("subscription") or ""}

    @staticmethod
    def name_of(model: Model, frame: Frame) -> str:
        return frame.get("subscription") or ""

    def settled(self, model: Model, frames: list[Frame], *, consumed: bool) -> None:
        for frame in list(frames):
            model.pending[self.name_of(model, frame)].remove(frame)
            if consumed:
                self.consumed[frame.body.decode()] += 1

    def receive(self, model: Model) -> None:
        frames, model.client.inbox = model.client.inbox, []
        for frame in frames:
            assert frame.command in {"MESSAGE", "RECEIPT"}, frame
            if frame.command == "MESSAGE":
                self.received(model, frame)

    def received(self, model: Model, frame: Frame) -> None:
        body, name = frame.body.decode(), frame.get("subscription") or ""
        assert (frame.get("redelivered") == "true") == (self.given[body] > 0)
        self.given[body] += 1
        assert self.given[body] <= TRIES
        if model.modes[name] == "auto":
            self.consumed[body] += 1
        else:
            model.pending[name].append(frame)
            assert len(model.pending[name]) <= PREFETCH

    def collect(self) -> None:
        for model in self.models:
            if model is not None:
                self.receive(model)

    # What always holds.

    @invariant()
    def every_message_is_in_one_place(self) -> None:
        self.collect()
        with_clients = Counter(
            frame.body.decode()
            for model in self.models
            if model is not None
            for frames in model.pending.values()
            for frame in frames
        )
        queued = list(self.world.broker._exchange.queues._registry)
        waiting = Counter(message.body.decode() for queue in queued for message in queue.messages)
        assert self.consumed + with_clients + waiting == self.sent
        assert all(count == 1 for count in self.consumed.values()), "acknowledged twice"
        counters = self.world.broker.counters
        assert counters.unacknowledged == with_clients.total()
        assert counters.queued == waiting.total()
        for queue in queued:
            numbers = [message.sequence or 0 for message in queue.messages]
            assert numbers == sorted(numbers), "out of order"

    @invariant()
    def nobody_waits_who_could_have_it(self) -> None:
        for model in self.models:
            if model is not None:
                for name, mode in model.modes.items():
                    destination = self.world.broker._sessions[model.client.name].subscriptions[name].destination
                    queue = self.world.broker._exchange.queues._registry.find(destination)
                    can_take = mode == "auto" or len(model.pending[name]) < PREFETCH
                    assert not (can_take and queue and queue.messages)

    @precondition(lambda self: self.world.broker.counters.dead_lettered > 0)
    @rule()
    def dead_letters_were_tried_enough(self) -> None:
        queue = self.world.broker._exchange.queues._registry.find("/queue/dead-letter")
        assert queue is not None
        for message in queue.messages:
            assert self.given[message.body.decode()] == TRIES

    def teardown(self) -> None:
        """Everybody leaves: what was not consumed is all there."""
        for index in range(CLIENTS):
            self.go(index, False)
        self.every_message_is_in_one_place()
        assert self.world.broker.counters.unacknowledged == 0


Sessions.TestCase.settings = settings(max_examples=examples(50), stateful_step_count=50, deadline=None)
TestSessions = Sessions.TestCase
