"""What a broker has counted since it was made: plain integers, for a driver to publish as metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """All but the gauges (`sessions`, `connected`, `slow`, `queued`, `unacknowledged`) only ever grow."""

    sessions: int = 0  # open, CONNECTed or not
    connected: int = 0
    slow: int = 0  # sessions whose socket is not taking more
    queued: int = 0  # messages waiting in queues
    unacknowledged: int = 0
    frames_in: int = 0
    messages_in: int = 0  # SENDs that took effect
    messages_out: int = 0  # MESSAGEs to subscribers
    redelivered: int = 0
    dead_lettered: int = 0
    expired: int = 0  # messages that waited too long
    dropped: int = 0  # of slow consumers
    errors: int = 0  # ERROR frames
