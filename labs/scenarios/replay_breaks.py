"""The replay lab's steps on the broker of `serve`: it lives on, a reader's connection does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from labs.net.processes import Child
from labs.net.tap import Tap
from labs.net.tasks import together
from labs.scenarios import replay_steps as steps
from labs.scenarios.replay_clients import Publisher, catch_up, is_number, subscribe
from labs.stage import Stage

if TYPE_CHECKING:
    from labs.net.stomp_client import StompClient

BEFORE = 3  # messages that a reader has seen before it is cut off


class Breaks:
    """One step each, in this order or any other."""

    def __init__(self, stage: Stage, broker: Child, publishing: Tap, reading: Tap) -> None:
        self._stage = stage
        self._address = broker.address
        self._publishing = publishing
        self._reading = reading
        self._rate = float(stage.knobs["rate"])
        self._missed = max(1, round(self._rate * float(stage.knobs["away"])))

    async def away(self) -> None:
        """What is published meanwhile is gone for who subscribes again."""
        await self._stage.step(steps.away(self._missed))
        publisher = await self._publisher(steps.AWAY)
        await self._read_then_cut(publisher, steps.AWAY)
        await publisher.publish(self._missed)
        reader = await self._connect(self._reading)
        await reader.confirmed(subscribe(steps.AWAY, steps.LIVE))
        await self._last_of(publisher, reader)
        await self._stage.judge("at-most-once-loses")

    async def comes_back(self) -> None:
        """With a cursor, in the order of the knob."""
        await self._stage.step(steps.comes_back(self._missed))
        await self.cut(steps.RETURN)

    async def cut(self, topic: str) -> None:
        """Cut the reader of that topic off, and let it come back."""
        publisher = await self._publisher(topic)
        await self._read_then_cut(publisher, topic)
        await publisher.publish(self._missed)
        reader = await self._connect(self._reading)
        stop = asyncio.Event()

        async def come_back() -> None:
            await catch_up(reader, publisher, topic, BEFORE, str(self._stage.knobs["order"]))
            stop.set()

        await together(publisher.keep_on(stop), come_back())
        await self._last_of(publisher, reader)
        await self._stage.judge("gap-filled", "in-order", "no-repeats-after-dedupe")

    async def orders(self) -> None:
        """Both orders, side by side."""
        stage = self._stage
        careful_tap, hasty_tap = stage.host("careful", "client"), stage.host("hasty", "client")
        await stage.step(steps.ORDERS)
        publisher = await self._publisher(steps.ORDER)
        careful, hasty = await self._connect(careful_tap), await self._connect(hasty_tap)
        await publisher.publish(BEFORE)
        stop = asyncio.Event()

        async def both() -> None:
            await together(
                catch_up(careful, publisher, steps.ORDER, 0, "subscribe-first"),
                catch_up(hasty, publisher, steps.ORDER, 0, "history-first"),
            )
            stop.set()

        await together(publisher.keep_on(stop), both())
        await self._last_of(publisher, careful, hasty)
        await stage.judge("subscribe-before-history")

    async def too_old(self) -> None:
        """A cursor that the buffer does not reach back to."""
        buffer = int(float(self._stage.knobs["buffer"]))
        await self._stage.step(steps.too_old(buffer))
        publisher = await self._publisher(steps.OLD)
        await self._read_then_cut(publisher, steps.OLD)
        await publisher.flood(buffer + steps.OVERFLOW)
        reader = await self._connect(self._reading)
        await reader.confirmed(subscribe(steps.OLD, steps.LIVE, BEFORE))
        await self._last_of(publisher, reader)
        await self._stage.judge("cursor-too-old-is-told")

    async def _connect(self, tap: Tap) -> StompClient:
        from labs.net.stomp_client import connect

        return await connect(tap, self._address)

    async def _publisher(self, topic: str) -> Publisher:
        return Publisher(await self._connect(self._publishing), topic, self._rate)

    async def _read_then_cut(self, publisher: Publisher, topic: str) -> None:
        """Read a few messages; then the connection breaks."""
        reader = await self._connect(self._reading)
        await reader.confirmed(subscribe(topic, steps.LIVE))
        await publisher.publish(BEFORE)
        await reader.until(is_number(BEFORE))
        self._stage.fault("cut", "reader")
        reader.abort()
        await reader.wait_closed()

    async def _last_of(self, publisher: Publisher, *readers: StompClient) -> None:
        """One more message: whoever has it has got everything before it that will come. Then all leave."""
        await publisher.publish(1)
        for reader in readers:
            await reader.until(is_number(publisher.number))
            await reader.disconnect()
        await publisher.leave()
