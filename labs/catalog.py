"""The list of labs. A scenario is imported only when it is run, so that listing costs nothing."""

from __future__ import annotations

from labs.lab import Fault, Knob, Lab

_TOKENS = r"(?!,)[!#$%&'*+.^_`|~0-9A-Za-z, -]*"
_VISIBLE = r"[!-~]*"

LABS: tuple[Lab, ...] = (
    Lab(
        name="handshake",
        title="The opening handshake",
        summary="A real client and a real server upgrade, byte by byte; then seven ways to be refused.",
        questions=("Q2",),
        module="labs.scenarios.handshake",
        verdicts={
            "key-16-bytes": "Sec-WebSocket-Key is 16 random bytes in Base64",
            "accept-key": "Sec-WebSocket-Accept is Base64(SHA-1(key + GUID)) of the key that was sent",
            "switch-101": "The server answers 101 Switching Protocols",
            "frames-after-101": "After the 101 the same connection carries WebSocket frames, not HTTP",
            "fresh-key": "Every handshake has a new key",
            "subprotocol": "The server picks one of the subprotocols that the client offered, or none",
            "missing-key-400": "A request without Sec-WebSocket-Key is answered 400",
            "old-version-426": "A version other than 13 is answered 426 with the versions that the server speaks",
            "foreign-origin-403": "A request from a foreign Origin is answered 403",
            "not-an-upgrade": "A plain GET is not upgraded",
            "echoed-key-refused": "A client refuses a server that merely echoes its key",
            "wrong-accept-refused": "A client refuses a wrong Sec-WebSocket-Accept",
            "replayed-101-refused": "A client refuses a 101 that was recorded from another handshake",
        },
        knobs=(
            Knob("client", "choice", "library", "who opens the connection", choices=("library", "browser")),
            Knob(
                "path",
                "text",
                "/echo",
                "the request target",
                pattern=r"/[!-~]*",
                takes="a path of visible ASCII that begins with /",
            ),
            Knob(
                "subprotocols",
                "text",
                "v12.stomp, v11.stomp",
                "the subprotocols offered, comma-separated, or nothing",
                pattern=_TOKENS,
                takes="names separated by commas, or nothing",
            ),
            Knob(
                "origin",
                "text",
                "http://localhost",
                "the Origin header of the request, or nothing",
                pattern=_VISIBLE,
                takes="visible ASCII, such as https://example.org, or nothing",
            ),
            Knob(
                "version",
                "text",
                "13",
                "Sec-WebSocket-Version, or nothing",
                pattern=_VISIBLE,
                takes="visible ASCII, such as 13, or nothing",
            ),
            Knob(
                "key",
                "text",
                "random",
                "Sec-WebSocket-Key: random, a value to send as it is, or nothing",
                pattern=_VISIBLE,
                takes="random, visible ASCII, or nothing",
            ),
            Knob("compression", "flag", "off", "offer permessage-deflate"),
        ),
    ),
    Lab(
        name="masking",
        title="Masking",
        summary="Every client frame under a key of its own, why that hides nothing, and the attack that it stops.",
        questions=("Q14",),
        module="labs.scenarios.masking",
        verdicts={
            "client-masks": "Every frame of the client is masked",
            "server-does-not": "No frame of the server is masked",
            "key-per-frame": "64 frames have 64 different masking keys",
            "unmask": "Payload XOR key, byte by byte, is what the server received",
            "smallest-frames": "The smallest frame has 2 bytes from the server and 6 from the client",
            "unmasked-refused": "A server closes on an unmasked frame with 1002",
            "masked-from-server-refused": "A client closes on a masked frame from the server",
            "not-secret": "Whoever has the bytes can read the text: the key travels with the frame",
            "poison-unmasked": "Without masking, an attacker's bytes poison a naive caching proxy",
            "poison-masked-fails": "With masking the same attack fails",
            "predictable-key-poisons": "With a predictable key the attack works again",
        },
        knobs=(
            Knob("payload", "text", "Hello, WebSocket", "the text that the client sends"),
            Knob("key", "choice", "random", "how masking keys are made", choices=("random", "zero", "counter")),
            Knob("masking", "flag", "on", "whether the client masks at all"),
        ),
    ),
    Lab(
        name="stomp",
        title="A STOMP session",
        summary="Topics, queues, acknowledgement, transactions and users on a real broker, frame by frame; then yours "
        "to break.",
        questions=("Q3", "Q7", "Q9", "Q10", "Q11", "Q18"),
        module="labs.scenarios.stomp",
        verdicts={
            "negotiated-version": "CONNECTED names the highest version that both speak; where there is none, ERROR",
            "receipt-after-effect": "A RECEIPT comes only after what the frame asked for has happened",
            "topic-all": "Everybody who is subscribed to a topic gets every message, once a subscription",
            "topic-absent-lost": "A topic keeps nothing: who subscribes later never gets what was sent before",
            "queue-one": "A queue gives each message to one consumer, and keeps it while there is none",
            "redelivered-after-loss": "What a consumer had not acknowledged when it was lost, or refused, comes again",
            "client-ack-cumulative": "With ack:client an ACK also settles everything before it, and nothing after it",
            "transaction-atomic": "A transaction has its effect at COMMIT, all of it, and none at ABORT",
            "app-reply-only-subscriber": "A SUBSCRIBE of /app/… is answered once, to that subscriber alone",
            "user-all-sessions": "What is sent to a user comes to every session of that user, and to nobody else",
            "user-destination-translated": "/user/queue/… is /queue/…-user{session}, one for each session and its own",
            "escape-by-version": "One header is written differently for 1.0, 1.1 and 1.2, and never becomes two",
        },
        knobs=(
            Knob("version", "choice", "1.2", "the highest that clients offer", choices=("1.0", "1.1", "1.2")),
            Knob(
                "semantics",
                "choice",
                "full",
                "spring: as Spring's simple broker, which lacks what five verdicts ask for",
                choices=("full", "spring"),
            ),
            Knob(
                "ack",
                "choice",
                "client-individual",
                "how the workers acknowledge",
                choices=("client-individual", "client", "auto"),
            ),
            Knob("jobs", "number", "10", "how many are sent to the queue", low=4, high=100),
            Knob("tries", "number", "5", "deliveries of a refused job until it is set aside", low=2, high=20),
            Knob("sessions", "number", "3", "of alice", low=2, high=20),
            Knob(
                "heart-beat",
                "number",
                "1000",
                "what anna wants of the broker; 0 for none",
                low=0,
                high=60_000,
                unit="ms",
            ),
        ),
        faults=(
            Fault("kill-consumer", "SIGKILL between delivery and ACK", ("worker-1", "worker-2")),
            Fault("late-subscriber", "somebody subscribes after the messages were sent", ("carl",)),
            Fault("nack", "a job that every worker refuses", ("worker-1", "worker-2")),
        ),
    ),
    Lab(
        name="replay",
        title="Coming back",
        summary="Cut off, away too long, killed in mid-broadcast: what is lost, and which design loses nothing.",
        questions=("Q8", "Q10", "Q17"),
        module="labs.scenarios.replay",
        verdicts={
            "at-most-once-loses": "What is published while a subscriber is away is lost to it: at most once",
            "gap-filled": "Whoever tells the last sequence number that it saw gets everything that followed",
            "in-order": "What was missed and what comes live are joined in the order of publishing",
            "no-repeats-after-dedupe": "What comes both ways is known by its sequence number, and handed on once",
            "subscribe-before-history": "Subscribing before asking for the history loses nothing; the other order does",
            "cursor-too-old-is-told": "A cursor that the buffer does not reach back to is told which messages are gone",
            "crash-mid-broadcast": "SIGKILL after k of n writes: exactly k members have the message, and all see 1006",
            "shared-ack-loses": "In a pending set for all, the first acknowledgement takes a message from the others",
            "cursor-per-client-keeps": "With a cursor for each client everybody has everything after the crash, once",
            "buffer-trimmed-by-age": "Members of a sorted set do not expire one by one: a buffer is trimmed by score",
        },
        knobs=(
            Knob("rate", "number", "100", "messages that are published a second", low=5, high=500),
            Knob("away", "number", "0.5", "how long the reader is away", low=0.1, high=5, unit="s"),
            Knob("buffer", "number", "100", "messages of a topic that the broker keeps", low=1, high=500),
            Knob(
                "order",
                "choice",
                "subscribe-first",
                "what the reader asks for first when it is back",
                choices=("subscribe-first", "history-first"),
            ),
            Knob(
                "design",
                "choice",
                "cursor",
                "how the room knows what a member has: a cursor each, or a pending set for all",
                choices=("cursor", "shared"),
            ),
        ),
        faults=(
            Fault("cut", "the connection breaks, and messages are published meanwhile", ("reader",)),
            Fault("kill", "SIGKILL in the middle of a broadcast, then a restart", ("room",)),
        ),
    ),
)


def find(name: str) -> Lab | None:
    """The lab of that name, or None."""
    return next((lab for lab in LABS if lab.name == name), None)
