"""HAProxy in the balancer's place: the same cookie, the same drain, gone with its lab."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from labs.net import haproxy
from labs.net.processes import Cast, ProcessError
from labs.net.tap import Remark
from labs.net.tasks import Tasks
from tests.labs.net.balancing import Balanced, named, node
from tests.labs.net.serving import until
from tests.labs.net.test_processes import alive

pytestmark = pytest.mark.skipif(not shutil.which(haproxy.PROGRAM), reason="HAProxy is not installed here")


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [*map(int, found), *(each for child in found for each in descendants(int(child)))]


async def test_it_balances_sticks_drains_and_shows_its_configuration():
    said: list = []
    async with node(named("a")) as a, node(named("b")) as b, node(named("c")) as c, Tasks() as tasks:
        cast = Cast(tasks, lambda part, record: said.append(record))
        config = {"backends": {"a": a, "b": b}, "checks": {"kind": "off"}, "idle": 3}
        child = await cast.spawn("balancer", "labs.net.haproxy", config)
        try:
            balanced = Balanced(None, child.address, None)
            assert "set-cookie" not in (await balanced.ask()).headers
            name, cookie = await balanced.upgrade()
            for attribute in ("HttpOnly", "Max-Age=3600", "SameSite=Lax"):
                assert attribute in cookie
            bound = cookie.partition(";")[0]
            assert bound.partition("=")[2] not in {"a", "b"}, "its value is opaque"
            assert [(await balanced.upgrade(Cookie=bound))[0] for _ in range(3)] == [name] * 3
            asked = [[(await balanced.ask("POST", f"/sockjs/0/{n}/xhr")).body for _ in range(3)] for n in range(8)]
            assert {len(set(answers)) for answers in asked} == {1}, "a SockJS session stays at its node"
            assert len({answers[0] for answers in asked}) == 2
            await child.call("drain", node=name)
            assert (await balanced.upgrade(Cookie=bound))[0] != name
            assert name.encode() not in {(await balanced.ask("POST", f"/sockjs/0/{n}/xhr")).body for n in range(8)}
            await child.call("undrain", node=name)
            await child.call("join", node="a", address=c)
            assert {(await balanced.ask("POST", f"/sockjs/0/{n}/xhr")).body for n in range(8)} == {b"b", b"c"}
            with pytest.raises(ProcessError, match="No such server"):
                await child.call("drain", node="x")
            shown = [each.text for each in said if isinstance(each, Remark)]
            assert any("timeout tunnel 3000ms" in text for text in shown)
            assert not any("dynamic-cookie-key" in text or "/tmp" in text for text in shown)
        finally:
            await cast.aclose()


async def test_it_does_not_outlive_a_lab_that_is_killed_and_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with node(named("a")) as a, Tasks() as tasks:
        cast = Cast(tasks, lambda part, record: None)
        child = await cast.spawn("balancer", "labs.net.haproxy", {"backends": {"a": a}})
        (program,) = descendants(child.process.pid)
        assert alive(program)
        child.ending = True
        os.kill(child.process.pid, signal.SIGKILL)
        await until(lambda: not alive(program), "HAProxy is gone")
        await cast.aclose()
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_follows_the_options():
    text = haproxy.configuration(
        {"backends": {"a": "127.0.0.1:1"}, "sticky": False, "checks": {"path": "/up", "every": 0.5}, "fall": 3},
        listener=7, admin=8,
    )  # fmt: skip
    assert "bind fd@7" in text
    assert "sockpair@8 level admin" in text
    assert "option httpchk GET /up" in text
    assert "inter 500ms fall 3 rise 1" in text
    assert "cookie" not in text
