"""What the learner reads and predicts in the stomp lab, step by step. The verdicts measure each prediction."""

from __future__ import annotations

from collections.abc import Sequence

from labs.stage import Ask, Plan

VERSIONS = ("1.0", "1.1", "1.2")
UNKNOWN_VERSION = "9.9"

LOG = "/topic/log"
NEWS, MISSED = "/topic/news", "/topic/missed"
JOBS, BATCH, DEAD = "/queue/jobs", "/queue/batch", "/queue/dead-letter"
ACCOUNT, ESCAPES, TIME = "/topic/account", "/topic/escapes", "/app/time"
REPLIES = "/queue/replies"

IN_BATCH, ACKNOWLEDGED = 5, 3
MISSED_BEFORE = 3

# A header whose value would end it, and begin another one, wherever it is not escaped.
NOTE = "note"
TRICKY = "a:b\\c\nadmin:true"

SEND, MESSAGE, RECEIPT = "SEND", "MESSAGE", "RECEIPT"
CONNECTED_ANYWAY, ERROR_AND_CLOSE, SILENCE = "CONNECTED all the same", "ERROR, then a close", "no answer"
AGAIN, LOST = "delivered again, to the other worker", "lost"
BURIED, FOR_EVER, DROPPED = "in /queue/dead-letter", "delivered again for ever", "dropped"
DEBIT, CREDIT, MEANWHILE = "debit 100", "credit 100", "meanwhile"
ANNA_ALONE, BOTH, NOBODY = "anna alone", "anna and ben", "nobody"
READS_ALONG, REFUSED, HEARS_NOTHING = "alice's messages", "ERROR, then a close", "nothing, but no error"


def offered(best: str) -> tuple[str, ...]:
    """The versions that a client offers whose best is `best`."""
    return VERSIONS[: VERSIONS.index(best) + 1]


def connect(best: str) -> Plan:
    return Plan(
        "connect",
        "CONNECT and CONNECTED",
        f"The WebSocket is open; now the STOMP session. anna offers {_listed(offered(best))} in accept-version; "
        f"another client, old, only {UNKNOWN_VERSION}. Look at version, session and heart-beat in the answers.",
        (
            Ask("negotiated", "Which version does anna's CONNECTED name?", "choice", VERSIONS),
            Ask(
                "unknown-version",
                f"What does the client that offers only {UNKNOWN_VERSION} get?",
                "choice",
                (CONNECTED_ANYWAY, ERROR_AND_CLOSE, SILENCE),
            ),
        ),
    )


FRAME = Plan(
    "frame",
    "A frame, and its receipt",
    f"anna subscribes to {LOG} and SENDs to it herself, asking for a receipt. Look at the frame: command, headers, a "
    "blank line, the body, one byte that ends it.",
    (
        Ask("last-byte", "Which byte ends a STOMP frame?", "bytes"),
        Ask("receipt-order", "In which order do these pass on anna's connection?", "order", (RECEIPT, MESSAGE, SEND)),
    ),
)
TOPIC = Plan(
    "topic",
    "A topic",
    f"anna is subscribed to {NEWS} once, ben twice, under two ids. anna SENDs one message to it.",
    (Ask("topic-frames", "How many MESSAGE frames come of this one SEND?", "number", unit="frames"),),
)
LATE = Plan(
    "late",
    "A late subscriber",
    f"anna SENDs {MISSED_BEFORE} messages to {MISSED} while nobody is subscribed. Then carl subscribes, and anna SENDs "
    "one more.",
    (Ask("late-received", f"How many of the {MISSED_BEFORE + 1} messages does carl get?", "number", unit="messages"),),
)


def queue(jobs: int, early: int) -> Plan:
    return Plan(
        "queue",
        "A queue",
        f"anna SENDs {early} jobs to {JOBS} while nobody is subscribed. Then two workers subscribe, each a process of "
        f"its own, and anna SENDs {jobs - early} more.",
        (Ask("queue-frames", f"How many MESSAGE frames carry the {jobs} jobs?", "number", unit="frames"),),
    )


KILL = Plan(
    "kill",
    "Killed between delivery and ACK",
    "One more job, a long one. The worker that has it is killed (SIGKILL) before it acknowledges. Look at which header "
    "the broker adds.",
    (Ask("killed-job", "What becomes of the job?", "choice", (AGAIN, LOST)),),
)
NACK = Plan(
    "nack",
    "NACK",
    "A job that every worker refuses: each delivery of it is answered with NACK.",
    (Ask("refused-job", "Where does the job end?", "choice", (FOR_EVER, BURIED, DROPPED)),),
)
CUMULATIVE = Plan(
    "cumulative",
    "ack:client is cumulative",
    f"first subscribes to {BATCH} with ack:client and gets {IN_BATCH} messages. It acknowledges only number "
    f"{ACKNOWLEDGED}; then its connection is cut. Now second subscribes.",
    (Ask("batch-again", f"How many of the {IN_BATCH} does second get?", "number", unit="messages"),),
)
TRANSACTION = Plan(
    "transaction",
    "A transaction",
    f"anna is subscribed to {ACCOUNT}. She BEGINs a transaction, SENDs {DEBIT!r} and {CREDIT!r} in it, then "
    f"{MEANWHILE!r} outside of it, then COMMITs. A second transaction she ABORTs.",
    (Ask("transaction-order", "In which order do they arrive?", "order", (DEBIT, CREDIT, MEANWHILE)),),
)
APPLICATION = Plan(
    "application",
    "SUBSCRIBE as a question",
    f"{TIME} is no topic but a handler of the application (Spring: @SubscribeMapping). ben subscribes to it, then anna "
    "does.",
    (Ask("app-reply", "Who gets a MESSAGE when anna subscribes?", "choice", (ANNA_ALONE, BOTH, NOBODY)),),
)


def user(sessions: int) -> Plan:
    return Plan(
        "user",
        "One user, several sessions",
        f"alice has {sessions} sessions, as in {sessions} tabs; ben has one. All subscribe to /user{REPLIES}. One of "
        "alice's sessions SENDs to /app/me, whose handler answers the user (Spring: @SendToUser). Then ben SENDs to "
        f"/user/alice{REPLIES} (convertAndSendToUser).",
        (Ask("user-sessions", "How many sessions get the answer of /app/me?", "number", unit="sessions"),),
    )


TRANSLATED = Plan(
    "translated",
    "What /user becomes",
    f"/user{REPLIES} is {REPLIES}-user{{session}}, for each session another one; CONNECTED told each its id. alice-1 "
    "SENDs to that name of her own. Then eve, who has seen the id, subscribes to it.",
    (Ask("eavesdropper", "What does eve get?", "choice", (READS_ALONG, REFUSED, HEARS_NOTHING)),),
)
ESCAPE = Plan(
    "escape",
    "One header, three versions",
    f"Three subscribers of {ESCAPES} speak 1.0, 1.1 and 1.2. The last SENDs a header whose value holds a colon, a "
    "backslash and a line feed. Look at the bytes that each gets.",
    (Ask("colon-1.1", "Which bytes stand for the colon in the frame of the 1.1 subscriber?", "bytes"),),
)


def free_play(address: str) -> Plan:
    return Plan(
        "free-play",
        "Free play",
        "Kill a worker, be late, refuse a job; the verdicts go on being judged. A client of your own may join: "
        f"ws://{address}/ws.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
