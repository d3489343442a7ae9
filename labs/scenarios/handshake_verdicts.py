"""The claims on the opening handshake, each computed from the tape (RFC 6455 §1.3, §4.1, §4.2.2, §4.4, §10.2)."""

from __future__ import annotations

from collections.abc import Callable

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.scenarios.handshake_steps import ACCEPTS, CLIENT_TEXT, GET, REFUSES, SERVER_TEXT
from labs.scenarios.reading import Exchange, SeenFrame, exchanges, frames
from labs.wire.frames import TEXT
from labs.wire.handshake import accept_key, key_problem, switches, wants_upgrade
from labs.wire.printable import count

FEWEST_HANDSHAKES = 5
KEY, ACCEPT, PROTOCOL, VERSION = (f"Sec-WebSocket-{name}" for name in ("Key", "Accept", "Protocol", "Version"))


def _handshakes(tape: Tape) -> list[Exchange]:
    """The client's own upgrades, the first of them the one that the lab looks at."""
    found = exchanges(tape, "upgrade", "frames", "fresh-key", server="server")
    return [exchange for exchange in found if wants_upgrade(exchange.asked)]


def recorded_101(tape: Tape) -> bytes | None:
    """The bytes of the first 101 of the lab's real server, or None."""
    for exchange in _handshakes(tape):
        if exchange.response is not None and exchange.answered is not None and switches(exchange.answered):
            return exchange.response.message.raw
    return None


def _of_handshake(expected: str, judge: Callable[[Exchange], Finding]) -> Judge:
    """A verdict on the first handshake."""

    def judged(tape: Tape) -> Finding:
        found = _handshakes(tape)
        return judge(found[0]) if found else unmeasured(expected, "no upgrade request is on the tape")

    return judged


def _key_16_bytes(exchange: Exchange) -> Finding:
    key = exchange.asked.get(KEY)
    problem = f"no {KEY}" if key is None else key_problem(key)
    return Finding(not problem, "16 bytes in Base64", problem or f"{key} decodes to 16 bytes", exchange.request.lines)


def _accept_key(exchange: Exchange) -> Finding:
    expected = accept_key(exchange.asked.get(KEY) or "")
    accept = exchange.answered.get(ACCEPT) if exchange.answered else None
    if accept is None:
        return Finding(False, expected, f"no {ACCEPT}; {exchange.status}", exchange.lines)
    observed = f"{accept} ({len(accept)} characters)"
    return Finding(accept == expected, expected, observed, exchange.lines, {"accept-length": len(accept)})


def _switch_101(exchange: Exchange) -> Finding:
    expected = "101 with Upgrade: websocket and Connection: Upgrade"
    head = exchange.answered
    ok = head is not None and switches(head) and "upgrade" in head.tokens("Connection")
    return Finding(ok, expected, exchange.status, exchange.lines)


def _subprotocol(exchange: Exchange) -> Finding:
    expected = "one of the offered, or none"
    if exchange.answered is None or not switches(exchange.answered):
        return Finding(False, expected, f"nothing was chosen: {exchange.status}", exchange.lines)
    offered = [name.strip() for name in (exchange.asked.get(PROTOCOL) or "").split(",") if name.strip()]
    chosen = exchange.answered.get(PROTOCOL)
    observed = f"offered {', '.join(offered) or 'none'}; the server chose {chosen or 'none'}"
    return Finding(chosen is None or chosen in offered, expected, observed, exchange.lines)


def _frames_after_101(tape: Tape) -> Finding:
    expected = "frames only, from both sides"
    found = _handshakes(tape)
    if not found or found[0].answered is None or not switches(found[0].answered):
        return unmeasured(expected, f"there was no 101 ({found[0].status})" if found else "there was no handshake")
    exchange = found[0]
    after = [traced for traced in tape.messages(conn=exchange.conn) if traced.message.proto != "http"]
    seen = frames(tape, conn=exchange.conn)
    both = {frame.sender for frame in seen} >= {exchange.request.message.sender, "server"}
    foreign = [traced for traced in tape.messages(conn=exchange.conn) if traced.message.proto == "http"][2:]
    sound = not foreign and not any(traced.message.problem for traced in after)
    lines = tuple(line for traced in (*after, *foreign) for line in traced.lines)
    observed = "; ".join(_told(frame) for frame in seen[:2]) or "nothing"
    if foreign:
        observed += f"; then HTTP: {foreign[0].message.summary}"
    measured: dict[str, object] = {"passing-order": _order(exchange, seen)}
    if seen:
        measured["first-byte"] = f"{seen[0].raw[0]:02x}"
    return Finding(both and sound, expected, observed, lines, measured)


def _told(seen: SeenFrame) -> str:
    head = seen.raw[:2].hex(" ")
    return f"{seen.sender} {head} ({'masked' if seen.frame.masked else 'not masked'}, {seen.frame.length} bytes)"


def _order(exchange: Exchange, seen: list[SeenFrame]) -> list[str]:
    """What passed first, in the words of the prediction."""
    client = exchange.request.message.sender
    passed = [(exchange.request.lines[0], GET)]
    if exchange.response is not None:
        passed.append((exchange.response.lines[0], exchange.status))
    for sender, words in ((client, CLIENT_TEXT), ("server", SERVER_TEXT)):
        text = next((frame for frame in seen if frame.sender == sender and frame.frame.opcode == TEXT), None)
        if text is not None:
            passed.append((text.traced.lines[0], words))
    return [words for _, words in sorted(passed)]


def _fresh_key(tape: Tape) -> Finding:
    expected = f"{FEWEST_HANDSHAKES} handshakes or more, as many keys"
    found = _handshakes(tape)
    if not found:
        return unmeasured(expected, "no upgrade request is on the tape")
    keys = [exchange.asked.get(KEY) or "" for exchange in found]
    lines = tuple(line for exchange in found for line in exchange.request.lines)
    names = [name for name in ("Host", KEY, VERSION) if len({exchange.asked.get(name) for exchange in found}) > 1]
    ok = len(keys) >= FEWEST_HANDSHAKES and len(set(keys)) == len(keys) and "" not in keys
    observed = f"{count(len(keys), 'handshake')}, {count(len(set(keys)), 'different key')}"
    return Finding(ok, expected, observed, lines, {"changing-header": names[0] if names else "none"})


def _refusal(step: str, asks: Callable[[Exchange], bool], expected: str, ok: Callable[[Exchange], bool]) -> Judge:
    """A verdict on the only exchange of a step: the request must be what the step says it is."""

    def judged(tape: Tape) -> Finding:
        found = exchanges(tape, step, server="server")
        if len(found) != 1 or not asks(found[0]):
            return unmeasured(expected, f"step {step} did not send its request")
        exchange = found[0]
        status = str(exchange.answered.status) if exchange.answered else ""
        observed = exchange.status
        if exchange.answered and (versions := exchange.answered.get(VERSION)):
            observed += f", {VERSION}: {versions}"
        return Finding(ok(exchange), expected, observed, exchange.lines, {f"{step}-status": status})

    return judged


def _status(exchange: Exchange) -> int:
    return exchange.answered.status if exchange.answered else 0


def _offers_13(exchange: Exchange) -> bool:
    return exchange.answered is not None and "13" in exchange.answered.tokens(VERSION)


def _refused(step: str, lie: Callable[[Tape, Exchange], str]) -> Judge:
    """A verdict on a client that met an impostor. `lie` says what was wrong with its 101, or nothing if nothing was."""
    expected = "no frame from the client after such a 101"

    def judged(tape: Tape) -> Finding:
        found = [exchange for exchange in exchanges(tape, step) if wants_upgrade(exchange.asked)]
        if len(found) != 1 or found[0].answered is None:
            return unmeasured(expected, "the impostor's answer is not on the tape")
        exchange = found[0]
        told = lie(tape, exchange)
        if not told:
            return unmeasured(expected, f"the answer ({exchange.status}) was not what this step is about")
        sent = tape.stream(exchange.conn, exchange.request.message.sender)[len(exchange.request.message.raw) :]
        outcome = ACCEPTS if sent else REFUSES
        observed = f"{told}; the client sent {count(len(sent), 'byte')} after it"
        return Finding(not sent, expected, observed, exchange.lines, {f"{step}-outcome": outcome})

    return judged


def _accept_of(exchange: Exchange) -> str:
    head = exchange.answered
    return (head.get(ACCEPT) or "") if head is not None and head.status == 101 else ""


def _echoes(tape: Tape, exchange: Exchange) -> str:
    del tape
    key, accept = exchange.asked.get(KEY), _accept_of(exchange)
    return f"Accept {accept} is the key itself" if accept and accept == key else ""


def _is_wrong(tape: Tape, exchange: Exchange) -> str:
    del tape
    right, accept = accept_key(exchange.asked.get(KEY) or ""), _accept_of(exchange)
    return f"Accept {accept} instead of {right}" if accept and accept != right else ""


def _is_replayed(tape: Tape, exchange: Exchange) -> str:
    recorded = recorded_101(tape)
    same = exchange.response is not None and exchange.response.message.raw == recorded
    return f"the 101 of an earlier handshake, {_is_wrong(tape, exchange)}" if same and _is_wrong(tape, exchange) else ""


VERDICTS: dict[str, Judge] = {
    "key-16-bytes": _of_handshake("16 bytes in Base64", _key_16_bytes),
    "accept-key": _of_handshake("Base64(SHA-1(key + GUID))", _accept_key),
    "switch-101": _of_handshake("101 Switching Protocols", _switch_101),
    "frames-after-101": _frames_after_101,
    "fresh-key": _fresh_key,
    "subprotocol": _of_handshake("one of the offered, or none", _subprotocol),
    "missing-key-400": _refusal(
        "missing-key", lambda it: it.asked.get(KEY) is None, "400", lambda it: _status(it) == 400
    ),
    "old-version-426": _refusal(
        "old-version", lambda it: it.asked.get(VERSION) not in (None, "13"), f"426 with {VERSION}: 13",
        lambda it: _status(it) == 426 and _offers_13(it),
    ),
    "foreign-origin-403": _refusal(
        "foreign-origin", lambda it: it.asked.get("Origin") is not None, "403", lambda it: _status(it) == 403
    ),
    "not-an-upgrade": _refusal(
        "plain", lambda it: not wants_upgrade(it.asked), "an error of the client's, no 101",
        lambda it: 400 <= _status(it) < 500,
    ),
    "echoed-key-refused": _refused("echoed-key", _echoes),
    "wrong-accept-refused": _refused("wrong-accept", _is_wrong),
    "replayed-101-refused": _refused("replayed-101", _is_replayed),
}  # fmt: skip
