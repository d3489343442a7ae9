"""The balancer passes requests and WebSockets on, sticks by its cookie, and leaves out who is dead or draining."""

import asyncio
import contextlib

import pytest

from labs.net.health import Checks
from labs.net.processes import Cast, ProcessError
from labs.net.tap import Record, Remark
from labs.net.tasks import Tasks
from tests.labs.net.balancing import SWITCHED, UPGRADE, balancing, echoing, named, node, telling, unused
from tests.labs.net.serving import ask, request, serving, until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def three():
    async with node(named("a")) as a, node(named("b")) as b, node(named("c")) as c:
        yield {"a": a, "b": b, "c": c}


async def test_a_plain_request_goes_to_a_node_and_its_answer_comes_back_whole():
    seen: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nX-Own: 1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    async with node(telling(answer, seen)) as address, balancing({"a": address}) as balanced:
        got = await balanced.ask("POST", "/p?token=secret", b"body", X_Odd="a\\b", TE="trailers")
        assert (got.status, got.body, got.headers["x-own"]) == (200, b"ok", "1")
        assert "connection" not in got.headers, "the client's connection goes on, the node's does not"
        assert b"X-Odd: a\\b\r\n" in seen[0]
        assert b"X-Forwarded-For: 127.0.0.1\r\n" in seen[0]
        assert b"TE:" not in seen[0]
        (line,) = balanced.log
        assert (line["path"], line["node"], line["status"]) == ("/p", "a", 200)
        assert "secret" not in str(line)


async def test_the_forwarded_for_header_is_continued():
    seen: list[bytes] = []
    async with node(telling(OK, seen)) as address, balancing({"a": address}) as balanced:
        await balanced.ask(X_Forwarded_For="192.0.2.1")
        assert b"X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n" in seen[0]


async def test_a_connection_is_kept_for_more_requests_and_pipelining():
    async with three() as nodes, balancing(nodes, sticky=False) as balanced, balanced.raw() as raw:
        raw.send(request("GET", "/1") + request("GET", "/2") + request("GET", "/3"))
        assert {(await raw.answer()).body for _ in range(3)} == {b"a", b"b", b"c"}


async def test_an_answer_streams_while_it_is_made():
    go_on = asyncio.Event()

    async def stream(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await go_on.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")

    async with node(stream) as address, balancing({"a": address}) as balanced, balanced.raw() as raw:
        raw.send(request("GET", "/"))
        await raw.head()
        assert await raw.chunk() == b"one"
        go_on.set()
        assert await raw.chunk() == b"two"
        assert await raw.chunk() == b""
        raw.send(request("GET", "/"))
        assert (await raw.head()).status == 200


async def test_an_upgrade_passes_bytes_both_ways_and_half_closes():
    async with node(echoing) as address, balancing({"a": address}) as balanced, balanced.raw() as raw:
        raw.send(request("GET", "/ws", **UPGRADE) + b"early")
        head = await raw.head()
        assert head.status == 101
        assert head.headers["set-cookie"].startswith("ws_node=a.")
        assert await raw.reader.readexactly(5) == b"early"
        raw.send(b"x" * 1_000_000)
        assert len(await raw.reader.readexactly(1_000_000)) == 1_000_000
        raw.writer.write_eof()
        assert await raw.end() == b"the end", "the node may speak on after the client has ended"
        await until(lambda: bool(balanced.log), "the passage is logged")
        (line,) = balanced.log
        assert (line["status"], line["why"], line["received"], line["sent"]) == (101, "client", 1_000_000, 1_000_012)
        assert balanced.balancer.states()["a"] == {"state": "up", "open": 0, "taken": 1}


async def test_a_client_that_does_not_read_makes_the_node_wait():
    sent = 0

    async def flood(reader, writer):
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHED)
        writer.transport.set_write_buffer_limits(high=65536)
        while True:
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536

    async with node(flood) as address, balancing({"a": address}) as balanced, balanced.raw() as raw:
        raw.send(request("GET", "/ws", **UPGRADE))
        await raw.head()
        passage = next(iter(balanced.balancer.passages))
        await until(lambda: not passage.far.transport.is_reading(), "the balancer stops reading")
        assert passage.near.transport.get_write_buffer_size() < 1_000_000
        before = sent
        await raw.reader.readexactly(20_000_000)
        assert sent > before


async def test_the_unbound_go_to_the_node_with_the_fewest_connections():
    async with (
        node(echoing) as a, node(echoing) as b, balancing({"a": a, "b": b}) as balanced,
        balanced.raw() as one, balanced.raw() as two, balanced.raw() as three,
    ):  # fmt: skip
        for raw in (one, two, three):
            raw.send(request("GET", "/ws", **UPGRADE))
            await raw.head()
        assert sorted(each["open"] for each in balanced.balancer.states().values()) == [1, 2]


async def test_the_cookie_of_an_upgrade_binds_to_a_node_until_that_is_drained_or_dead():
    async with three() as nodes, balancing(nodes) as balanced:
        assert "set-cookie" not in (await balanced.ask()).headers, "plain responses are the node's alone"
        name, given = await balanced.upgrade()
        assert "HttpOnly; SameSite=Lax" in given
        assert "Max-Age=3600" in given
        bound = given.partition(";")[0]
        for _ in range(4):
            assert (await balanced.ask(Cookie=bound)).body == name.encode()
            assert await balanced.upgrade(Cookie=bound) == (name, ""), "what is bound is not bound again"
        balanced.balancer.drain(name)
        moved, another = await balanced.upgrade(Cookie=bound)
        assert moved != name
        assert another.startswith(f"ws_node={moved}.")
        balanced.balancer.undrain(name)
        assert (await balanced.ask(Cookie=bound)).body == name.encode()
        balanced.balancer.leave(name)
        assert (await balanced.ask(Cookie=bound)).body != name.encode()


async def test_a_sockjs_session_stays_at_its_node_whatever_cookie_comes():
    async with three() as nodes, balancing(nodes) as balanced:
        (name, given), path = await balanced.upgrade(), "/sockjs/000/{}/xhr".format
        bound = given.partition(";")[0]
        at = {number: (await balanced.ask("POST", path(number))).body for number in range(12)}
        assert set(at.values()) == {b"a", b"b", b"c"}
        assert all([(await balanced.ask("POST", path(n), Cookie=bound)).body == at[n] for n in at])
        again, _ = await balanced.upgrade("/sockjs/000/1/websocket", Cookie=bound)
        assert again == name, "one over a WebSocket is where its client is bound to"


async def test_an_upgrade_that_connection_does_not_name_is_the_nodes_to_refuse():
    seen: list[bytes] = []
    async with node(telling(OK, seen)) as address, balancing({"a": address}) as balanced:
        await balanced.ask(Connection="close", Upgrade="WebSocket")
        assert b"Connection: close\r\nUpgrade: WebSocket\r\n" in seen[0]


async def test_without_stickiness_there_is_no_cookie():
    async with three() as nodes, balancing(nodes, sticky=False) as balanced:
        answers = [await balanced.upgrade() for _ in range(3)]
        assert sorted(answers) == [("a", ""), ("b", ""), ("c", "")]


async def test_another_node_is_tried_when_one_refuses_and_503_when_all_do():
    dead = await unused()
    async with node(named("b")) as alive, balancing({"a": dead, "b": alive}, fall=2) as balanced:
        for _ in range(4):
            assert (await balanced.ask()).body == b"b"
        assert balanced.balancer.states()["a"]["state"] == "down", "after two refused connections"
        balanced.balancer.drain("b")
        none = await balanced.ask()
        assert (none.status, none.headers["retry-after"]) == (503, "1")
        balanced.balancer.join("a", alive)
        assert (await balanced.ask()).status == 200


async def test_what_was_sent_is_not_sent_again():
    asked: list[bytes] = []
    telling_nothing = telling(b"", asked)
    async with node(telling_nothing) as a, node(telling_nothing) as b, balancing({"a": a, "b": b}) as balanced:
        answer = await balanced.ask("POST", "/order", b"one")
        assert answer.status == 502
        assert len(asked) == 1


@pytest.mark.parametrize(
    "broken",
    [b"not HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000],
)
async def test_a_node_that_speaks_no_http_is_a_bad_gateway(broken: bytes):
    async with node(telling(broken)) as address, balancing({"a": address}) as balanced:
        assert (await balanced.ask()).status == 502


async def test_an_answer_that_is_cut_short_is_no_whole_one():
    cut = telling(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    async with node(cut) as address, balancing({"a": address}) as balanced, balanced.raw() as raw:
        raw.send(request("GET", "/"))
        assert (await raw.head()).status == 200
        assert await raw.end() == b"half"


async def test_a_node_that_does_not_answer_is_a_timeout():
    async def silent(reader, writer):
        await reader.read()

    async with node(silent) as address, balancing({"a": address}, answer=0.05) as balanced:
        assert (await balanced.ask()).status == 504


async def test_who_waits_for_a_node_that_is_found_dead_is_answered_by_another():
    async def silent(reader, writer):
        await reader.read()

    checks = Checks(every=0.05, timeout=0.4)
    async with node(silent) as a, node(named("b")) as b, balancing({"a": a, "b": b}, checks=checks) as balanced:
        posted = asyncio.ensure_future(balanced.ask("POST", "/order"))
        await until(lambda: len(balanced.balancer.waiting) == 1, "the dead node was asked")
        balanced.balancer.drain("b")
        asked = asyncio.ensure_future(balanced.ask())
        await until(lambda: len(balanced.balancer.waiting) == 2, "it was asked again")
        balanced.balancer.undrain("b")
        assert (await asked).body == b"b"
        assert not posted.done(), "what may have had an effect is not said again"
        posted.cancel()


async def test_heads_and_bodies_have_limits():
    async with three() as nodes, balancing(nodes, head=2000, body=100) as balanced:
        assert (await balanced.ask(X_Long="x" * 3000)).status == 431
        assert (await balanced.ask("POST", "/", b"x" * 101)).status == 413
        assert not balanced.log, "no node has heard of it"


async def test_a_silent_websocket_is_cut_and_a_byte_keeps_it():
    async with (
        node(echoing) as address, balancing({"a": address}, idle=0.4) as balanced,
        balanced.raw() as silent, balanced.raw() as talking,
    ):  # fmt: skip
        for raw in (silent, talking):
            raw.send(request("GET", "/ws", **UPGRADE))
            await raw.head()
        end = asyncio.ensure_future(silent.end())
        while not end.done():
            talking.send(b".")
            assert await talking.reader.readexactly(1) == b"."
            await asyncio.sleep(0.02)
        assert end.result() == b""
        talking.send(b"still here")
        assert await talking.reader.readexactly(10) == b"still here"
        assert [line["why"] for line in balanced.log] == ["idle"]


async def test_a_check_over_http_sees_what_one_over_tcp_does_not():
    """A process that is stopped still accepts: its kernel does. Here a node that never answers stands for it."""

    async def silent(reader, writer):
        await reader.read()

    for kind, state in (("http", "down"), ("tcp", "up")):
        seen: list[tuple[str, ...]] = []
        checks = Checks(kind, every=0.02, timeout=0.05)
        changed = lambda *change, seen=seen: seen.append(change)  # noqa: E731
        async with node(silent) as address, balancing({"a": address}, checks=checks, changed=changed) as balanced:
            backend = balanced.balancer.backends.get("a")
            await until(lambda backend=backend: max(backend.passed, backend.failed) > 3, "it was checked")
            assert balanced.balancer.states()["a"]["state"] == state
            assert seen == ([("a", "down", "no answer within 0.05 s")] if kind == "http" else [])


async def test_a_node_that_comes_back_is_put_back():
    async with serving() as server, balancing({"a": await unused()}, checks=Checks(every=0.02), rise=2) as balanced:
        backend = balanced.balancer.backends.get("a")
        await until(lambda: not backend.healthy, "the dead node is taken out")
        backend.address = server.address
        await until(lambda: backend.healthy, "the living one is put back")
        assert (await ask(balanced, "GET", "/health")).status == 200


async def test_as_a_child_it_obeys_and_tells_what_it_notices():
    taken: list = []
    async with three() as nodes, Tasks() as tasks:
        cast = Cast(tasks, lambda part, record: taken.append(record))
        config = {"backends": nodes | {"d": await unused()}, "checks": {"every": 0.05}, "idle": 3}
        child = await cast.spawn("balancer", "labs.net.balancer", config)
        try:
            assert (await ask(child, "GET", "/")).status == 200
            await child.call("drain", node="a")
            assert (await child.call("states"))["a"]["state"] == "draining"
            with pytest.raises(ProcessError, match="drain: KeyError: 'x'"):
                await child.call("drain", node="x")
            with pytest.raises(ProcessError, match="no command 'dance'; it has drain"):
                await child.call("dance")
            notes = lambda: [each.text for each in taken if isinstance(each, Remark)]  # noqa: E731
            await until(lambda: len(notes()) >= 2, "the dead node is noticed")
            assert "a is draining: told to drain" in notes()
            assert any(text.startswith("d is down: ") for text in notes())
            ways = [(each.way, each.data[:8]) for each in taken if isinstance(each, Record) and each.data]
            assert ("in", b"GET / HT") in ways, "the checks are recorded too, sometimes first"
            assert ("out", b"HTTP/1.1") in ways
        finally:
            await cast.aclose()
