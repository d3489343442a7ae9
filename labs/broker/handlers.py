"""Application handlers (/app/**): what a handler is given and gives back, and the samples that `serve` has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from labs.wire.stomp import Headers

_TEXT: Headers = (("content-type", "text/plain;charset=utf-8"),)


@dataclass(frozen=True, slots=True)
class Request:
    """One SEND to, or SUBSCRIBE of, an application destination. `time` is Unix time."""

    destination: str
    headers: Headers
    body: bytes
    session: str
    user: str | None
    time: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A message to publish. Without a destination it answers a SUBSCRIBE: to this subscription, once."""

    body: bytes
    destination: str = ""
    headers: Headers = _TEXT


Handler = Callable[[Request], Iterable[Reply]]


def user_destination(name: str, rest: str) -> str:
    """`/user/NAME/rest`, where a `/` in the name of a user or session is written %2F."""
    return f"/user/{name.replace('%', '%25').replace('/', '%2F')}{rest}"


def echo(request: Request) -> Iterable[Reply]:
    """`echo:BODY` on /topic/echo."""
    yield Reply(b"echo:" + request.body, "/topic/echo", _content_type(request))


def me(request: Request) -> Iterable[Reply]:
    """`me:USER:BODY` on /user/queue/replies of all the user's sessions; of this one where nobody is logged in."""
    yield _to_me(request, request.user or request.session)


def me_here(request: Request) -> Iterable[Reply]:
    """`me:USER:BODY` on /user/queue/replies of the sending session alone."""
    yield _to_me(request, request.session)


def fail(request: Request) -> Iterable[Reply]:
    """The body on /user/queue/errors of the sending session."""
    yield Reply(request.body, user_destination(request.session, "/queue/errors"), _content_type(request))


def time_now(request: Request) -> Iterable[Reply]:
    """`time:ISO-8601`, in UTC, to the subscriber."""
    yield Reply(f"time:{datetime.fromtimestamp(request.time, UTC).isoformat()}".encode())


def _to_me(request: Request, name: str) -> Reply:
    body = b"me:%s:%s" % ((request.user or "anonymous").encode(), request.body)
    return Reply(body, user_destination(name, "/queue/replies"), _content_type(request))


def _content_type(request: Request) -> Headers:
    return next(((header,) for header in request.headers if header[0] == "content-type"), _TEXT)


SAMPLES: Mapping[str, Handler] = {"/app/echo": echo, "/app/me": me, "/app/me-here": me_here, "/app/fail": fail}
SUBSCRIBE_SAMPLES: Mapping[str, Handler] = {"/app/time": time_now}
