"""What the learner reads and predicts in the failover lab, step by step. The verdicts measure each prediction."""

from __future__ import annotations

from labs.stage import Ask, Plan

NODES = ("node-1", "node-2", "node-3")
READERS = ("ann", "bo", "cy", "di", "eli", "flo")
PRESS = "press"  # who publishes, by way of the balancer like everybody
NEWS, OPEN_TOPIC, ALONE_TOPIC, CUT_TOPIC = "/topic/news", "/topic/open", "/topic/alone", "/topic/cut"
PRIVATE = "/queue/private"  # of each user
ALONE = ("alone-1", "alone-2")
ALONE_MESSAGES, MARKER = 10, "the last"
TELL, DEREGISTER = "tell", "deregister"  # the two halves of taking a node out
CUT, JOIN = "cut-off", "joined-again"  # a node and the store

CROWD = 200  # real clients for each kind of jitter
CEILING = 2.0  # seconds that each of these waits, as its jitter has it
MODELLED = 100_000
MODEL_BASE, MODEL_CAP, MODEL_ATTEMPTS = 1.0, 60.0, 6  # seconds, seconds, attempts that all fail
SEED = 2026
JITTER_NAMES = {"none": "no jitter", "second": "0-1 s on top", "full": "full jitter"}

CUT_SECONDS = 2.0
CUT_METRICS = ("published by pub/sub during the cut", "received of them")

SAME, OTHER = "to the same node", "to another node"
MOVES, STAYS, CLOSES = "they move to another node", "they stay where they are", "they are closed"

COOKIE = Plan(
    "cookie",
    "Who goes where",
    f"{len(READERS)} readers and a publisher come by way of the balancer, which gives each to the node with the fewest "
    "connections. Look at the Set-Cookie in the 101. Then all are cut off and return; look at the Cookie.",
    (Ask("sticky-node", "Where does a client that returns with its cookie go?", "choice", (OTHER, SAME)),),
)
OPEN = Plan(
    "open",
    "The socket that is open",
    "The balancer is told to give one node nothing new, as before a deployment. Clients that have a WebSocket open "
    "there go on sending.",
    (Ask("open-moves", "What becomes of the frames on the sockets that are open?", "choice", (MOVES, STAYS, CLOSES)),),
)
KILL = Plan(
    "kill",
    "A node dies",
    "Messages are published all the time. The node that the publisher is on is killed with SIGKILL. Look at who "
    "notices what, and where everybody goes. Each client knows the last sequence number that it saw; the publisher "
    "sends what had no receipt again, under the same idempotency-key.",
    (
        Ask("kill-code", "Which close code do its clients see?", "choice", ("1000", "1001", "1006", "1012")),
        Ask("kill-lost", "How many messages are lost to a reader in the end?", "number", unit="messages"),
    ),
)
RELAY_OFF = Plan(
    "relay-off",
    "Nodes that do not know each other",
    f"Two nodes with nothing between them, and a reader on each. {ALONE_MESSAGES} messages are published on the first.",
    (Ask("alone-received", "How many does the reader on the second get?", "number", unit="messages"),),
)
HERD = Plan(
    "herd",
    "Everybody comes back",
    f"{CROWD} clients of each kind lose their server at the same moment, and wait {CEILING:g} s as their jitter has "
    "it: exactly so long; so long and up to a second more; or anything up to so long. Then the same for "
    f"{MODELLED:,} clients in a MODEL.",
    (
        Ask("herd-peak", f"Full jitter: how many of {CROWD} in the busiest 100 ms?", "number", unit="arrivals"),
        Ask("herd-worst", "Whose busiest 100 ms has the most arrivals?", "choice", tuple(JITTER_NAMES.values())),
    ),
)
DRAIN = Plan(
    "drain",
    "A node is taken out for a deployment",
    "First the wrong way round: the node tells its clients to come back (1012), and only then the balancer gives it "
    "nothing new. Then another node, the right way round.",
    (Ask("drain-returns", "Told first: where do its clients go when they come back?", "choice", (SAME, OTHER)),),
)
STORE = Plan(
    "store",
    "Two seconds without the store",
    f"One node is cut off from the store for {CUT_SECONDS:g} s, while messages are published on another. Its readers "
    "keep their connections to it. Beside it, somebody is subscribed by plain Redis pub/sub over the same broken way.",
    (Ask("store-lost", "How many of the messages of the cut does plain pub/sub deliver?", "number", unit="messages"),),
)
FREE = Plan(
    "free",
    "Break it yourself",
    "Kill a node, freeze and thaw one, take one out, restart it, or cut one off from the store: as often as you like, "
    "and the next while the last one lasts. Messages are published meanwhile. The verdicts are judged again as soon as "
    "everybody is back.",
)
