"""A field of a dataclass that can be set by name and says what it is for; reading settings is labs/net/knobs.py."""

from __future__ import annotations

from dataclasses import field
from typing import Any, TypeVar

T = TypeVar("T")


def setting(default: T, meaning: str, code: int | None = None) -> T:
    """The field's default, what it is with its unit, and the close code that ends a connection which passes it."""
    metadata: dict[str, Any] = {"meaning": meaning, "code": code}
    return field(default=default, metadata=metadata)
