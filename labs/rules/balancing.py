"""Which node gets the next connection, and which get none: health, draining, least connections. Checking them and
connecting to them is for labs.net."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Backend:
    """A node behind the balancer. `open`: connections and requests that it carries now; `taken`: all so far."""

    name: str
    address: str
    healthy: bool = True
    draining: bool = False
    open: int = 0
    taken: int = 0
    passed: int = 0  # checks in a row
    failed: int = 0  # checks in a row

    @property
    def state(self) -> str:
        """up, down or draining, as the tape's parts have it."""
        return "down" if not self.healthy else "draining" if self.draining else "up"

    @property
    def takes_new(self) -> bool:
        """Whether it gets new connections."""
        return self.healthy and not self.draining


class Backends:
    """All nodes. A node is taken out after `fall` failures in a row and put back after `rise` successes."""

    def __init__(self, addresses: Iterable[tuple[str, str]] = (), *, rise: int = 1, fall: int = 2) -> None:
        self._rise = rise
        self._fall = fall
        self._all: dict[str, Backend] = {name: Backend(name, address) for name, address in addresses}

    def __iter__(self) -> Iterator[Backend]:
        return iter(list(self._all.values()))

    def get(self, name: str) -> Backend:
        """The node of that name; raises KeyError."""
        return self._all[name]

    def join(self, name: str, address: str) -> Backend:
        """A node comes, or comes back at another address; it is believed to be up."""
        self._all[name] = backend = Backend(name, address)
        return backend

    def leave(self, name: str) -> None:
        """A node is no more; raises KeyError."""
        del self._all[name]

    def choose(self, bound: str | None, tried: Collection[str] = ()) -> Backend | None:
        """The node for a client: the one it is bound to, else the one with the fewest open connections (of equals the
        one that has taken the fewest); None where none of those not yet `tried` takes new ones."""
        free = [backend for backend in self._all.values() if backend.takes_new and backend.name not in tried]
        mine = next((backend for backend in free if backend.name == bound), None)
        return mine or min(free, key=lambda backend: (backend.open, backend.taken), default=None)

    def named_by(self, key: str) -> str | None:
        """The node that `key` falls to: the same for as long as that one takes new connections, and none but its own
        keys move when it does not (rendezvous hashing)."""
        free = [backend.name for backend in self._all.values() if backend.takes_new]
        return max(free, key=lambda name: hashlib.sha256(f"{name} {key}".encode()).digest(), default=None)

    def report(self, backend: Backend, ok: bool) -> bool:
        """A check has passed or failed, or a connection was refused; returns whether the node's health has changed."""
        backend.passed, backend.failed = (backend.passed + 1, 0) if ok else (0, backend.failed + 1)
        before = backend.healthy
        if ok and backend.passed >= self._rise:
            backend.healthy = True
        elif not ok and backend.failed >= self._fall:
            backend.healthy = False
        return backend.healthy != before
