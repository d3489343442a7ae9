"""`ws-tutor serve`: the command line of the server in labs.net.serve."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from labs.broker import Behaviour, BrokerConfig, Limits, as_spring, behaving
from labs.broker.destinations import Kind, kind_of
from labs.net.auth import MIN_SECRET, AuthLimits, Mode, generate_secret
from labs.net.knobs import SettingError, described, read_rule, read_settings
from labs.net.serve import SETTINGS, ServeOptions, Server, ServerLimits, is_loopback
from labs.net.sockjs_session import SockJsLimits

SERVED, NOT_SERVED = 0, 2
MAX_SECRET = 4096  # bytes


class _Refused(Exception):
    """What was asked for cannot be; the text says what would be right."""


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; 2 where it cannot begin."""
    if args.settings:
        print("\n".join(described(*SETTINGS)))
        return SERVED
    try:
        with contextlib.ExitStack() as stack:
            options = _options(args, stack)
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                return runner.run(_serve(options, as_json=args.json))
    except (_Refused, SettingError) as error:
        print(f"ws-tutor serve: {error}", file=sys.stderr)
        return NOT_SERVED


def _options(args: argparse.Namespace, stack: contextlib.ExitStack) -> ServeOptions:
    values = read_settings(args.set, *SETTINGS)
    broker = BrokerConfig(limits=Limits(**values[Limits]), rules=tuple(map(read_rule, args.rule)))  # type: ignore[arg-type]
    broker = behaving(as_spring(broker) if args.semantics == "spring" else broker, values[Behaviour])
    if kind_of(broker.dead_letters) is not Kind.QUEUE:
        raise _Refused(f"--set dead-letters={broker.dead_letters}: they go to a queue, /queue/…")
    local = is_loopback(args.host)
    auth: Mode = args.auth or ("open" if local else "token")
    if not 0 <= args.port <= 65535:
        raise _Refused(f"--port {args.port}: a port is 0 (any free one) to 65535")
    if not local:
        print(f"ws-tutor serve: {args.host} is not loopback: other machines can connect", file=sys.stderr)
    return ServeOptions(
        host=args.host,
        port=args.port,
        auth=auth,
        secret=_secret(args.secret_file, auth),
        limits=ServerLimits(**values[ServerLimits]),  # type: ignore[arg-type]
        auth_limits=AuthLimits(**values[AuthLimits]),  # type: ignore[arg-type]
        sockjs_limits=SockJsLimits(**values[SockJsLimits]),  # type: ignore[arg-type]
        broker=broker,
        sockjs_tests=args.sockjs_test_endpoints,
        access_log=_access_log(args.access_log, stack),
    )


def _secret(path: Path | None, auth: Mode) -> bytes:
    if path is None:
        if auth == "token":
            print(
                "ws-tutor serve: no --secret-file: the secret is made up for this run; tokens of POST /token hold "
                "until it ends",
                file=sys.stderr,
            )
        return generate_secret()
    try:
        with path.open("rb") as file:
            secret = file.read(MAX_SECRET + 1).strip()
    except OSError as error:
        raise _Refused(f"--secret-file {path}: cannot be read ({error.strerror})") from None
    if not MIN_SECRET <= len(secret) <= MAX_SECRET:
        raise _Refused(f"--secret-file {path}: {len(secret)} bytes; a secret has {MIN_SECRET} to {MAX_SECRET}")
    return secret


def _access_log(name: str | None, stack: contextlib.ExitStack) -> IO[str] | None:
    if name is None:
        return None
    if name == "-":
        return sys.stderr
    try:
        return stack.enter_context(Path(name).open("a", encoding="utf-8"))
    except OSError as error:
        raise _Refused(f"--access-log {name}: cannot be written ({error.strerror})") from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop where it is installed: twice the speed, the same results."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(options: ServeOptions, *, as_json: bool) -> int:
    server = Server(options)
    try:
        await server.listen()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _Refused(f"{options.host} port {options.port}: cannot listen there ({reason})") from None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt there
            loop.add_signal_handler(number, stop.set)
    print(json.dumps(server.ready()) if as_json else _story(server, options), flush=True)
    await server.run(stop)
    return SERVED


def _story(server: Server, options: ServeOptions) -> str:
    ready = server.ready()
    who = "everyone; the login header is the name" if options.auth == "open" else "who has a token"
    lines = [
        f"a page to try it   {ready['http']}/",
        f"STOMP              {ready['ws']}   (v12.stomp, v11.stomp, v10.stomp)",
        f"echo               {ready['echo']}",
        f"SockJS             {ready['sockjs']}",
        f"who may connect    {who}",
        "Ctrl-C drains and stops",
    ]
    return "\n".join(lines)
