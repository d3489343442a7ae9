"""What a part that runs as a child process offers its lab: where it listens, and what it can be told to do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class ControlError(ValueError):
    """A command that a part does not take; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Running:
    """A part that listens on `addresses` (`ip:port` by name) and obeys `commands`, plain or coroutine functions."""

    addresses: dict[str, str]
    commands: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    async def obey(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """The result of a command; raises ControlError."""
        command = self.commands.get(name)
        if command is None:
            raise ControlError(f"no command {name!r}; it has {', '.join(self.commands) or 'none'}")
        try:
            result = command(**arguments)
            return await result if inspect.isawaitable(result) else result
        except (KeyError, TypeError, OSError) as error:
            raise ControlError(f"{name}: {type(error).__name__}: {error}") from error
