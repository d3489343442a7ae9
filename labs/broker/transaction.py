"""A transaction: the SENDs, ACKs and NACKs that wait for COMMIT. Carrying them out is the matter of commands.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from labs.broker.config import POLICY, TOO_BIG, Limits
from labs.broker.subscription import Delivery
from labs.broker.violation import Violation
from labs.wire.stomp import Frame


@dataclass(frozen=True, slots=True)
class Settlement:
    """An ACK or NACK with the deliveries that it was for when it came."""

    command: str
    deliveries: tuple[Delivery, ...]
    receipt: str | None


@dataclass(slots=True)
class Transaction:
    """What came between BEGIN and now, in order. A SEND is its frame."""

    actions: list[Frame | Settlement] = field(default_factory=list)
    size: int = 0  # bytes of the frames

    def hold(self, action: Frame | Settlement) -> None:
        """Keep `action` until COMMIT; deliveries are marked, so that nothing else settles them."""
        self.actions.append(action)
        if isinstance(action, Frame):
            self.size += len(action.body) + sum(len(name) + len(value) for name, value in action.headers)
        else:
            for delivery in action.deliveries:
                delivery.held = True

    def deliveries(self, command: str) -> list[Delivery]:
        """Those that an ACK, or a NACK, in it is for."""
        settlements = [each for each in self.actions if isinstance(each, Settlement) and each.command == command]
        return [delivery for each in settlements for delivery in each.deliveries]

    def let_go(self) -> list[Delivery]:
        """Undo: the deliveries that it held, which may be settled otherwise now."""
        held = [each for action in self.actions if isinstance(action, Settlement) for each in action.deliveries]
        for delivery in held:
            delivery.held = False
        self.actions.clear()
        return held


def check_bounds(transactions: dict[str, Transaction], limits: Limits) -> None:
    """Raises Violation when a session's open transactions hold too much."""
    if sum(len(each.actions) for each in transactions.values()) > limits.transaction_frames:
        raise Violation(f"open transactions hold more than {limits.transaction_frames} frames", POLICY)
    if sum(each.size for each in transactions.values()) > limits.transaction_bytes:
        raise Violation(f"open transactions hold more than {limits.transaction_bytes} bytes", TOO_BIG)
