"""The parts of a lab that are processes of their own: started, frozen, killed, restarted by name, each change told on
the tape. What that does to whom is for the scenario."""

from __future__ import annotations

from collections.abc import Callable

from labs import tape
from labs.net.journal import Journal
from labs.net.processes import Cast, Child, last_words
from labs.net.tasks import Tasks

DRAIN_SECONDS = 20.0  # a part may give its clients as long as that

Say = Callable[..., None]  # an event class and its fields but for t


class Parts:
    """The lab's processes by their ids. A verb that finds nothing to do (freeze a frozen one, kill a dead one) does
    nothing; all raise ProcessError where the process does not obey, KeyError where there never was such a part."""

    def __init__(
        self, tasks: Tasks, journal: Journal, say: Say, stop: Callable[[str], None], meanwhile: Callable[[], None]
    ) -> None:
        self.cast = Cast(tasks, journal.take, self.ended, meanwhile)
        self._journal = journal
        self._say = say
        self._stop = stop
        self._children: dict[str, Child] = {}
        self._roles: dict[str, str] = {}

    def child(self, id: str) -> Child:
        """The process that is, or last was, that part."""
        return self._children[id]

    async def spawn(self, id: str, role: str, module: str, config: dict[str, object]) -> Child:
        """Start `module` as part `id` and wait until it listens."""
        self._roles[id] = role
        self._children[id] = child = await self.cast.spawn(id, module, config)
        for address in child.addresses.values():
            self._journal.listen(id, address)
        self._tell(child, "up")
        return child

    async def freeze(self, id: str) -> None:
        """Stop the process where it stands (SIGSTOP). Its kernel goes on: it accepts, acknowledges and buffers."""
        child = self.child(id)
        if child.running and not child.frozen:
            await self.cast.barrier()
            child.freeze()
            self._tell(child, "frozen")

    async def thaw(self, id: str) -> None:
        """Let a frozen process go on (SIGCONT); what its kernel has kept for it is read now."""
        child = self.child(id)
        if child.running and child.frozen:
            child.thaw()
            self._tell(child, "up")

    async def kill(self, id: str) -> None:
        """End the process at once (SIGKILL), as the kernel does when memory is out; the kernel closes its sockets."""
        child = self.child(id)
        if child.running:
            await self.cast.barrier()
            child.kill()
            await child.over.wait()

    async def drain(self, id: str) -> None:
        """Have the part send its clients away and take no new ones, and wait until they are gone. It obeys `drain`."""
        child = self.child(id)
        if child.running and not child.frozen:
            self._tell(child, "draining")
            await child.call("drain", within=DRAIN_SECONDS)

    async def restart(self, id: str) -> None:
        """Kill the process if it runs, and start the part again as it was started, at another address."""
        child = self.child(id)
        await self.kill(id)
        await self.spawn(id, self._roles[id], child.module, child.config)

    def ended(self, child: Child) -> None:
        """A process is no more; if nobody meant that, the lab cannot go on."""
        self._tell(child, "down")
        if not child.ending:
            self._stop(f"{child.id} (process {child.process.pid}) ended unexpectedly: {last_words(child)}")

    def _tell(self, child: Child, state: str) -> None:
        self._say(
            tape.Part, id=child.id, role=self._roles[child.id], state=state, pid=child.process.pid,
            address=child.addresses.get("main"),
        )  # fmt: skip
