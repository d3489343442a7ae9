"""What the learner reads and predicts in the replay lab, step by step. The verdicts measure each prediction."""

from __future__ import annotations

from labs.stage import Ask, Plan

AWAY, RETURN, ORDER, OLD = "/topic/away", "/topic/return", "/topic/order", "/topic/old"
ROOM, AGED, EXPIRING = "/topic/room", "/topic/aged", "/topic/expiring"
# Ids of subscriptions. A reader's: for what it missed, for what comes. A member's: before the crash; afterwards from
# the pending set, or from a cursor.
HISTORY, LIVE = "history", "live"
JOINED, PENDING, CURSOR = "joined", "pending", "cursor"

MEMBERS, WRITES = 20, 8  # of the room; how many are written the message before the server dies
WRITES_METRIC = "writes until the kill"
SEEN = "members that see "  # and a close code
AGE = 1.5  # seconds that the room keeps a message
OVERFLOW = 20  # messages more than the buffer holds

NONE_MISSING, BETWEEN, ALL_AFTER = "none", "those published between its two frames", "all after the history"
GAP_TOLD, OLDEST, ERROR = "a message that tells which are gone", "the oldest that it still has", "an ERROR frame"
YOUNG, EVERYTHING, NOTHING = "only the young ones", "all of them", "none"


def away(missed: int) -> Plan:
    return Plan(
        "away",
        "Away, without a word",
        f"A reader of {AWAY} is cut off. Meanwhile {missed} messages are published there, each confirmed to its sender "
        "by a RECEIPT. Then the reader comes back and subscribes again, as it did the first time.",
        (Ask("away-received", f"How many of the {missed} does it get?", "number", unit="messages"),),
    )


def comes_back(missed: int) -> Plan:
    return Plan(
        "return",
        "Back with a cursor",
        f"The same, but the reader remembers the last sequence number that it saw. It asks for what followed "
        f"(SUBSCRIBE with last-seen) on one subscription, {HISTORY}, and for what comes on another, {LIVE}; the "
        "knob says which first. Publishing goes on all the time. Look at the sequence numbers: what comes both ways is "
        "dropped.",
        (Ask("return-missing", f"{missed} were missed. How many are missing in the end?", "number", unit="messages"),),
    )


ORDERS = Plan(
    "order",
    "Subscribe first, or history first",
    "Two readers open the same topic while messages are published. One, called careful, subscribes and then asks for "
    "the history. The other, called hasty, asks for the history and then subscribes. Nobody is cut off.",
    (
        Ask(
            "order-missing",
            "Which messages does the hasty one miss?",
            "choice",
            (NONE_MISSING, BETWEEN, ALL_AFTER),
        ),
    ),
)


def too_old(buffer: int) -> Plan:
    return Plan(
        "old",
        "Away for too long",
        f"The broker keeps the latest {buffer} messages of a topic. A reader is cut off, {buffer + OVERFLOW} are "
        "published, and it comes back with its cursor.",
        (Ask("old-first", "What does the broker send first?", "choice", (OLDEST, GAP_TOLD, ERROR)),),
    )


CRASH = Plan(
    "crash",
    "Killed in the middle of a broadcast",
    f"A chat room with {MEMBERS} members. Its server puts every message into Redis, then writes it to the members one "
    f"by one. At message 2 it is killed with SIGKILL after {WRITES} writes. Look at what each member has, and how its "
    "connection ends.",
    (
        Ask("crash-received", f"How many of the {MEMBERS} have message 2?", "number", unit="members"),
        Ask(
            "crash-code",
            "Which close code does the API of a member tell?",
            "choice",
            ("1000", "1001", "1006", "1011"),
        ),
    ),
)
SHARED = Plan(
    "shared",
    "Restarted: one pending set for all",
    "The server starts again; Redis has everything. What is not acknowledged is in a pending set, shared by the room: "
    "who comes back gets it, and an ACK takes it out. A member that has message 2 already is the first to return, and "
    "acknowledges; then the others come, and message 3 is sent.",
    (Ask("shared-lost", f"How many of the {MEMBERS} never get message 2?", "number", unit="members"),),
)


def cursor(design: str) -> Plan:
    ways = {
        "cursor": "says the last number that it had when the server died",
        "shared": "says nothing, since the knob asks for the shared pending set",
    }
    return Plan(
        "cursor",
        "Restarted: a cursor for each member",
        f"The same members return from the same crash, to the same data in Redis; but each one {ways[design]}.",
        (Ask("cursor-lost", f"How many of the {MEMBERS} miss a message now?", "number", unit="members"),),
    )


TRIM = Plan(
    "trim",
    "Old messages out of a sorted set",
    f"The room's replay buffers are sorted sets in Redis. Messages are published for a while, and kept for {AGE:g} s. "
    f"That of {AGED} is trimmed by score (ZREMRANGEBYSCORE); that of {EXPIRING} has EXPIRE on its key, renewed with "
    "each message. Then somebody asks both for everything that they have.",
    (
        Ask(
            "trim-expiring",
            f"Some are older than {AGE:g} s, some younger. Which does the set with EXPIRE still hold?",
            "choice",
            (YOUNG, EVERYTHING, NOTHING),
        ),
    ),
)
FREE = Plan(
    "free",
    "Break it yourself",
    "Cut off the reader, or kill the room's server in the middle of a broadcast, as often as you like: the verdicts "
    "are judged again each time.",
)
