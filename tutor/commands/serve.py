"""`ws-tutor serve`: the command line of the server in labs.net.serve."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from labs.net.auth import MIN_SECRET, Mode, generate_secret
from labs.net.knobs import SettingError, described
from labs.net.loops import quickest_loop
from labs.net.open_files import raise_open_files
from labs.net.options import serve_options
from labs.net.processes import ProcessError
from labs.net.serve import SETTINGS, Server, is_loopback
from labs.net.store import StoreError, shown_url

if TYPE_CHECKING:
    from labs.net.cluster import Cluster

SERVED, NOT_SERVED = 0, 2
MAX_SECRET = 4096  # bytes
MAX_NODES = 16
RELAYS = ("redis://", "rediss://", "unix://")


class _Refused(Exception):
    """What was asked for cannot be; the text says what would be right."""


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; 2 where it cannot begin."""
    if args.settings:
        print("\n".join(described(*SETTINGS)))
        return SERVED
    raise_open_files()
    try:
        with contextlib.ExitStack() as stack, asyncio.Runner(loop_factory=quickest_loop()) as runner:
            return runner.run(_serve(args, stack))
    except (_Refused, SettingError) as error:
        print(f"ws-tutor serve: {error}", file=sys.stderr)
        return NOT_SERVED


def _serving(args: argparse.Namespace, stack: contextlib.ExitStack) -> Server | Cluster:
    """What was asked for, not started."""
    local = is_loopback(args.host)
    auth: Mode = args.auth or ("open" if local else "token")
    if not 0 <= args.port <= 65535:
        raise _Refused(f"--port {args.port}: a port is 0 (any free one) to 65535")
    if not 1 <= args.nodes <= MAX_NODES:
        raise _Refused(
            f"--nodes {args.nodes}: 1 to {MAX_NODES}; beyond one machine, start servers that have one --relay"
        )
    relay = "" if args.relay == "memory" else args.relay
    if relay and not relay.startswith(RELAYS):
        raise _Refused(
            f"--relay {shown_url(relay)}: memory, or the address of a Redis or Valkey server, redis://HOST:PORT"
        )
    if not local:
        print(f"ws-tutor serve: {args.host} is not loopback: other machines can connect", file=sys.stderr)
    secret = _secret(args.secret_file, auth, local=local)
    log = _access_log(args.access_log, stack)
    words: dict[str, Any] = {
        "settings": args.set, "rules": args.rule, "semantics": args.semantics, "auth": auth,
        "sockjs_tests": args.sockjs_test_endpoints,
    }  # fmt: skip
    if args.nodes == 1:
        options = serve_options(**words, host=args.host, port=args.port, secret=secret, relay=relay, access_log=log)
        return Server(options)
    from labs.net.cluster import Cluster, ClusterOptions

    options = serve_options(**words, host=args.host, port=args.port)
    told = lambda text: print(f"ws-tutor serve: {text}", file=sys.stderr, flush=True)  # noqa: E731
    words["secret"] = secret.decode(errors="surrogateescape")
    return Cluster(ClusterOptions(args.nodes, options, words, relay, log, told))


def _secret(path: Path | None, auth: Mode, *, local: bool) -> bytes:
    if path is None:
        if auth == "token":
            end = "tokens of POST /token hold until it ends" if local else "nobody can show it to POST /token"
            print(f"ws-tutor serve: no --secret-file: the secret is made up for this run; {end}", file=sys.stderr)
        return generate_secret()
    try:
        with path.open("rb") as file:
            secret = file.read(MAX_SECRET + 1).strip()
    except OSError as error:
        raise _Refused(f"--secret-file {path}: cannot be read ({error.strerror})") from None
    if MIN_SECRET <= len(secret) <= MAX_SECRET:
        return secret
    problem = f"--secret-file {path}: {len(secret)} bytes; a secret has {MIN_SECRET} to {MAX_SECRET}"
    if not local or not secret or len(secret) > MAX_SECRET:
        raise _Refused(problem)
    print(f"ws-tutor serve: {problem}, or its tokens can be guessed", file=sys.stderr)
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


async def _serve(args: argparse.Namespace, stack: contextlib.ExitStack) -> int:
    server = _serving(args, stack)
    try:
        try:
            await server.listen()
        except (StoreError, ProcessError) as error:
            raise _Refused(str(error)) from None
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise _Refused(f"{args.host} port {args.port}: cannot listen there ({reason})") from None
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt there
                loop.add_signal_handler(number, stop.set)
        print(json.dumps(server.ready()) if args.json else _story(server.ready(), args), flush=True)
        await server.run(stop)
    finally:
        await server.aclose()
    return SERVED


def _story(ready: dict[str, Any], args: argparse.Namespace) -> str:
    everyone = args.auth == "open" or (args.auth is None and is_loopback(args.host))
    lines = [
        f"a page to try it   {ready['http']}/",
        f"STOMP              {ready['ws']}   (v12.stomp, v11.stomp, v10.stomp)",
        f"echo               {ready['echo']}",
        f"SockJS             {ready['sockjs']}",
        f"who may connect    {'everyone; the login header is the name' if everyone else 'who has a token'}",
        *(f"node n{number}            {url}" for number, url in enumerate(ready["nodes"], 1) if args.nodes > 1),
        "Ctrl-C drains and stops",
    ]
    return "\n".join(lines)
