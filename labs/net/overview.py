"""What a cluster says of itself through its balancer: `/metrics` and `/health` of all its nodes, each of which is asked
when somebody wants to know. One that does not answer in time is down; its figures are not made up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from labs.net.front import Exchange
from labs.net.metrics import CONTENT_TYPE
from labs.net.processes import Child, ProcessError
from labs.net.tasks import Tasks, together

ANSWER_SECONDS = 1.0  # of a node
_NO_STORE = ("Cache-Control", "no-store")


class Overview:
    """Of the nodes that `children` returns."""

    def __init__(self, children: Callable[[], Sequence[Child]], tasks: Tasks) -> None:
        self._children = children
        self._tasks = tasks
        self._started = time.monotonic()

    def health(self, exchange: Exchange) -> None:
        """`up` while one node is, else `down` and 503; `sessions` of all that answer."""
        self._tasks.start(self._health(exchange), "health of all nodes")

    def metrics(self, exchange: Exchange) -> None:
        """Every node's metrics under the label `node`, and `node_up`."""
        self._tasks.start(self._metrics(exchange), "metrics of all nodes")

    async def _health(self, exchange: Exchange) -> None:
        states = await self._ask("state")
        up = any(states.values())
        body = {
            "status": "up" if up else "down", "uptime": round(time.monotonic() - self._started, 3),
            "sessions": sum(state["sessions"] for state in states.values() if state),
            "nodes": {name: "up" if state else "down" for name, state in states.items()},
        }  # fmt: skip
        kind = ("Content-Type", "application/json; charset=UTF-8")
        exchange.respond(200 if up else 503, [kind, _NO_STORE], json.dumps(body).encode() + b"\n")

    async def _metrics(self, exchange: Exchange) -> None:
        from labs.net.exposition import merged  # when somebody asks

        exchange.respond(200, [("Content-Type", CONTENT_TYPE), _NO_STORE], merged(await self._ask("metrics")))

    async def _ask(self, command: str) -> dict[str, Any]:
        """What each node answers by its name, None for one that is down."""
        children = self._children()
        answers = await together(*(self._ask_one(child, command) for child in children))
        return {child.id: answer for child, answer in zip(children, answers, strict=True)}

    async def _ask_one(self, child: Child, command: str) -> Any:
        if not child.running:
            return None
        try:
            return await child.call(command, within=ANSWER_SECONDS)
        except ProcessError:
            return None
