"""The keys of a lab's faults: a capital letter each, made from their names, since each lab has faults of its own."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding

from labs.lab import Fault

TAKEN = "G"  # to the end of a list or a text


def letters(faults: Sequence[Fault]) -> dict[str, Fault]:
    """Key -> fault: the first letter of its name that is still free."""
    found: dict[str, Fault] = {}
    for fault in faults:
        free = (each for each in fault.id.upper() if each.isalpha() and each not in found and each not in TAKEN)
        if letter := next(free, ""):
            found[letter] = fault
    return found


def bindings(faults: Sequence[Fault]) -> list[Binding]:
    """What the keys do on a lab's screen, and what help says of them."""
    return [
        Binding(key, f"fault({fault.id!r})", fault.id, tooltip=f"Break it: {fault.about}", id=f"fault.{fault.id}")
        for key, fault in letters(faults).items()
    ]
