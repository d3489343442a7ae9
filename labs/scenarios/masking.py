"""Masking (RFC 6455 §5.3, §10.3): a key for every client frame, what it hides (nothing) and what it stops (cache poisoning).

What is said to be true of it is computed in masking_verdicts.py.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable

from websockets.exceptions import ConnectionClosed

from labs.net import streams
from labs.net.client import ClientConnection, Keys, Opening, open_connection, try_connection
from labs.net.processes import Child
from labs.net.tap import Tap
from labs.net.tasks import first_of, together
from labs.scenarios.masking_verdicts import (
    ATTACKED_HOST,
    ATTACKERS_SCRIPT,
    KEYED_FRAMES,
    REAL_SCRIPT,
    REFUSES,
    VERDICTS,
    script_request,
)
from labs.stage import Ask, Stage
from labs.wire.frames import mask
from labs.wire.http_head import parse_head

__all__ = ["VERDICTS", "run"]

SERVER = "labs.net.server"
IMPOSTOR = "labs.net.impostor"
ATTACKER = "labs.net.attacker"
PROXY = "labs.net.naive_proxy"
FRAGMENTS = 4
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
    """The masking keys that the knobs ask for; None leaves them to the library, which takes them from the system's randomness."""
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
    payload = str(stage.knobs["payload"])
    await stage.step(
        "frame", "One text, there and back",
        "The client sends the text, the server sends it back. Look at bit 8 of each frame (MASK) and at the four bytes after the length.",
    )  # fmt: skip
    connection = await open_connection(tap, server.address, Opening(keys=_keys(stage)))
    await _say(connection, payload)
    await stage.judge("unmask", "not-secret")
    await stage.step(
        "keys", f"{KEYED_FRAMES} frames",
        f"The client sends {KEYED_FRAMES - FRAGMENTS} texts, then one more in {FRAGMENTS} fragments. Compare the keys.",
        Ask("different-keys", f"How many different masking keys will these {KEYED_FRAMES} frames have?", "number", unit="keys"),
    )  # fmt: skip
    for number in range(KEYED_FRAMES - FRAGMENTS):
        await _say(connection, f"{payload} {number}")
    await _say(connection, [payload] * (FRAGMENTS - 1))  # the library ends a fragmented message with an empty frame
    await stage.judge("key-per-frame", "client-masks", "server-does-not")
    await stage.step(
        "smallest", "The smallest frame", "The client sends an empty text, and the server sends it back.",
        Ask("smallest-client", "How long is the client's frame?", "number", unit="bytes"),
        Ask("smallest-server", "How long is the server's frame?", "number", unit="bytes"),
    )  # fmt: skip
    await _say(connection, "")
    await connection.close()
    await stage.judge("smallest-frames")


async def _refusals(stage: Stage, tap: Tap, server: Child) -> None:
    codes = ("1000", "1002", "1003", "1007", "1009", "no close")
    await stage.step(
        "unmasked", "A client that does not mask", "This client sends its text without a key to the same server.",
        Ask("unmasked-code", "With which code does the server close?", "choice", codes),
    )  # fmt: skip
    connection = await open_connection(tap, server.address, Opening(keys=lambda: None))
    await _say(connection, "not masked")
    await connection.close()
    await stage.judge("unmasked-refused")
    rogue = await stage.spawn("rogue", "server", IMPOSTOR, mode="masked")
    await stage.step(
        "masked-server", "A server that masks", "This server masks its text, as only clients do.",
        Ask("masked-server-outcome", "What does the client do?", "choice", ("reads the text", REFUSES)),
    )  # fmt: skip
    connection = await open_connection(tap, rogue.address, Opening())
    await _hear(connection)
    await connection.close()
    await stage.judge("masked-from-server-refused")


async def _poisoning(stage: Stage) -> None:
    attacker, origin = await together(
        stage.spawn("attacker", "attacker", ATTACKER, mode="attacker", body=ATTACKERS_SCRIPT),
        stage.spawn("origin", "server", ATTACKER, mode="origin", body=REAL_SCRIPT),
    )
    proxy = await stage.spawn("proxy", "proxy", PROXY, routes={"attacker": attacker.address, "origin": origin.address})
    victim, bystander = stage.host("victim", "client"), stage.host("bystander", "client")
    stage.note(
        f"STAND-IN: connections to the attacker and to {ATTACKED_HOST} are intercepted by a proxy process, one port for each. "
        "The proxy is a deliberately broken toy: it scans for GET, and caches under the Host that it reads."
    )

    async def attack(name: str, keys: Keys | None, payload: bytes) -> None:
        await _attack(victim, proxy, keys, payload)
        await _visit(bystander, proxy, name)

    await stage.step(
        "poison-unmasked", "The attack, without masking",
        f"A page of the attacker sends, over its WebSocket, bytes that read as a GET for a script of {ATTACKED_HOST}. Its own server answers with a "
        "frame that reads as an HTTP response. Then somebody else asks for that script.",
        _who_is_served("poison-unmasked"),
    )  # fmt: skip
    await attack("unmasked", lambda: None, script_request("unmasked"))
    await stage.judge("poison-unmasked")
    await stage.step(
        "poison-masked", "The same attack, with masking",
        "The same page, the same payload, but the client masks as the knobs say. The proxy never unmasks: it reads what is on the wire.",
        _who_is_served("poison-masked"),
    )  # fmt: skip
    await attack("masked", _keys(stage), script_request("masked"))
    await stage.judge("poison-masked-fails")
    await stage.step(
        "predictable", "With a key that can be predicted",
        "First every key is zero. Then keys count up: the page knows the next one and masks its payload beforehand, so that masking "
        "brings the request out on the wire.",
        _who_is_served("predictable"),
    )  # fmt: skip
    await attack("zero", keys_of("zero", True), script_request("zero"))
    # The page has sent nothing before: the key of its first frame will be 1.
    await attack("counter", keys_of("counter", True), mask(script_request("counter"), (1).to_bytes(4, "big")))
    await stage.judge("predictable-key-poisons")


def _who_is_served(step: str) -> Ask:
    options = ("the site's script", "the attacker's script")
    return Ask(f"{step}-served", "What does the bystander get from the proxy?", "choice", options)


async def _say(connection: ClientConnection, message: str | Iterable[str]) -> None:
    """Send and hear the echo. A connection that the other side closes is on the tape."""
    with contextlib.suppress(ConnectionClosed):
        await connection.send(message)
    await _hear(connection)


async def _hear(connection: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        await first_of(connection.recv(), ANSWER_SECONDS)


async def _attack(victim: Tap, proxy: Child, keys: Keys | None, payload: bytes) -> None:
    """What the attacker's page makes the victim's client do, through the proxy."""
    opening = Opening(path="/socket", host="attacker.example", origin="http://attacker.example", keys=keys)
    connection, _ = await try_connection(victim, proxy.addresses["attacker"], opening)
    if connection is not None:
        with contextlib.suppress(ConnectionClosed):
            await connection.send(payload)
        await _hear(connection)
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
