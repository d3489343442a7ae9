"""Close codes: what each number means and which of them may travel in a close frame (RFC 6455 §7.4, IANA registry)."""

from __future__ import annotations

# code -> (name, what it tells the receiver)
CLOSE_CODES: dict[int, tuple[str, str]] = {
    1000: ("normal closure", "the purpose of the connection is fulfilled"),
    1001: ("going away", "the endpoint leaves: a server shuts down, a browser navigates away"),
    1002: ("protocol error", "the other side broke the protocol"),
    1003: ("unsupported data", "a type of data that the endpoint cannot accept"),
    1004: ("reserved", "reserved: no meaning is defined"),
    1005: ("no status received", "reported locally when a close frame had no code; never sent"),
    1006: ("abnormal closure", "reported locally when the connection died without a close frame; never sent"),
    1007: ("invalid payload data", "a message whose bytes do not fit its type, as text that is not UTF-8"),
    1008: ("policy violation", "a message against the endpoint's policy; the generic refusal"),
    1009: ("message too big", "a message larger than the endpoint processes"),
    1010: ("mandatory extension", "the client expected an extension that the server did not negotiate"),
    1011: ("internal error", "the server met a condition that kept it from going on"),
    1012: ("service restart", "the service restarts; come back after a random delay"),
    1013: ("try again later", "the service is overloaded; connect elsewhere or later"),
    1014: ("bad gateway", "a gateway had an invalid answer from the server behind it"),
    1015: ("TLS handshake", "reported locally when the TLS handshake failed; never sent"),
}

_NEVER_SENT = frozenset({1004, 1005, 1006, 1015})


def close_name(code: int) -> str:
    """The code's name; for a code without one, the range that it lies in (RFC 6455 §7.4.2)."""
    if code in CLOSE_CODES:
        return CLOSE_CODES[code][0]
    if 3000 <= code <= 3999:
        return "registered by a library or framework"
    if 4000 <= code <= 4999:
        return "private to the application"
    return "not a close code"


def close_meaning(code: int) -> str:
    """One sentence on what the code tells."""
    return CLOSE_CODES[code][1] if code in CLOSE_CODES else close_name(code)


def close_code_problem(code: int) -> str:
    """What is wrong with `code` in a close frame on the wire, or an empty string."""
    if code in _NEVER_SENT:
        return f"{code} ({close_name(code)}) must not be sent in a close frame (RFC 6455 §7.4.1)"
    if code in CLOSE_CODES or 3000 <= code <= 4999:
        return ""
    return f"{code} is not a close code; 1000-1014 as registered, 3000-4999 are (RFC 6455 §7.4.2)"
