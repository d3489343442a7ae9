"""CONNECT: the version and the heart-beats that both sides agree on, and who the client is."""

from __future__ import annotations

from dataclasses import dataclass

from labs.broker.config import EXPIRED, BrokerConfig, Identity, Refused
from labs.broker.message import connected
from labs.broker.session import VERSIONS, Session
from labs.broker.violation import Violation, shown
from labs.rules.heartbeat import HeartBeats, agree, parse_heart_beat
from labs.wire.stomp import Frame, Version


@dataclass(frozen=True, slots=True)
class Terms:
    """What a CONNECT comes to. `theirs` are the client's two heart-beat numbers."""

    version: Version
    theirs: tuple[int, int]
    identity: Identity


def terms_of(frame: Frame, session: Session, config: BrokerConfig, now: float) -> Terms:
    """Read a CONNECT or STOMP frame; raises Violation when no session can come of it."""
    headers = dict(reversed(frame.headers))  # the first of repeated ones counts
    version = _version(frame.command, headers.get("accept-version"), session.peer.version)
    if version == "1.0":  # which has padding in its examples, and trims it
        headers = {name.strip(): value.strip() for name, value in headers.items()}
    host = headers.get("host")
    if config.hosts is not None and host is not None and host not in config.hosts:
        raise Violation(f"{frame.command}: host {shown(host)} is not served here; {', '.join(sorted(config.hosts))} is")
    theirs = (0, 0) if version == "1.0" else _heart_beat(frame.command, headers.get("heart-beat"))
    try:
        identity = config.authenticate(session.peer, headers, now)
    except Refused as refused:
        raise Violation(f"{frame.command}: {refused.text}", refused.code) from None
    if identity.expires is not None and identity.expires <= now:
        raise Violation(f"{frame.command}: what you authenticate with has expired", EXPIRED)
    return Terms(version, theirs, identity)


def heart_beats(terms: Terms, config: BrokerConfig, now: float) -> HeartBeats:
    """Each direction by itself."""
    can, want = config.heart_beat
    return HeartBeats(agree(can, terms.theirs[1]), agree(terms.theirs[0], want), config.tolerance, now)


def answer(terms: Terms, session: Session, config: BrokerConfig) -> bytes:
    """The CONNECTED frame."""
    headers = [("version", str(terms.version)), ("session", session.id), ("server", config.server)]
    if terms.version != "1.0":
        headers.append(("heart-beat", "{},{}".format(*config.heart_beat)))
    if terms.identity.user is not None:
        headers.append(("user-name", terms.identity.user))
    return connected(headers)


def _version(command: str, accepted: str | None, agreed: Version | None) -> Version:
    """What the subprotocol agreed on, if the client accepts it, else the highest that both speak; a client that names
    none speaks 1.0 (STOMP 1.2, Protocol Negotiation)."""
    offered = {"1.0"} if accepted is None else {each.strip() for each in accepted.split(",")}
    common = [version for version in VERSIONS if version in offered]
    if not common:
        raise Violation(
            f"{command}: accept-version {shown(accepted or '')} has none of the supported protocol versions "
            f"{' '.join(VERSIONS)}",
            headers=(("version", ",".join(VERSIONS)),),
        )
    return agreed if agreed in common else common[-1]


def _heart_beat(command: str, value: str | None) -> tuple[int, int]:
    numbers = (0, 0) if value is None else parse_heart_beat(value)
    if numbers is None:
        raise Violation(
            f"{command}: heart-beat {shown(value or '')} is not two numbers of milliseconds with a comma between them, "
            "such as 10000,10000"
        )
    return numbers
