"""The claim on the herd, computed from the arrivals on the tape; that on the modelled one from the model's metrics."""

from __future__ import annotations

import random

from labs.findings import Finding, unmeasured
from labs.recording import Tape
from labs.rules.herd import JITTERS, half, histogram, peak, waits
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_crowd import MODEL, part_of
from labs.scenarios.reading import Exchange, exchanges
from labs.tape import FaultInjected, Metric

WIDER = 1.25  # than the other crowds: about twice is what was drawn


def arrivals(tape: Tape) -> dict[str, list[tuple[float, Exchange]]]:
    """When the clients of each jitter came back the last time, in seconds after their server was killed."""
    found: dict[str, list[tuple[float, Exchange]]] = {jitter: [] for jitter in JITTERS}
    kills = [event for _, event in tape.of(FaultInjected) if event.target in steps.ALONE]
    if not kills:
        return found
    dead, killed = kills[-1].target, kills[-1].t
    parts = {part_of(jitter): jitter for jitter in JITTERS}
    for each in exchanges(tape, server=next(node for node in steps.ALONE if node != dead)):
        message = each.request.message
        if message.sender in parts and message.t > killed:
            found[parts[message.sender]].append((message.t - killed, each))
    return found


def unsteadiness(tape: Tape) -> float:
    """Seconds by which a busy machine woke some clients later than others: between the 5th and the 95th of 100."""
    draw = random.Random(steps.SEED).random
    meant: dict[str, list[float]] = {
        jitter: sorted(waits(jitter, steps.CROWD, steps.CEILING, draw)) for jitter in JITTERS
    }
    spreads = [0.0]
    for jitter, came in arrivals(tape).items():
        if came and jitter != "none":  # whose clients are in each other's way, as they should be
            pairs = zip(sorted(t for t, _ in came), meant[jitter], strict=False)
            late = sorted(t - wanted for t, wanted in pairs)
            spreads.append(late[len(late) * 19 // 20] - late[len(late) // 20])
    return max(spreads)


def shown(tape: Tape) -> list[str]:
    """A histogram of each, one bar for 100 ms."""
    until = steps.CEILING + 1.5
    return [
        f"{steps.JITTER_NAMES[jitter]:14} {histogram([t for t, _ in came], until)}"
        for jitter, came in arrivals(tape).items()
    ]


def herd_flattened(tape: Tape) -> Finding:
    expected = (
        "on the wire full jitter has a lower peak than none, and spreads its crowd wider than both; in the MODEL's "
        "last attempt its peak is far below both"
    )
    came = arrivals(tape)
    modelled = _modelled(tape)
    if any(len(each) < steps.CROWD for each in came.values()) or any(not each for each in modelled.values()):
        return unmeasured(expected, "not all of the crowd came back, or nothing was modelled")
    peaks = {jitter: peak(t for t, _ in each) for jitter, each in came.items()}
    last = {jitter: int(each[-1][1].value) for jitter, each in modelled.items()}
    names = steps.JITTER_NAMES
    spread = {jitter: half(t for t, _ in each) for jitter, each in came.items()}
    observed = f"busiest 100 ms, and half of {steps.CROWD} within: "
    observed += ", ".join(f"{names[jitter]} {peaks[jitter]}, {spread[jitter]:.2f} s" for jitter in JITTERS)
    observed += "; MODEL: " + ", ".join(f"{last[jitter]:,}" for jitter in JITTERS)
    # A machine that wakes many late makes a peak of its own, but does not draw a crowd together, or apart, by half.
    wider = spread["full"] > WIDER * max(spread["second"], spread["none"])
    ok = peaks["full"] < peaks["none"] and wider and 10 * last["full"] < last["second"] < last["none"]
    evidence = [line for each in came.values() for _, exchange in each for line in exchange.request.lines]
    evidence += [line for each in modelled.values() for line, _ in each]
    worst = max(JITTERS, key=lambda jitter: peaks[jitter])
    return Finding(ok, expected, observed, tuple(evidence), {"herd-peak": peaks["full"], "herd-worst": names[worst]})


def _modelled(tape: Tape) -> dict[str, list[tuple[int, Metric]]]:
    return {
        jitter: [
            (line, event)
            for line, event in tape.of(Metric)
            if event.name.startswith(MODEL) and event.part == part_of(jitter)
        ]
        for jitter in JITTERS
    }
