"""Which event loop a server runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def quickest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop where it is installed: twice the speed, the same results."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
