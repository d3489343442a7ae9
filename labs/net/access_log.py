"""The access log: one JSON object a line, without what must not be kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import IO


class AccessLog:
    """One JSON object a line. It holds the path without its query, and no header: so no token."""

    def __init__(self, out: IO[str] | None, clock: Callable[[], float] = time.time) -> None:
        self._out = out
        self._clock = clock

    def write(self, **fields: object) -> None:
        """One line; a log that cannot be written is not the client's matter."""
        if self._out is None:
            return
        try:
            self._out.write(json.dumps({"time": round(self._clock(), 3), **fields}) + "\n")
            self._out.flush()
        except (OSError, ValueError):
            self._out = None
