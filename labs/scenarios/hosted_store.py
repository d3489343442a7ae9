"""The store of a lab that has one: started, shown as a part, ended. What it is started from is labs/net/store.py's."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from labs.net.store import Store, StoreError, start_store
from labs.net.tasks import Tasks
from labs.stage import Stage, StageError


@contextlib.asynccontextmanager
async def hosted_store(stage: Stage) -> AsyncIterator[Store]:
    """A Redis or Valkey server as a part of the lab, for as long as it is needed; raises StageError without one."""
    async with Tasks() as tasks:
        try:
            store = await start_store(tasks)
        except StoreError as error:
            raise StageError(str(error)) from error
        stage.part("store", "store", pid=store.process.pid, address=store.address)
        stage.note(f"The store is {store.name}.")
        try:
            yield store
        finally:
            await store.aclose()
            stage.part("store", "store", "down", pid=store.process.pid, address=store.address)
