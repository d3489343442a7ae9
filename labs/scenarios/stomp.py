"""A STOMP session, frame by frame, on the broker of `ws-tutor serve`: topics, queues, acknowledgement, transactions,
users. Then free play.

What is said to be true of it is computed in stomp_versions.py, stomp_delivery.py, stomp_settlement.py and
stomp_users.py; who takes part is in stomp_clients.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from labs.net.processes import Child
from labs.scenarios import stomp_delivery, stomp_settlement, stomp_users, stomp_versions
from labs.scenarios import stomp_steps as steps
from labs.scenarios.stomp_clients import WORKERS, Clients, message, subscribe
from labs.stage import Stage
from labs.wire.stomp import Frame

__all__ = ["VERDICTS", "run"]

SERVER = "labs.net.stomp_server"
ANSWER_SECONDS = 5.0
EARLY_JOBS = 2
MAX_HELD = 4  # jobs that are sent until the worker to be killed has one

VERDICTS = stomp_versions.VERDICTS | stomp_delivery.VERDICTS | stomp_settlement.VERDICTS | stomp_users.VERDICTS


async def run(stage: Stage) -> None:
    """Play the lab."""
    broker = await stage.spawn(
        "broker", "server", SERVER, semantics=stage.knobs["semantics"], limits={"tries": int(stage.knobs["tries"])}
    )
    play = Play(stage, broker)
    await play.sessions()
    await play.topics()
    await play.queue()
    await play.acknowledgement()
    await play.transaction()
    await play.application()
    await play.users()
    await play.escapes()
    await stage.free_play(
        steps.free_play(broker.address),
        {"kill-consumer": play.kill_consumer, "late-subscriber": play.late_subscriber, "nack": play.nack},
    )


class Play:
    """The steps, and the faults that may be played once they are done."""

    def __init__(self, stage: Stage, broker: Child) -> None:
        self._stage = stage
        self._clients = Clients(stage, broker)
        self._numbers: Iterator[int] = itertools.count(1)

    async def sessions(self) -> None:
        """CONNECT, SEND, RECEIPT."""
        stage, clients = self._stage, self._clients
        if not clients.receipts:
            stage.note(
                "The broker does as Spring's simple one: no ACK, no transactions, a RECEIPT for DISCONNECT only, and "
                "/queue is only a prefix. Five verdicts say so: they will not hold. As there is no RECEIPT, the lab "
                f"waits for a SUBSCRIBE to take effect by asking {steps.TIME} behind it."
            )
        await stage.step(steps.connect(clients.version))
        interval = int(stage.knobs["heart-beat"])
        anna = await clients.join("anna", heart_beat=f"0,{interval}")
        old = await clients.join("old", versions=(steps.UNKNOWN_VERSION,))
        await old.wait_closed()
        stage.part("old", "client", "down")
        await stage.judge("negotiated-version")
        await stage.step(steps.FRAME)
        await anna.took_effect(subscribe("log", steps.LOG))
        await anna.confirmed(message(steps.LOG, "hello"), self._patience)
        await anna.until(lambda frame: frame.body == b"hello", ANSWER_SECONDS)
        await stage.judge("receipt-after-effect")

    @property
    def _patience(self) -> float:
        """How long a RECEIPT is waited for, where it may not come."""
        return ANSWER_SECONDS if self._clients.receipts else ANSWER_SECONDS / 5

    async def topics(self) -> None:
        """Everybody, or nobody."""
        stage, clients = self._stage, self._clients
        ben = await clients.join("ben")
        anna = clients["anna"]
        await anna.took_effect(subscribe("news", steps.NEWS))
        for id in ("news-a", "news-b"):
            await ben.took_effect(subscribe(id, steps.NEWS))
        await stage.step(steps.TOPIC)
        await anna.took_effect(message(steps.NEWS, "headline"))
        await self._all_came(steps.NEWS, "headline")
        await stage.judge("topic-all")
        await stage.step(steps.LATE)
        await self._be_late("late")

    async def _all_came(self, destination: str, body: str) -> None:
        """A frame of each client behind the message: what has not come by then was not sent before."""
        for name in ("anna", "ben"):
            client = self._clients[name]
            await client.took_effect(message("/topic/mark", f"{name} has read {body}"))

    async def late_subscriber(self, target: str) -> None:
        """The fault: the same with another round of messages."""
        await self._be_late(f"round {next(self._numbers)}")

    async def _be_late(self, round: str) -> None:
        clients, anna = self._clients, self._clients["anna"]
        for number in range(1, steps.MISSED_BEFORE + 1):
            await anna.took_effect(message(steps.MISSED, f"{round}, {number}"))
        carl = await clients.join("carl")
        await carl.took_effect(subscribe("missed", steps.MISSED))
        last = f"{round}, {steps.MISSED_BEFORE + 1}"
        await anna.took_effect(message(steps.MISSED, last))
        await carl.until(lambda frame: frame.body == last.encode(), ANSWER_SECONDS)
        await self._stage.judge("topic-absent-lost")
        await clients.leave("carl")

    async def queue(self) -> None:
        """One consumer for each job."""
        stage, clients = self._stage, self._clients
        jobs = [f"job {number}" for number in range(1, int(stage.knobs["jobs"]) + 1)]
        await stage.step(steps.queue(len(jobs), EARLY_JOBS))
        for job in jobs[:EARLY_JOBS]:
            await clients["anna"].took_effect(message(steps.JOBS, job))
        await clients.hire()
        for job in jobs[EARLY_JOBS:]:
            await clients["anna"].took_effect(message(steps.JOBS, job))
        await clients.arrived(jobs if clients.receipts else jobs[EARLY_JOBS:], times=1 if clients.receipts else 2)
        await stage.judge("queue-one")

    async def acknowledgement(self) -> None:
        """What comes again, and what does not."""
        stage = self._stage
        await stage.step(steps.KILL)
        await self._kill(None)
        await stage.step(steps.NACK)
        await self._refuse()
        await stage.step(steps.CUMULATIVE)
        await self._cut_in_a_batch()

    async def kill_consumer(self, target: str) -> None:
        """The fault: that worker is killed while it has a job."""
        await self._clients.hire()
        await self._kill(target)
        await self._stage.judge("queue-one")

    async def _kill(self, target: str | None) -> None:
        """Give out long jobs until `target` (None: whoever comes first) has one, kill it, see what becomes of that."""
        stage, clients = self._stage, self._clients
        holder, body = None, ""
        for _ in range(MAX_HELD):
            body = f"long job {next(self._numbers)}"
            await clients["anna"].took_effect(message(steps.JOBS, body, hold="true"))
            holder = await clients.holder(body)
            if holder is not None and target in (None, holder):
                break
        if holder is None:
            await stage.judge("redelivered-after-loss")
            return
        if target is None:
            stage.fault("kill-consumer", holder)
        await clients.kill(holder)
        others = [worker for worker in WORKERS if worker != holder]
        if stage.knobs["ack"] == "auto" or not clients.receipts:
            # Nothing will come: a job behind it, which does come, shows that nothing came before.
            await clients["anna"].took_effect(message("/topic/mark", f"{holder} is gone"))
            await clients["anna"].took_effect(message(steps.JOBS, f"job behind {body}"))
            await clients.arrived([f"job behind {body}"], others)
        else:
            await clients.arrived([body], others)
        await stage.judge("redelivered-after-loss")

    async def nack(self, target: str) -> None:
        """The fault: another job that nobody takes."""
        await self._clients.hire()
        await self._refuse()
        await self._stage.judge("queue-one")

    async def _refuse(self) -> None:
        stage, clients = self._stage, self._clients
        if clients.version == "1.0":
            stage.note("STOMP 1.0 has no NACK: nothing to show. Knob version=1.1 has it.")
        elif stage.knobs["ack"] == "auto" or not clients.receipts:
            stage.note("No worker can refuse: with ack:auto, as with Spring's simple broker, nothing is answered.")
        else:
            gravedigger = await clients.join("gravedigger")
            await gravedigger.took_effect(subscribe("dead", steps.DEAD))
            body = f"refused job {next(self._numbers)}"
            await clients["anna"].took_effect(message(steps.JOBS, body, refuse="true"))
            await gravedigger.until(lambda frame: frame.body == body.encode(), ANSWER_SECONDS)
            await clients.leave("gravedigger")
        await stage.judge("redelivered-after-loss")

    async def _cut_in_a_batch(self) -> None:
        stage, clients, anna = self._stage, self._clients, self._clients["anna"]
        first = await clients.join("first")
        await first.took_effect(subscribe("batch", steps.BATCH, "client"))
        for number in range(1, steps.IN_BATCH + 1):
            await anna.took_effect(message(steps.BATCH, f"part {number}"))
        wanted = f"part {steps.ACKNOWLEDGED}".encode()
        if (third := await first.until(lambda frame: frame.body == wanted, ANSWER_SECONDS)) is not None:
            await first.until(lambda frame: frame.body == f"part {steps.IN_BATCH}".encode(), ANSWER_SECONDS)
            if (answer := first.answer("ACK", third)) is not None:
                await first.took_effect(answer)
        stage.fault("cut", "first")
        await clients.cut("first")
        second = await clients.join("second")
        await second.took_effect(subscribe("batch", steps.BATCH))
        await second.until(lambda frame: frame.body == f"part {steps.IN_BATCH}".encode(), self._patience)
        await anna.took_effect(message(steps.BATCH, "end of the batch"))
        await second.until(lambda frame: frame.body == b"end of the batch", ANSWER_SECONDS)
        await stage.judge("client-ack-cumulative")
        await clients.leave("second")

    async def transaction(self) -> None:
        """All or nothing."""
        stage, anna = self._stage, self._clients["anna"]
        await anna.took_effect(subscribe("account", steps.ACCOUNT))
        await stage.step(steps.TRANSACTION)
        await anna.send(Frame("BEGIN", (("transaction", "tx-1"),)))
        await anna.send(message(steps.ACCOUNT, steps.DEBIT, transaction="tx-1"))
        await anna.send(message(steps.ACCOUNT, steps.CREDIT, transaction="tx-1"))
        await anna.took_effect(message(steps.ACCOUNT, steps.MEANWHILE))
        await anna.took_effect(Frame("COMMIT", (("transaction", "tx-1"),)))
        await anna.send(Frame("BEGIN", (("transaction", "tx-2"),)))
        await anna.send(message(steps.ACCOUNT, "debit 1000", transaction="tx-2"))
        await anna.took_effect(Frame("ABORT", (("transaction", "tx-2"),)))
        await anna.took_effect(message(steps.ACCOUNT, "end of day"))
        await anna.until(lambda frame: frame.body == b"end of day", ANSWER_SECONDS)
        await stage.judge("transaction-atomic", "receipt-after-effect")

    async def application(self) -> None:
        """A SUBSCRIBE that is answered."""
        stage, clients = self._stage, self._clients
        await stage.step(steps.APPLICATION)
        for name in ("ben", "anna"):
            await clients[name].took_effect(subscribe("time", steps.TIME))
            await clients[name].until(lambda frame: frame.get("subscription") == "time", ANSWER_SECONDS)
        await self._all_came(steps.TIME, "time")
        await stage.judge("app-reply-only-subscriber")

    async def users(self) -> None:
        """A user's sessions, and the names of their queues."""
        stage, clients = self._stage, self._clients
        names = [f"alice-{number}" for number in range(1, int(stage.knobs["sessions"]) + 1)]
        for name in names:
            await clients.join(name, login="alice")
        for name in (*names, "ben"):
            await clients[name].took_effect(subscribe("replies", f"/user{steps.REPLIES}"))
        await stage.step(steps.user(len(names)))
        await clients["alice-1"].took_effect(message("/app/me", "who am I"))
        await clients["ben"].took_effect(message(f"/user/alice{steps.REPLIES}", "hello alice"))
        await self._heard(names, b"hello alice")
        await stage.judge("user-all-sessions")
        await stage.step(steps.TRANSLATED)
        await self._translate(names)
        await clients.leave(*names)

    async def _translate(self, names: list[str]) -> None:
        stage, clients = self._stage, self._clients
        own = f"{steps.REPLIES}-user{clients['alice-1'].session}"
        stage.note(f"/user{steps.REPLIES} of alice-1 is {own}.")
        eve = await clients.join("eve", role="attacker")
        await eve.took_effect(subscribe("alice", own), self._patience)
        await clients["alice-1"].took_effect(message(own, "note to self"))
        await self._heard(names[:1], b"note to self")
        await clients["ben"].took_effect(message(f"/user/alice{steps.REPLIES}", "bye alice"))
        await self._heard(names, b"bye alice")
        await stage.judge("user-destination-translated")
        await clients.cut("eve")
        if not clients.receipts:
            stage.note(
                "Here this broker is stricter than Spring's, for which that name is an ordinary destination: there eve "
                "would read along, unless a rule forbids it."
            )

    async def _heard(self, names: list[str], body: bytes) -> None:
        for name in names:
            await self._clients[name].until(lambda frame: frame.body == body, ANSWER_SECONDS)

    async def escapes(self) -> None:
        """The same header, as three versions write it."""
        stage, clients = self._stage, self._clients
        names = [f"reader-{version}" for version in steps.VERSIONS]
        for name, version in zip(names, steps.VERSIONS, strict=True):
            await clients.join(name, versions=(version,))
            await clients[name].took_effect(subscribe("escapes", steps.ESCAPES))
        await stage.step(steps.ESCAPE)
        tricky = message(steps.ESCAPES, "see my header", **{steps.NOTE: steps.TRICKY})
        await clients[names[-1]].took_effect(tricky)
        await self._heard(names, b"see my header")
        await stage.judge("escape-by-version")
        await clients.leave(*names)
