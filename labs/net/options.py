"""What a server is to be, from words: the same for the command line, a node of a cluster, and a lab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from labs.broker import Behaviour, BrokerConfig, Limits, as_spring, behaving
from labs.broker.destinations import Kind, kind_of
from labs.net.auth import AuthLimits, Mode
from labs.net.forwarding import read_networks
from labs.net.knobs import SettingError, read_rule, read_settings
from labs.net.relay import RelayLimits
from labs.net.serve import SETTINGS, ServeOptions, ServerLimits
from labs.net.sockjs_session import SockJsLimits

SHORTEST_LEASE = 0.2  # seconds; a node renews it three times as often


def serve_options(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    settings: Sequence[str] = (),
    rules: Sequence[str] = (),
    semantics: str = "full",
    auth: Mode = "open",
    secret: bytes = b"",
    sockjs_tests: bool = False,
    relay: str = "",
    front: str = "",
    voucher: str = "",
    access_log: IO[str] | None = None,
) -> ServeOptions:
    """`settings` are NAME=VALUE, `rules` as read_rule() has them; raises SettingError."""
    values = read_settings(settings, *SETTINGS)
    broker = BrokerConfig(limits=Limits(**values[Limits]), rules=tuple(map(read_rule, rules)))  # type: ignore[arg-type]
    broker = behaving(as_spring(broker) if semantics == "spring" else broker, values[Behaviour])
    if kind_of(broker.dead_letters) is not Kind.QUEUE:
        raise SettingError(f"--set dead-letters={broker.dead_letters}: they go to a queue, /queue/…")
    relay_limits = RelayLimits(**values[RelayLimits])  # type: ignore[arg-type]
    if relay_limits.relay_lease < SHORTEST_LEASE:
        raise SettingError(f"--set relay-lease={relay_limits.relay_lease:g}: {SHORTEST_LEASE:g} seconds or more")
    limits = ServerLimits(**values[ServerLimits])  # type: ignore[arg-type]
    try:
        read_networks(limits.trusted_proxies)
    except ValueError as error:
        raise SettingError(f"--set trusted-proxies={limits.trusted_proxies}: {error}") from None
    return ServeOptions(
        host=host,
        port=port,
        auth=auth,
        secret=secret,
        limits=limits,
        auth_limits=AuthLimits(**values[AuthLimits]),  # type: ignore[arg-type]
        sockjs_limits=SockJsLimits(**values[SockJsLimits]),  # type: ignore[arg-type]
        broker=broker,
        sockjs_tests=sockjs_tests,
        access_log=access_log,
        relay=relay,
        relay_limits=relay_limits,
        front=front,
        voucher=voucher,
    )
