"""What the learner reads and predicts in the masking lab, step by step. The verdicts measure each prediction."""

from __future__ import annotations

from labs.stage import Ask, Plan

KEYED_FRAMES = 64
FRAGMENTS = 4
ATTACKED_HOST = "cdn.example"
REFUSES, READS = "closes with 1002", "reads the text"
SITE, ATTACKER = "the site's script", "the attacker's script"


def script_request(name: str) -> bytes:
    """A request for one script of the attacked host, as the attacker writes it and as a visitor sends it."""
    return f"GET /{name}.js HTTP/1.1\r\nHost: {ATTACKED_HOST}\r\n\r\n".encode()


def _served(step: str) -> Ask:
    return Ask(f"{step}-served", "What does the bystander get from the proxy?", "choice", (SITE, ATTACKER))


FRAME = Plan(
    "frame",
    "One text, there and back",
    "The client sends the text, the server sends it back. Look at MASK, the first bit of the second byte, and at the "
    "four bytes after the length.",
)
KEYS = Plan(
    "keys",
    f"{KEYED_FRAMES} frames",
    f"The client sends {KEYED_FRAMES - FRAGMENTS} texts, then one more in {FRAGMENTS} fragments. Compare the keys.",
    (Ask("different-keys", f"How many different keys will the {KEYED_FRAMES} frames have?", "number", unit="keys"),),
)
SMALLEST = Plan(
    "smallest",
    "The smallest frame",
    "The client sends an empty text, and the server sends it back.",
    (
        Ask("smallest-client", "How long is the client's frame?", "number", unit="bytes"),
        Ask("smallest-server", "How long is the server's frame?", "number", unit="bytes"),
    ),
)
UNMASKED = Plan(
    "unmasked",
    "A client that does not mask",
    "This client sends its text without a key to the same server.",
    (
        Ask(
            "unmasked-code",
            "With which code does the server close?",
            "choice",
            ("1000", "1002", "1003", "1007", "1009", "no close"),
        ),
    ),
)
MASKED_SERVER = Plan(
    "masked-server",
    "A server that masks",
    "This server masks its text, as only clients do.",
    (Ask("masked-server-outcome", "What does the client do?", "choice", (READS, REFUSES)),),
)
STAND_IN = (
    f"STAND-IN: connections to the attacker and to {ATTACKED_HOST} are intercepted by a proxy process, one port for "
    "each. The proxy is a deliberately broken toy: it scans for GET, and caches under the Host that it reads."
)
POISON_UNMASKED = Plan(
    "poison-unmasked",
    "The attack, without masking",
    f"A page of the attacker sends, over its WebSocket, bytes that read as a GET for a script of {ATTACKED_HOST}. Its "
    "own server answers with a frame that reads as an HTTP response. Then somebody else asks for that script.",
    (_served("poison-unmasked"),),
)
POISON_MASKED = Plan(
    "poison-masked",
    "The same attack, with masking",
    "The same page, the same payload, but the client masks as the knobs say. The proxy never unmasks: it reads what is "
    "on the wire.",
    (_served("poison-masked"),),
)
PREDICTABLE = Plan(
    "predictable",
    "With a key that can be predicted",
    "First every key is zero. Then keys count up: the page knows the next one and masks its payload beforehand, so "
    "that masking brings the request out on the wire.",
    (_served("predictable"),),
)
