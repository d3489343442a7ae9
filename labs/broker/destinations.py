"""What a destination is by its name, what a pattern matches, and who may use it. Names are opaque and case-sensitive
but for the prefix, the `/` between segments and, in a SUBSCRIBE, `*` and `**`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from labs.broker.config import POLICY, Limits, Rule
from labs.broker.violation import Violation, shown


class Kind(Enum):
    """Where a destination leads."""

    TOPIC = "/topic/"
    QUEUE = "/queue/"
    APP = "/app/"
    USER = "/user/"
    NONE = ""


_KINDS = {kind.value: kind for kind in Kind if kind.value}
_TRANSLATED = re.compile(r"(/(?:queue|topic)/.+)-user([^/]+)", re.DOTALL)
_CHANNELS = ("/queue/", "/topic/")  # what a user's own destinations begin with, behind /user
KNOWN = "it begins with /topic/, /queue/, /app/ or /user/"


@lru_cache(maxsize=1024)  # asked of every SEND
def kind_of(destination: str) -> Kind:
    """Where it leads; Kind.NONE for an unknown prefix or nothing behind it."""
    prefix = destination[: destination.find("/", 1) + 1]
    return _KINDS.get(prefix, Kind.NONE) if len(destination) > len(prefix) else Kind.NONE


def is_pattern(destination: str) -> bool:
    """Whether a SUBSCRIBE of it is for everything that it matches."""
    return "*" in destination


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """`*` is any run within one segment, `**` as a whole segment is any number of segments, none too.

    Matching takes time in proportion to both lengths, whatever the pattern: what is between two wildcards is looked for
    from the left and never given back.
    """
    runs: list[list[str]] = [[]]
    for segment in pattern.split("/")[1:]:
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append("/" + _segment(segment))
    first, *later = ("".join(run) for run in runs)
    if not later:
        return re.compile(first, re.DOTALL)
    *middle, last = later
    found = "".join(f"(?>(?:/[^/]*)*?{run}(?=/|\\Z))" for run in middle if run)
    return re.compile(f"{first}{found}(?:/[^/]*)*{last}", re.DOTALL)


def _segment(segment: str) -> str:
    first, *later = map(re.escape, segment.split("*"))
    if not later:
        return first
    *middle, last = later
    return first + "".join(f"(?>[^/]*?{piece})" for piece in middle) + f"[^/]*{last}"


def check(command: str, destination: str, limits: Limits) -> None:
    """Raises Violation for one that is longer, or has more wildcards, than anybody needs."""
    if len(destination.encode()) > limits.destination:
        raise Violation(
            f"{command}: its destination has {len(destination.encode())} bytes; at most {limits.destination} are taken",
            POLICY,
        )
    if command == "SUBSCRIBE" and destination.count("*") > 2 * limits.wildcards:
        raise Violation(f"SUBSCRIBE: too many wildcards in its destination; at most {limits.wildcards}", POLICY)


def own_channel(destination: str, session: str, user: str | None) -> str:
    """What a SUBSCRIBE of /user/… is for: the part behind /user, always of the subscriber's own session.

    Raises Violation where it names another user or session.
    """
    rest = destination[len("/user") :]
    if rest.startswith(_CHANNELS):
        return rest
    name, rest = split_user(destination, "SUBSCRIBE")
    if name not in {session, user}:
        raise Violation(
            f"SUBSCRIBE: destination {shown(destination)} is another user's; one's own is /user{rest}", POLICY
        )
    return rest


def split_user(destination: str, command: str) -> tuple[str, str]:
    """The name and the rest of /user/NAME/queue/…; raises Violation for anything else."""
    name, slash, rest = destination[len("/user/") :].partition("/")
    rest = slash + rest
    if not name or not rest.startswith(_CHANNELS) or rest in _CHANNELS:
        raise Violation(f"{command}: destination {shown(destination)} names no user's queue; it is /user/NAME/queue/…")
    return name.replace("%2F", "/").replace("%25", "%"), rest


def translated(destination: str) -> tuple[str, str] | None:
    """The channel and the session of /queue/…-user{session}, as /user/queue/… translates to; None for others."""
    if "-user" not in destination:
        return None
    match = _TRANSLATED.fullmatch(destination)
    return (match[1], match[2]) if match else None


def owner_of(destination: str) -> str:
    """The session that alone may use such a name, if it is connected; empty for a name that is anybody's."""
    owned = translated(destination)
    return owned[1] if owned else ""


class Access:
    """The rules of a broker: who may SUBSCRIBE to, and SEND to, what."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [(rule, compile_pattern(rule.pattern)) for rule in rules]

    def allows(self, action: str, destination: str, user: str | None) -> bool:
        """Whether `user` may; the first rule that fits decides, without one it is allowed."""
        for rule, pattern in self._rules:
            fits = rule.action in {action, "any"} and (rule.users is None or user in rule.users)
            if fits and pattern.fullmatch(destination):
                return rule.allow
        return True

    def demand(self, action: str, destination: str, user: str | None) -> None:
        """Raises Violation where allows() is False."""
        if not self.allows(action, destination, user):
            raise Violation(f"{action}: {user or 'an anonymous user'} may not use {shown(destination)}", POLICY)
