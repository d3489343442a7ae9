"""The claims on STOMP's versions, each computed from the tape: which one is spoken, and how it writes a header
(STOMP 1.2, Protocol Negotiation and Value Encoding; STOMP 1.1, the same)."""

from __future__ import annotations

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.scenarios.stomp_reading import Reading, Seen, Session, lines
from labs.scenarios.stomp_steps import CONNECTED_ANYWAY, ERROR_AND_CLOSE, ESCAPES, NOTE, SILENCE, TRICKY, VERSIONS

# What each version writes for a letter of a header, as its specification has it. 1.0 escapes nothing.
_ESCAPED: dict[str, dict[str, str]] = {
    "1.0": {},
    "1.1": {"\\": "\\\\", "\n": "\\n", ":": "\\c"},
    "1.2": {"\\": "\\\\", "\n": "\\n", ":": "\\c", "\r": "\\r"},
}


def _offers(session: Session) -> list[str]:
    return session.connect.header("accept-version").split(",")


def _spoken(sessions: list[Session]) -> list[str]:
    """What the broker says that it speaks, where it had to say so."""
    errors = [each.answer for each in sessions if each.answer is not None and each.answer.frame.command == "ERROR"]
    stated = next((error.header("version") for error in errors if error.header("version")), ",".join(VERSIONS))
    return stated.split(",")


def _outcome(session: Session) -> str:
    if session.answer is None:
        return SILENCE
    if session.answer.frame.command == "CONNECTED":
        return f"CONNECTED {session.answer.header('version') or '1.0'}"
    return f"ERROR, close {session.closed_with}" if session.closed_with else "ERROR, no close"


def _as_it_should_be(session: Session, spoken: list[str]) -> bool:
    common = [version for version in _offers(session) if version in spoken]
    answer = session.answer
    if answer is None:
        return False
    if not common:
        return answer.frame.command == "ERROR" and bool(session.closed_with)
    return answer.frame.command == "CONNECTED" and (answer.header("version") or "1.0") == max(common)


def _negotiated_version(tape: Tape) -> Finding:
    expected = "the highest version that both speak, or ERROR and a close"
    sessions = [each for each in Reading(tape).sessions.values() if not each.stranger]
    if not sessions:
        return unmeasured(expected, "nobody sent CONNECT")
    spoken = _spoken(sessions)
    told = []
    measured: dict[str, object] = {}
    for each in sessions[:2]:
        told.append(f"{each.part} offered {', '.join(_offers(each))}: {_outcome(each)}")
    for each in sessions:
        if each.part == "anna" and each.answer is not None and each.answer.header("version") in VERSIONS:
            measured["negotiated"] = each.answer.header("version")
        elif each.part == "old":
            refused, silent = _as_it_should_be(each, spoken), each.answer is None
            measured["unknown-version"] = ERROR_AND_CLOSE if refused else SILENCE if silent else CONNECTED_ANYWAY
    wrong = [each for each in sessions if not _as_it_should_be(each, spoken)]
    if wrong:
        told.append(f"not right: {', '.join(sorted({each.part for each in wrong}))}")
    evidence = lines(*(seen for each in sessions for seen in (each.connect, each.answer)))
    return Finding(not wrong, expected, "; ".join(told), evidence, measured)


def escaped(value: str, version: str) -> str:
    """A header's value as that version writes it."""
    return "".join(_ESCAPED[version].get(letter, letter) for letter in value)


def _written(seen: Seen) -> str | None:
    """The value of the header as it is on the wire; None where there is no such line."""
    head = seen.raw.partition(b"\n\n")[0].decode(errors="replace")
    return next((line[len(NOTE) + 1 :] for line in head.split("\n") if line.startswith(f"{NOTE}:")), None)


def _escape_by_version(tape: Tape) -> Finding:
    """1.0 has no escape for a line feed: there the least that can be asked is that it begins no header."""
    expected = "1.2 and 1.1: \\c \\n \\\\; 1.0: the colon as it is; in none a header of its own out of the value"
    reading = Reading(tape)
    sent = next((each for each in reading.to(ESCAPES) if each.seen.frame.get(NOTE) == TRICKY), None)
    got = reading.got(sent) if sent is not None else []
    by_version = {each.subscription.session.version: each.seen for each in got}
    if sent is None or set(by_version) < set(VERSIONS):
        return unmeasured(expected, f"the MESSAGE came to {len(by_version)} of 3 versions")
    right = []
    for version, seen in by_version.items():
        injected = any(name == "admin" for name, _ in seen.frame.headers)
        written = _written(seen)
        if version == "1.0":
            right.append(not injected and (written or "").startswith(TRICKY.partition("\n")[0]))
        else:
            right.append(not injected and written == escaped(TRICKY, version))
    observed = "; ".join(f"{version} {_written(seen)}" for version, seen in sorted(by_version.items()))
    measured = _colon(_written(by_version["1.1"]) or "")
    return Finding(all(right), expected, observed, lines(sent, *by_version.values()), measured)


def _colon(written: str) -> dict[str, object]:
    """Which bytes stand between the first letter of the value, a, and the one behind the colon, b."""
    between = written[1 : written.find("b")] if "b" in written else ""
    return {"colon-1.1": between.encode().hex()} if between else {}


VERDICTS: dict[str, Judge] = {
    "negotiated-version": _negotiated_version,
    "escape-by-version": _escape_by_version,
}
