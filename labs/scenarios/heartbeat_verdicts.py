"""The claims on heart-beats, each computed from the tape (RFC 6455 §5.5.2-3; RFC 9293 §3.8.4; STOMP 1.2,
Heart-beating)."""

from __future__ import annotations

import re
import statistics
from itertools import pairwise

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.rules.heartbeat import agree, parse_heart_beat
from labs.scenarios import heartbeat_steps as steps
from labs.scenarios.heartbeat_reading import Row, opened, request_path
from labs.scenarios.reading import SeenFrame, frames
from labs.tables import cell
from labs.tape import LabStarted, Metric
from labs.wire.frames import PING, PONG, TEXT
from labs.wire.pairing import pair_pongs
from labs.wire.printable import count

_HEART_BEAT = re.compile(rb"heart-beat:([0-9,]+)")
FEWEST_PINGS = 3
NOT_BROKEN = "the fault did not come"


def _lines(seen: list[SeenFrame]) -> tuple[int, ...]:
    return tuple(line for each in seen for line in each.traced.lines)


# Pings.


def _pong_echoes(tape: Tape) -> Finding:
    expected = "every ping's payload comes back in a pong"
    conns = opened(tape, "/ping")
    seen = [each for conn in conns for each in frames(tape, conn=conn) if each.frame.opcode in (PING, PONG)]
    pings = [each for each in seen if each.frame.opcode == PING]
    pongs = [each for each in seen if each.frame.opcode == PONG]
    if len(pings) < FEWEST_PINGS:
        return unmeasured(expected, f"{count(len(pings), 'ping')} on the tape")
    ok = [each.frame.payload for each in pings] == [each.frame.payload for each in pongs]
    sizes = sorted({len(each.frame.payload) for each in pongs})
    observed = f"{count(len(pings), 'ping')}, {count(len(pongs), 'pong')}, payloads {'the same' if ok else 'differ'}"
    return Finding(ok, expected, f"{observed}, of {', '.join(map(str, sizes))} bytes", _lines(seen))


def _round_trip(tape: Tape) -> Finding:
    knobs = next((event.knobs for _, event in tape.of(LabStarted)), {})
    delay = float(str(knobs.get("delay", 0)))
    expected = f"at least {2000 * delay:.0f} ms over a network that takes {1000 * delay:.0f} ms each way"
    trips: dict[str, list[float]] = {}
    evidence: list[SeenFrame] = []
    for conn in opened(tape, "/ping"):
        seen = frames(tape, conn=conn)
        pairs = pair_pongs(each.traced.message for each in seen)
        for pong, (ping, seconds) in pairs.items():
            trips.setdefault(seen[ping].traced.message.receiver, []).append(seconds)
            evidence += [seen[ping], seen[pong]]
    direct, over = trips.get("server", []), trips.get("network", [])
    if not direct or not over:
        return unmeasured(expected, "no ping was answered both ways, straight and over the network")
    middle = statistics.median(over)
    observed = f"{1000 * middle:.1f} ms over the network, {1000 * statistics.median(direct):.1f} ms straight (medians)"
    ok = min(over) >= 2 * delay and statistics.median(direct) < middle
    ratio = middle / delay if delay else 0
    words = steps.ROUND_TRIPS[0 if ratio < 1.5 else 1 if ratio < 3.2 else 2]
    return Finding(ok, expected, observed, _lines(evidence), {"round-trip": words})


# STOMP.


def _sessions(tape: Tape) -> list[tuple[str, tuple[int, int], tuple[int, int], list[SeenFrame]]]:
    """The STOMP sessions: what CONNECT and CONNECTED say of heart-beats, and all frames of the connection."""
    found = []
    for conn in opened(tape, "/ws"):
        seen = [each for each in frames(tape, conn=conn) if each.frame.opcode == TEXT]
        said = {each.sender: match for each in reversed(seen) if (match := _heart_beat(each)) is not None}
        if len(said) == 2 and seen:
            other = next(name for name in said if name != "client")
            found.append((conn, said["client"], said[other], seen))
    return found


def _heart_beat(seen: SeenFrame) -> tuple[int, int] | None:
    if not seen.frame.payload.startswith(b"CONNECT"):
        return None
    match = _HEART_BEAT.search(seen.frame.payload)
    return parse_heart_beat(match[1].decode()) if match else None


def _is_beat(seen: SeenFrame) -> bool:
    return not seen.frame.payload.strip(b"\r\n")


def _negotiated(tape: Tape) -> Finding:
    """The larger of what one side can send and the other would like; a beat may come early, and late by the load."""
    expected = "the broker's beats come at the larger of the two numbers"
    for _, client, broker, seen in _sessions(tape):
        beats = [each for each in seen if each.sender != "client" and _is_beat(each)]
        agreed = agree(broker[0], client[1])
        if not agreed or agreed == client[1] == broker[0] or len(beats) < 2:
            continue
        times = [each.traced.message.t for each in beats]
        gap = 1000 * statistics.median(late - early for early, late in pairwise(times))
        heads = [each for each in seen if each.frame.payload.startswith(b"CONNECT")]
        expected = f"every {agreed} ms: the larger of the broker's {broker[0]} and the client's {client[1]}"
        observed = f"{count(len(beats), 'beat')}, {gap:.0f} ms apart (median)"
        ok = 0.8 * agreed <= gap <= 1.5 * agreed
        return Finding(ok, expected, observed, _lines([*heads, *beats]), {"broker-beats-every": agreed} if ok else {})
    return unmeasured(expected, "no session with two different numbers got two beats")


def _timeout_multiple(tape: Tape) -> Finding:
    """From the last byte of a client that promised beats to the broker's ERROR or close frame."""
    expected = f"let go after {steps.MULTIPLE} of its intervals, and before another has passed"
    for conn, client, broker, _ in _sessions(tape):
        seen = frames(tape, conn=conn)
        promised = agree(client[0], broker[1])
        own = [each for each in seen if each.sender == "client"]
        texts = [each for each in own if each.frame.opcode == TEXT]
        if not promised or len(texts) != 1:
            continue  # it went on beating
        end = next((each for each in seen if each.sender != "client" and _ends(each)), None)
        if end is None:
            return Finding(False, expected, "the broker did not let it go", _lines(texts))
        silence = end.traced.message.t - texts[-1].traced.message.t
        multiple = silence * 1000 / promised
        observed = f"{silence:.2f} s of silence, {multiple:.1f} of {promised} ms"
        observed += f"; at Spring's {steps.SPRING_INTERVAL / 1000:g} s that is {steps.MULTIPLE * 10} to 40 s"
        ok = steps.MULTIPLE <= multiple < steps.MULTIPLE + 1
        return Finding(ok, expected, observed, _lines([texts[-1], end]), {"intervals-of-silence": int(multiple)})
    return unmeasured(expected, "no client fell silent after it promised beats")


def _ends(seen: SeenFrame) -> bool:
    return seen.frame.opcode == 8 or seen.frame.payload.startswith(b"ERROR")


# The matrix.


def _kernel_answers(row: Row) -> tuple[bool, str, tuple[int, ...]]:
    """Whether TCP keepalive noticed nothing, for longer than it needs, while ACKs came after the fault."""
    blind, ack = row.cells.get(steps.KEEPALIVE), row.value(steps.TITLE_ACK, steps.KEEPALIVE)
    if blind is None:
        return False, "TCP keepalive was not watched", ()
    if blind.noticed or ack is None:
        return False, f"TCP keepalive noticed after {blind.seconds:.1f} s", (row.line, blind.line)
    since = blind.seconds - ack[1] / 1000  # from the fault to the last ACK
    observed = (
        f"nothing noticed in {blind.seconds:.1f} s; the last ACK came {ack[1]:.0f} ms before, {since:.1f} s after the "
        "fault"
    )
    ok = blind.seconds > steps.KEEPALIVE_SECONDS and since > 0
    return ok, observed, (row.line, blind.line, ack[0])


def _detects(row: Row, detector: str, expected: str, who: str = "") -> Finding:
    """Whether the detector noticed, and really had asked without an answer."""
    found, passed = row.cells.get(detector), row.after(detector)
    if found is None or not passed.asked:
        return unmeasured(expected, NOT_BROKEN if found is None else f"no {detector} was sent after the fault")
    observed = f"{count(len(passed.asked), detector)}, {count(len(passed.answered), 'answer')}"
    observed += f"; noticed after {found.seconds:.2f} s" if found.noticed else f"; nothing in {found.seconds:.1f} s"
    measured = {who: row.noticed_by} if who and row.noticed_by else {}
    ok = found.noticed and not passed.answered
    return Finding(ok, expected, observed, (row.line, found.line, *passed.lines), measured)


def _frozen_keepalive_blind(tape: Tape) -> Finding:
    expected = f"nothing noticed in {steps.KEEPALIVE_SECONDS} s and more, and ACKs go on coming"
    row = Row(tape, steps.FROZEN, "freeze")
    line, state = row.state("server")
    if not row.cells or state != "frozen":
        return unmeasured(expected, f"the server was {state}")
    ok, observed, lines = _kernel_answers(row)
    return Finding(ok, expected, observed, (line, *lines))


def _frozen_ping_detects(tape: Tape) -> Finding:
    return _detects(Row(tape, steps.FROZEN, "freeze"), steps.PING, "pings without a pong", "frozen-noticed-by")


def _deadlock_ping_blind(tape: Tape) -> Finding:
    expected = "every ping has its pong, while no heart-beat has an answer"
    row = Row(tape, steps.DEADLOCK, "deadlock")
    blind, pings, beats = row.cells.get(steps.PING), row.after(steps.PING), row.after(steps.BEAT)
    if blind is None or not pings.asked or not beats.asked:
        return unmeasured(expected, NOT_BROKEN)
    observed = f"{count(len(pings.asked), 'ping')}, {count(len(pings.answered), 'pong')} in {blind.seconds:.1f} s"
    observed += f"; {count(len(beats.asked), 'heart-beat')}, {count(len(beats.answered), 'answer')}"
    # The last ping may be on its way when one stops watching.
    answered = 0 < len(pings.asked) <= len(pings.answered) + 1
    ok = not blind.noticed and answered and not beats.answered
    return Finding(ok, expected, observed, (row.line, blind.line, *pings.lines, *beats.lines))


def _deadlock_application_detects(tape: Tape) -> Finding:
    row = Row(tape, steps.DEADLOCK, "deadlock")
    return _detects(row, steps.BEAT, "heart-beats without an answer", "deadlock-noticed-by")


def _blackhole_data_in_flight(tape: Tape) -> Finding:
    expected = "keepalive notices on an idle connection, not with data in flight; a user timeout does"
    row = Row(tape, steps.BLACK_HOLE, "black-hole")
    idle = row.cells.get(steps.KEEPALIVE)
    strained, timed = (row.strained.get(name) for name in (steps.IN_FLIGHT, steps.USER_TIMED))
    unacked = row.value(steps.TITLE_UNACKED, steps.KEEPALIVE, steps.IN_FLIGHT)
    if idle is None or strained is None or timed is None:
        return unmeasured(expected, NOT_BROKEN)
    observed = "; ".join(
        f"{name} {'after' if each.noticed else 'nothing in'} {each.seconds:.1f} s"
        for name, each in (("idle", idle), ("in flight", strained), ("user timeout", timed))
    )
    waits = not strained.noticed and unacked is not None and unacked[1] >= 1 and strained.seconds > idle.seconds
    lines = (row.line, idle.line, strained.line, timed.line, *([unacked[0]] if unacked else ()))
    measured = {"in-flight": "yes" if strained.noticed else "no"}
    if row.noticed_by:
        measured["black-hole-noticed-by"] = row.noticed_by
    return Finding(idle.noticed and waits and timed.noticed, expected, observed, lines, measured)


def _balancer_hop_hides(tape: Tape) -> Finding:
    expected = "the node is dead, and TCP keepalive of the client notices nothing; a ping does"
    row = Row(tape, steps.DEAD_SERVER, "power-loss")
    line, state = row.state("node")
    if not row.cells or state != "down":
        return unmeasured(expected, f"the node was {state}")
    ok, observed, lines = _kernel_answers(row)
    ping = _detects(row, steps.PING, expected, "hop-noticed-by")
    observed += f"; pings: {ping.observed}"
    return Finding(ok and bool(ping.ok), expected, observed, (line, *lines, *ping.evidence), ping.measured)


# The idle timer.


def _open_for(tape: Tape, name: str) -> tuple[int, Metric] | None:
    """How long a connection behind the idle timer was open."""
    wanted = cell(steps.TITLE_OPEN, name, "")
    found = [(line, metric) for line, metric in tape.of(Metric) if metric.name.startswith(wanted)]
    return found[-1] if found else None


def _idle_of(tape: Tape) -> float:
    return next((float(str(event.knobs.get("idle", 0))) for _, event in tape.of(LabStarted)), 0.0)


def _idle_cut(tape: Tape) -> Finding:
    idle = _idle_of(tape)
    expected = f"the silent one is cut after {idle:g} s, the one with TCP keepalive too: its probes carry no data"
    found = {name: _open_for(tape, name) for name in (steps.SILENT, steps.KEEPALIVE)}
    told, lines, ok = [], [], True
    for name, each in found.items():
        if each is None:
            return unmeasured(expected, f"{name} was not watched")
        line, metric = each
        conn = next(iter(opened(tape, request_path(steps.IDLE, name))[-1:]), "")
        times = [traced.message.t for traced in tape.messages(conn=conn)] or [metric.t]
        # The timer began between the request and its answer, as the client saw them.
        most, least = metric.t - min(times), metric.t - max(times)
        told.append(f"{name}: {most:.1f} {metric.unit}")
        passed = [seen for seen in frames(tape, conn=conn) if seen.frame.opcode in (PING, PONG, TEXT)]
        ok = ok and metric.unit == steps.CUT and least < 2 * idle and most >= 0.98 * idle and not passed
        lines += [line, *(line for traced in tape.messages(conn=conn) for line in traced.lines)]
    return Finding(ok, expected, "; ".join(told), tuple(lines))


def _ping_keeps_alive(tape: Tape) -> Finding:
    idle = _idle_of(tape)
    expected = f"still open, and answered, well after {idle:g} s"
    found = _open_for(tape, steps.PING)
    conn = next(iter(opened(tape, request_path(steps.IDLE, steps.PING))[-1:]), "")
    begun = next((traced.message.t for traced in tape.messages(conn=conn)), 0.0)
    pongs = [each for each in frames(tape, conn=conn) if each.frame.opcode == PONG]
    if found is None or not pongs:
        return unmeasured(expected, "no ping was answered behind the idle timer")
    line, metric = found
    last = pongs[-1].traced.message.t - begun
    observed = f"{metric.value:.1f} {metric.unit}; {count(len(pongs), 'pong')}, the last after {last:.1f} s"
    ok = metric.unit == steps.OPEN and last > 1.5 * idle
    return Finding(ok, expected, observed, (line, *_lines(pongs)), {"idle-survivors": _survivors(tape)})


def _survivors(tape: Tape) -> str:
    alive = [name for name in (steps.SILENT, steps.KEEPALIVE, steps.PING) if _is_open(tape, name)]
    if alive == [steps.PING]:
        return steps.SURVIVORS[1]
    return steps.SURVIVORS[{0: 0, 2: 2}.get(len(alive), 3)]


def _is_open(tape: Tape, name: str) -> bool:
    found = _open_for(tape, name)
    return found is not None and found[1].unit == steps.OPEN


VERDICTS: dict[str, Judge] = {
    "pong-echoes": _pong_echoes,
    "round-trip": _round_trip,
    "negotiated-interval": _negotiated,
    "timeout-multiple": _timeout_multiple,
    "frozen-keepalive-blind": _frozen_keepalive_blind,
    "frozen-ping-detects": _frozen_ping_detects,
    "deadlock-ping-blind": _deadlock_ping_blind,
    "deadlock-application-detects": _deadlock_application_detects,
    "blackhole-data-in-flight": _blackhole_data_in_flight,
    "balancer-hop-hides": _balancer_hop_hides,
    "idle-cut": _idle_cut,
    "ping-keeps-alive": _ping_keeps_alive,
}
