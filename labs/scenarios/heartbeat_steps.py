"""What the learner reads and predicts in the heart-beat lab, step by step. The verdicts measure each prediction."""

from __future__ import annotations

from labs.stage import Ask, Plan

KEEPALIVE, PING, BEAT = "TCP keepalive", "ping", "heart-beat"
IN_FLIGHT, USER_TIMED, SILENT = "data in flight", "same with user timeout", "silent"
DETECTORS = (KEEPALIVE, PING, BEAT)
FROZEN, DEADLOCK, BLACK_HOLE, DEAD_SERVER = "frozen process", "deadlocked worker", "black hole", "dead behind balancer"

KEEP_IDLE, KEEP_EVERY, KEEP_COUNT = 1, 1, 1  # seconds, seconds, probes: the smallest that the kernel takes
KEEPALIVE_SECONDS = KEEP_IDLE + KEEP_EVERY * KEEP_COUNT
USER_TIMEOUT = 1.0  # seconds
PAYLOADS = (b"", b"beat", bytes(range(125)))  # of pings: none, some, and as much as a control frame has room for
SPRING_INTERVAL = 10_000  # ms, the default of Spring's simple broker with a scheduler
INTERVAL = 300  # ms, which stands for it here
CLIENT_SENDS, CLIENT_WANTS = 100, 400  # ms, what the client's CONNECT offers and asks for
MULTIPLE = 3
IDLE_TIMER = 60.0  # s, the default of a cloud balancer

IDLE = "idle timer"
TITLE_UNACKED, SEGMENTS = "in flight, not acknowledged", "segments"
TITLE_DETECT, TITLE_INTERVAL, TITLE_ACK = "time to detect", "time to detect against interval", "since the last ACK"
TITLE_OPEN = "open behind the idle timer"
BLIND, SECONDS, MILLISECONDS = "s, blind", "s", "ms"
CUT, OPEN = "s, cut", "s, open"

ALL, ABOVE_TCP, ONLY_BEAT, ONLY_KEEPALIVE, NOBODY = (
    "all three", "ping and heart-beat", "only the heart-beat", "only TCP keepalive", "none of them",
)  # fmt: skip
_WHO = (ALL, ABOVE_TCP, ONLY_BEAT, ONLY_KEEPALIVE, NOBODY)
SURVIVORS = ("nobody", "the one with ping", "the ones with keepalive and ping", "all three")
ROUND_TRIPS = ("about the delay of one way", "about twice that", "about four times that")


def _who(id: str) -> Ask:
    return Ask(f"{id}-noticed-by", "Which of the three notice?", "choice", _WHO)


def who(noticed: frozenset[str]) -> str | None:
    """The option for those who noticed; None for a set that is none of them."""
    sets = {
        frozenset(DETECTORS): ALL, frozenset((PING, BEAT)): ABOVE_TCP, frozenset((BEAT,)): ONLY_BEAT,
        frozenset((KEEPALIVE,)): ONLY_KEEPALIVE, frozenset[str](): NOBODY,
    }  # fmt: skip
    return sets.get(noticed)


KEEPALIVE_SCALE = (
    f"SCALED: TCP keepalive probes after {KEEP_IDLE} s, then every {KEEP_EVERY} s, and gives up after {KEEP_COUNT}, so "
    f"after {KEEPALIVE_SECONDS} s of silence. The defaults of Linux, once it is switched on: 7,200 s, 75 s, 9 probes, "
    "so after 2 h 11 min."
)
PINGS = Plan(
    "ping",
    "A ping and its pong",
    "The client sends pings with three payloads straight to the server, then over a network that delays every byte. "
    "Compare the payloads, and the times.",
    (Ask("round-trip", "How long does a ping take over the network, each way delayed?", "choice", ROUND_TRIPS),),
)
STOMP = Plan(
    "stomp",
    "STOMP heart-beats",
    f"The client offers heart-beat:{CLIENT_SENDS},{CLIENT_WANTS}, the broker {INTERVAL},{INTERVAL}: what each can "
    f"send, and what it would like to get, in ms. Then a second client promises a beat every {INTERVAL} ms, and falls "
    "silent.",
    (
        Ask("broker-beats-every", "Which interval do they agree on for the broker's beats?", "number", unit="ms"),
        Ask("intervals-of-silence", "After how many whole intervals is the silent client let go?", "number"),
    ),
)
SPRING_SCALE = (
    f"SCALED: the broker behaves as Spring's simple broker does, with {INTERVAL} ms for its {SPRING_INTERVAL:,} ms, "
    f"1 to {SPRING_INTERVAL / INTERVAL:.0f}."
)
FREEZE = Plan(
    "frozen",
    "A frozen process",
    "The server is stopped where it stands (SIGSTOP), as in a long pause of the garbage collector or of its host. "
    "Connections with TCP keepalive, with pings and with a heart-beat of the application watch it; the latter two give "
    "up after two intervals without an answer.",
    (_who("frozen"),),
)
LOCK = Plan(
    "deadlock",
    "A deadlocked worker",
    "Two threads of the server take two locks in opposite order: its worker stands still for ever. The loop that reads "
    "the connections lives.",
    (_who("deadlock"),),
)
HOLE = Plan(
    "black-hole",
    "A black hole",
    "From now on no packet comes back, as when a cable is pulled or a firewall forgets. One more connection has data "
    f"in flight, and one more such has TCP_USER_TIMEOUT at {USER_TIMEOUT:g} s.",
    (
        _who("black-hole"),
        Ask("in-flight", "Does TCP keepalive notice with data in flight, too?", "choice", ("yes", "no")),
    ),
)
HOLE_STAND_IN = (
    "STAND-IN: a relay that stops forwarding takes the black hole's place. Its own kernel still acknowledges, as a "
    "balancer's does, so TCP keepalive is not judged by it."
)
BALANCED = Plan(
    "balancer",
    "Behind a balancer",
    "The server behind a balancer loses its power: it is killed, and no packet of its end gets through. At the same "
    "time three clients sit behind another balancer with an idle timer: one is silent, one has TCP keepalive, one "
    "pings.",
    (
        _who("hop"),
        Ask(
            "idle-survivors", "Who is still connected after twice the idle timer?", "choice", SURVIVORS,
        ),
    ),
)  # fmt: skip
FREE = Plan(
    "free-play",
    "Your turn",
    "Break something, as often as you like, and turn the knob interval meanwhile: that row of the matrix is measured "
    "anew, and its verdicts are judged again.",
)


def idle_scale(idle: float) -> str:
    """What the idle timer stands for."""
    return (
        f"STAND-IN: the balancer with an idle timer of {idle:g} s stands for a cloud balancer's {IDLE_TIMER:g} s, "
        f"1 to {IDLE_TIMER / idle:.0f}. It is not one: read its vendor's manual beside this."
    )
