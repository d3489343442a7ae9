"""What the learner reads and predicts in the handshake lab, step by step. The verdicts measure each prediction."""

from __future__ import annotations

from labs.stage import Ask, Plan

OLD_VERSION = "8"
FOREIGN = "http://evil.example"
TEXT = "Hello"

GET, SWITCHING = "GET with a key", "101 Switching Protocols"
CLIENT_TEXT, SERVER_TEXT = "a text frame from the client", "a text frame from the server"
REFUSES, ACCEPTS = "refuses it", "accepts it"

_STATUSES = ("101", "200", "400", "401", "403", "404", "426", "500")


def _answers(step: str, ask: str = "What does the server answer?") -> Ask:
    return Ask(f"{step}-status", ask, "choice", _STATUSES)


def _outcome(step: str) -> Ask:
    return Ask(f"{step}-outcome", "The status is 101. What does the client do?", "choice", (ACCEPTS, REFUSES))


PLAIN = Plan(
    "plain",
    "A GET that asks for nothing more",
    "A WebSocket server listens for plain HTTP. Here is an ordinary GET, without Upgrade. Look at the status of the "
    "answer.",
)
UPGRADE = Plan(
    "upgrade",
    "The upgrade",
    "The client sends one GET with Upgrade: websocket, a key and a version. Look at Sec-WebSocket-Key in the request "
    "and at Sec-WebSocket-Accept in the answer: Base64(SHA-1(key + GUID)).",
    (
        Ask("accept-length", "How long is Sec-WebSocket-Accept, whatever the key?", "number", unit="characters"),
        Ask("passing-order", "In which order will these pass?", "order", (SERVER_TEXT, SWITCHING, CLIENT_TEXT, GET)),
    ),
)
FRAMES = Plan(
    "frames",
    "After the 101",
    f"The same TCP connection stops being HTTP. The client sends the text {TEXT}, the server sends it back.",
    (Ask("first-byte", "FIN is set, the opcode is text: which is the first byte after the handshake?", "bytes"),),
)
FRESH_KEY = Plan(
    "fresh-key",
    "The same handshake again",
    "The same client opens the same address four times more. Compare the requests.",
    (
        Ask(
            "changing-header",
            "Which header of the request differs from handshake to handshake?",
            "choice",
            ("Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "none"),
        ),
    ),
)
MISSING_KEY = Plan(
    "missing-key",
    "Without a key",
    "An upgrade request with everything but Sec-WebSocket-Key.",
    (_answers("missing-key"),),
)
OLD = Plan(
    "old-version",
    f"Version {OLD_VERSION}",
    f"A good request, but Sec-WebSocket-Version: {OLD_VERSION}, as browsers of 2011 sent it. Look at what the refusal "
    "offers.",
    (_answers("old-version"),),
)
FOREIGN_ORIGIN = Plan(
    "foreign-origin",
    "From a foreign page",
    f"A good request, but from a page of {FOREIGN}. A browser may send the user's cookies with it; CORS has no say.",
    (_answers("foreign-origin", "What does a server that checks the Origin answer?"),),
)
ECHOED_KEY = Plan(
    "echoed-key",
    "A server that echoes",
    "A plain HTTP server sends the request's headers back with a 101, and the key as Sec-WebSocket-Accept.",
    (_outcome("echoed-key"),),
)
WRONG_ACCEPT = Plan(
    "wrong-accept",
    "A wrong Accept",
    "This server computes Sec-WebSocket-Accept well, but from another key than the client's.",
    (_outcome("wrong-accept"),),
)
REPLAYED = Plan(
    "replayed-101",
    "Yesterday's 101",
    "This server replays, byte for byte, the 101 that the real server gave before, as a cache would.",
    (_outcome("replayed-101"),),
)
