"""Masking (RFC 6455 §5.3, §10.3): a key for every client frame, what it hides (nothing) and what it stops (cache
poisoning).

What is said to be true of it is computed in masking_verdicts.py.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from labs.net import streams
from labs.net.processes import Child
from labs.net.tap import Tap
from labs.net.tasks import first_of, together
from labs.scenarios import masking_steps as steps
from labs.scenarios.masking_steps import script_request
from labs.scenarios.masking_verdicts import VERDICTS
from labs.stage import Stage
from labs.wire.frames import mask
from labs.wire.http_head import parse_head

if TYPE_CHECKING:
    from labs.net.client import Keys

__all__ = ["VERDICTS", "run"]

SERVER = "labs.net.server"
IMPOSTOR = "labs.net.impostor"
ATTACKER = "labs.net.attacker"
PROXY = "labs.net.naive_proxy"
ATTACKERS_SCRIPT = "alert('poisoned');\n"
REAL_SCRIPT = "// the site's own script\n"
ANSWER_SECONDS = 3.0


async def run(stage: Stage) -> None:
    """Play the lab."""
    tap = stage.host("client", "client")
    server = await stage.spawn(
        "server", "server", SERVER, subprotocols=[], origins=["http://localhost"], compression=False, page=None
    )
    await _frames(stage, tap, server)
    await _refusals(stage, tap, server)
    await _poisoning(stage)


def keys_of(mode: str, masking: bool) -> Keys | None:
    """The masking keys that the knobs ask for; None leaves them to the library, which draws them at random."""
    if not masking:
        return lambda: None
    if mode == "zero":
        return lambda: bytes(4)
    if mode == "counter":
        numbers = itertools.count(1)
        return lambda: next(numbers).to_bytes(4, "big")
    return None


def _keys(stage: Stage) -> Keys | None:
    return keys_of(str(stage.knobs["key"]), bool(stage.knobs["masking"]))


async def _frames(stage: Stage, tap: Tap, server: Child) -> None:
    from labs.net.client import Opening, open_connection, say

    payload = str(stage.knobs["payload"])
    await stage.step(steps.FRAME)
    connection = await open_connection(tap, server.address, Opening(keys=_keys(stage)))
    await say(connection, payload, ANSWER_SECONDS)
    await stage.judge("unmask", "not-secret")
    await stage.step(steps.KEYS)
    for number in range(steps.KEYED_FRAMES - steps.FRAGMENTS):
        await say(connection, f"{payload} {number}", ANSWER_SECONDS)
    # One fragment less: the library ends a fragmented message with an empty one.
    await say(connection, [payload] * (steps.FRAGMENTS - 1), ANSWER_SECONDS)
    await stage.judge("key-per-frame", "client-masks", "server-does-not")
    await stage.step(steps.SMALLEST)
    await say(connection, "", ANSWER_SECONDS)
    await connection.close()
    await stage.judge("smallest-frames")


async def _refusals(stage: Stage, tap: Tap, server: Child) -> None:
    from labs.net.client import Opening, hear, open_connection, say

    await stage.step(steps.UNMASKED)
    connection = await open_connection(tap, server.address, Opening(keys=lambda: None))
    await say(connection, "not masked", ANSWER_SECONDS)
    await connection.close()
    await stage.judge("unmasked-refused")
    rogue = await stage.spawn("rogue", "server", IMPOSTOR, mode="masked")
    await stage.step(steps.MASKED_SERVER)
    connection = await open_connection(tap, rogue.address, Opening())
    await hear(connection, ANSWER_SECONDS)
    await connection.close()
    await stage.judge("masked-from-server-refused")


async def _poisoning(stage: Stage) -> None:
    attacker, origin = await together(
        stage.spawn("attacker", "attacker", ATTACKER, mode="attacker", body=ATTACKERS_SCRIPT),
        stage.spawn("origin", "server", ATTACKER, mode="origin", body=REAL_SCRIPT),
    )
    proxy = await stage.spawn("proxy", "proxy", PROXY, routes={"attacker": attacker.address, "origin": origin.address})
    victim, bystander = stage.host("victim", "client"), stage.host("bystander", "client")
    stage.note(steps.STAND_IN)

    async def attack(name: str, keys: Keys | None, payload: bytes) -> None:
        await _attack(victim, proxy, keys, payload)
        await _visit(bystander, proxy, name)

    await stage.step(steps.POISON_UNMASKED)
    await attack("unmasked", lambda: None, script_request("unmasked"))
    await stage.judge("poison-unmasked")
    await stage.step(steps.POISON_MASKED)
    await attack("masked", _keys(stage), script_request("masked"))
    await stage.judge("poison-masked-fails")
    await stage.step(steps.PREDICTABLE)
    await attack("zero", keys_of("zero", True), script_request("zero"))
    # The page has sent nothing before: the key of its first frame will be 1.
    await attack("counter", keys_of("counter", True), mask(script_request("counter"), (1).to_bytes(4, "big")))
    await stage.judge("predictable-key-poisons")


async def _attack(victim: Tap, proxy: Child, keys: Keys | None, payload: bytes) -> None:
    """What the attacker's page makes the victim's client do, through the proxy."""
    from labs.net.client import Opening, say, try_connection

    opening = Opening(path="/socket", host="attacker.example", origin="http://attacker.example", keys=keys)
    connection, _ = await try_connection(victim, proxy.addresses["attacker"], opening)
    if connection is not None:
        await say(connection, payload, ANSWER_SECONDS)
        await connection.close()


async def _visit(bystander: Tap, proxy: Child, name: str) -> None:
    """Somebody else asks the proxy for the same script, on a connection of their own."""
    stream = await streams.dial(bystander, proxy.addresses["origin"])
    await stream.write(script_request(name))
    await first_of(_read_response(stream), ANSWER_SECONDS)
    await stream.close()


async def _read_response(stream: streams.Stream) -> None:
    head = parse_head(await stream.read_head())
    await stream.read_exactly(int(head.get("Content-Length") or 0))
