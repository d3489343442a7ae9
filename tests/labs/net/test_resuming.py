"""The client that survives its server: resumes, repeats nothing, says everything once, and does not come back where it
is not wanted."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from labs.broker import BrokerConfig, Limits, Peer
from labs.net import resuming
from labs.net.auth import AuthLimits
from labs.net.resuming import ClientOptions, Ended, Event, GaveUp, Lost, Opened, ResumingClient, SendError
from labs.net.serve import Server, ServerLimits
from labs.net.tap import Tap
from labs.net.tasks import Tasks
from labs.rules.backoff import Policy, Wait
from labs.wire.stomp import Frame, encode
from tests.labs.net.cutting import cutting
from tests.labs.net.serving import serving, until
from tests.peers.serving import served

QUICK = Policy(base=0.02, cap=0.1, stable=0.0)


@dataclass
class Heard:
    """A client and what came of it."""

    client: ResumingClient
    frames: list[Frame] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def bodies(self) -> list[str]:
        return [frame.body.decode() for frame in self.frames]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@contextlib.asynccontextmanager
async def running(address: Any, *topics: str, last_seen: int | None = 0, **options: Any) -> AsyncIterator[Heard]:
    async with Tasks() as tasks:
        events: list[Event] = []
        where = address if callable(address) else lambda: address
        options = {"policy": QUICK, "connect": {"login": "ann"}} | options
        client = ResumingClient(Tap(lambda record: None), where, ClientOptions(**options), events.append)
        heard = Heard(client, events=events)
        for topic in topics:
            client.subscribe(topic, heard.frames.append, last_seen=last_seen)
        run = tasks.start(client.run(), "client")
        try:
            yield heard
        finally:
            await client.close()
            async with asyncio.timeout(5):
                await run


async def ready(heard: Heard) -> None:
    async with asyncio.timeout(5):
        await heard.client.ready()


def publish(server: Server, *bodies: str) -> None:
    """As the program itself would: a session without a socket."""
    stomp, now = server.stomp, server.stomp.now()
    effects = stomp.broker.open("publisher", Peer(), now)
    frames = [Frame("CONNECT", (("accept-version", "1.2"),))]
    frames += [Frame("SEND", (("destination", "/topic/a"),), body.encode()) for body in bodies]
    effects += stomp.broker.receive("publisher", b"".join(map(encode, frames)), now)
    stomp._apply(effects + stomp.broker.lost("publisher", now))


async def test_a_cut_connection_is_resumed_without_a_gap_or_a_repeat():
    async with serving() as server, cutting(server.address) as relay, running(relay.address, "/topic/a") as heard:
        await ready(heard)
        for turn in range(4):
            publish(server, f"{turn}a")
            await until(lambda turn=turn: heard.bodies[-1:] == [f"{turn}a"], "it is there")
            relay.cut()
            publish(server, f"{turn}b", f"{turn}c")
            await until(lambda turn=turn: heard.bodies[-1:] == [f"{turn}c"], "it has come back and caught up")
        assert heard.bodies == [f"{turn}{letter}" for turn in range(4) for letter in "abc"]
        assert {event.code for event in heard.of(Ended)} == {1006}
        assert len(heard.of(Opened)) == 5
        assert heard.client.repeats == heard.client.holes == 0


async def test_what_the_server_repeats_is_dropped():
    async with serving() as server, running(server.address, "/topic/a", "/topic/a") as heard:
        await ready(heard)
        publish(server, "1", "2")
        await until(lambda: len(heard.bodies) == 4, "each subscription has its own")
        for frame in list(heard.frames):
            heard.client._message(frame, 0.0)
        assert (len(heard.bodies), heard.client.repeats) == (4, 4)


async def test_what_is_gone_is_told():
    broker = BrokerConfig(limits=Limits(replay_messages=2))
    async with (
        serving(broker=broker) as server,
        cutting(server.address) as relay,
        running(relay.address, "/topic/a") as heard,
    ):
        await ready(heard)
        publish(server, "1")
        await until(lambda: heard.bodies == ["1"], "it is there")
        relay.cut()
        publish(server, "2", "3", "4", "5")
        await until(lambda: heard.bodies == ["1", "4", "5"], "what is left has come")
        (lost,) = heard.of(Lost)
        assert (lost.gap.first, lost.gap.last) == (2, 3)
        assert heard.client.holes == 0


async def test_a_message_whose_receipt_got_lost_is_sent_again_and_has_one_effect():
    async with (
        serving() as server,
        cutting(server.address) as relay,
        running(server.address, "/topic/a") as reader,
        running(relay.address) as writer,
    ):
        await ready(reader)
        await ready(writer)
        relay.mute = True
        sending = asyncio.ensure_future(writer.client.send("/topic/a", "pay 10"))
        await until(lambda: reader.bodies == ["pay 10"], "it has taken effect")
        assert not sending.done()
        relay.mute = False
        relay.cut()
        async with asyncio.timeout(5):
            await sending
        await writer.client.send("/topic/a", "the last")
        await until(lambda: reader.bodies[-1:] == ["the last"], "the topic is in order, so what came before is there")
        assert reader.bodies == ["pay 10", "the last"]
        assert server.stomp.broker.counters.frames_in >= 6


async def test_what_is_sent_while_away_goes_out_on_return():
    async with serving() as server, cutting(server.address) as relay, running(relay.address, "/topic/a") as heard:
        await ready(heard)
        relay.answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
        relay.cut()
        sending = [asyncio.ensure_future(heard.client.send("/topic/a", str(number))) for number in range(3)]
        await until(lambda: len(heard.of(Ended)) >= 3, "it has tried in vain")
        relay.answer = b""
        async with asyncio.timeout(5):
            await asyncio.gather(*sending)
        await until(lambda: heard.bodies == ["0", "1", "2"], "in order")


async def test_a_cookie_that_came_with_the_upgrade_is_sent_with_the_next():
    answer = b"HTTP/1.1 503 Service Unavailable\r\nSet-Cookie: node=a1; Max-Age=60\r\nContent-Length: 0\r\n\r\n"
    async with serving() as server, cutting(server.address) as relay:
        relay.answer = answer
        async with running(relay.address) as heard:
            await until(lambda: bool(heard.of(Ended)), "it was refused")
            relay.answer = b""
            await ready(heard)
            assert b"cookie:" not in relay.heads[0].lower()
            assert b"cookie: node=a1\r\n" in relay.heads[-1].lower()


async def test_the_servers_delay_is_waited_for():
    limits = ServerLimits(restart_delay=0.3)
    async with serving(limits=limits) as server, running(server.address) as heard:
        await ready(heard)
        await server.drain()
        await until(lambda: bool(heard.of(Wait)), "it waits")
        assert heard.of(Ended)[0] == Ended(1012, "the server restarts; come back after 0.3 s")
        wait = heard.of(Wait)[0]
        assert wait.at_least == 0.3 <= wait.seconds <= 0.3 + wait.bound


async def test_a_refusal_that_names_a_delay():
    async with cutting("") as relay:
        relay.answer = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
        async with running(relay.address) as heard:
            await until(lambda: bool(heard.of(Wait)), "it waits")
            assert heard.of(Wait)[0].at_least == 7.0


async def test_delays_grow_within_their_bounds():
    policy = Policy(base=0.01, cap=0.04, stable=5.0)
    async with cutting("") as relay:
        relay.answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        async with running(relay.address, policy=policy, draw=lambda: 0.999) as heard:
            await until(lambda: len(heard.of(Wait)) >= 5, "five attempts")
            waits = heard.of(Wait)[:5]
            assert [wait.bound for wait in waits] == [0.01, 0.02, 0.04, 0.04, 0.04]
            assert all(0 <= wait.seconds <= wait.bound for wait in waits)


async def test_nobody_comes_back_blindly_without_credentials():
    async with serving(auth="token") as server, running(server.address) as heard:
        await until(lambda: bool(heard.of(GaveUp)), "it has given up")
        assert "credentials" in heard.of(GaveUp)[0].why
        assert heard.of(Wait) == []
        with pytest.raises(SendError, match="credentials"):
            await heard.client.send("/topic/a", "x")


async def test_new_credentials_let_it_in_again():
    async with serving(auth="token", auth_limits=AuthLimits(token_time=60)) as server:
        asked = []

        async def renew() -> dict[str, str]:
            asked.append(1)
            return {"Authorization": f"Bearer {server._auth.issue_token('ann', 60)}"}

        async with running(server.address, "/topic/a", renew=renew) as heard:
            await ready(heard)
            assert len(asked) == 1
            await heard.client.send("/topic/a", "x")
            await until(lambda: heard.bodies == ["x"], "it takes part")


async def test_a_message_that_is_refused_is_not_sent_again():
    async with serving() as server, running(server.address) as heard:
        await ready(heard)
        with pytest.raises(SendError, match="leads nowhere"):
            await heard.client.send("/nowhere", "x")
        await until(lambda: bool(heard.of(GaveUp)), "1002 would come again")


async def test_a_silent_server_is_noticed():
    async with (
        serving() as server,
        cutting(server.address) as relay,
        running(relay.address, heart_beat=(20, 20)) as heard,
    ):
        await ready(heard)
        relay.mute = True
        await until(lambda: len(heard.of(Opened)) + len(heard.of(Ended)) >= 2, "its silence has been noticed")
        assert heard.of(Ended)[0].code == 1006
        relay.mute = False
        await until(lambda: len(heard.of(Opened)) >= 2, "it is back")


async def test_who_was_not_woken_does_not_blame_the_server(monkeypatch):
    monkeypatch.setattr(resuming, "TOLERANCE", 1.2)
    with served() as server:
        async with running(f"127.0.0.1:{server.port}", heart_beat=(0, 1000)) as heard:
            await ready(heard)
            time.sleep(1.5)  # noqa: ASYNC251 - the whole process stands still, and beats have come meanwhile
            await heard.client.send("/topic/a", "x")
            assert heard.of(Ended) == []


async def test_a_killed_server_is_found_again_and_its_new_history_too():
    with served() as first:
        port = first.port
        async with running(f"127.0.0.1:{port}", "/topic/a") as heard:
            await ready(heard)
            await heard.client.send("/topic/a", "1")
            await heard.client.send("/topic/a", "2")
            await until(lambda: heard.bodies == ["1", "2"], "both are there")
            first.process.kill()
            await until(lambda: bool(heard.of(Ended)), "its end is noticed")
            sending = asyncio.ensure_future(heard.client.send("/topic/a", "3"))
            second = await asyncio.to_thread(_start, port)
            with second:
                async with asyncio.timeout(10):
                    await sending
                await until(lambda: heard.bodies == ["1", "2", "3"], "what was sent meanwhile, once")
                assert heard.of(Ended)[0].code == 1006
                (lost,) = heard.of(Lost)
                assert lost.gap.last < lost.gap.first, "the server's memory went with it, and it says so"
                await heard.client.close()


def _start(port: int) -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    stack.enter_context(served("--port", str(port)))
    return stack
