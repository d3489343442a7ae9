"""The same world for a broker that shares a real store: what it asks is done at once, what comes of it is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labs.broker import BrokerConfig, Close, Effect, Reading, Send, SharedBroker
from labs.broker.demands import Answer, Demand, Heard, Placed, Redeem, Submit
from labs.net.relay_codec import PREFIX, Numbered, answer_to, read_entry, script
from tests.labs.broker.world import CONFIG, World

if TYPE_CHECKING:
    from redis import Redis

FOREVER = 1e6  # seconds: time that is set by hand ends no lease


class SharedWorld(World):
    """`store` is emptied for each."""

    store: Redis

    def __init__(self, config: BrokerConfig = CONFIG) -> None:
        super().__init__(config)
        self.store.flushall()
        self.broker = SharedBroker(config, self.now)
        self._node = config.node
        self._inbox = f"{PREFIX}in:{config.node}"
        self._numbered = Numbered(config.node)
        self._last = b"0-0"
        self._demands: list[Demand] = []
        self._answers: dict[int, Answer] = {}
        self._working = False
        source = script(
            config.limits, lease=FOREVER, inbox=2**30, repeat=FOREVER, dead_letters=config.dead_letters,
            over_memory=True,
        )  # fmt: skip
        self._hash = self.store.script_load(source)
        self.call("admit", self._node, "epoch", 0, "", 0)
        self.carry_out(self.broker.readmitted(self.now))

    def call(self, *arguments: Any) -> Any:
        return self.store.evalsha(self._hash, 0, *arguments)

    def carry_out(self, effects: list[Effect]) -> None:
        self.effects = effects
        super().carry_out([effect for effect in effects if isinstance(effect, Send | Close)])
        self._demands += [effect for effect in effects if not isinstance(effect, Send | Close | Reading)]
        if not self._working:
            self._working = True
            while self._demands or self._arrive():
                while self._demands:
                    self._ask(self._demands.pop(0))
            self._working = False
            _, _, waiting, dead, _ = self.call("renew", self._node, 0)
            self.broker.counters.queued, self.broker.counters.dead_lettered = waiting, dead

    def _ask(self, demand: Demand) -> None:
        assert not isinstance(demand, Redeem)
        reply = self.call(*self._numbered.arguments(demand, self._numbered.number(), 1))
        step = getattr(demand, "step", 0)
        if not step:
            return
        answer = answer_to(demand, reply)
        if isinstance(answer, Heard) or (isinstance(demand, Submit) and demand.placed):
            self._answers[step] = answer
        else:
            self.carry_out(self.broker.answered(step, answer, self.now))

    def _arrive(self) -> bool:
        found: Any = self.store.xread({self._inbox: self._last}, count=100)
        for number, fields in found[0][1] if found else ():
            self._last = number
            entry = read_entry(fields[b"e"])
            arrival = Placed(entry[0], self._answers.pop(entry[0])) if isinstance(entry, tuple) else entry
            self.carry_out(self.broker.arrived([arrival], self.now))
        return bool(found)
