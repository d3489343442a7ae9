"""Autobahn's WebSocket cases against /echo: the quick ones, with 7.1.5, which plain websockets fails."""

from __future__ import annotations

from kosoku import run_fuzzingclient

from tests.peers.serving import served

SLOW = ["9.*", "12.*", "13.*"]


async def test_the_quick_cases_pass() -> None:
    with served() as server:
        results = await run_fuzzingclient(server.echo, None, SLOW, concurrency=4)
    assert len(results) == 247
