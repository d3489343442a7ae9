"""Which client is on which node behind a balancer, from the handshakes on the tape on both sides of it, known by their
keys. Drawing it is for whoever shows a tape."""

from __future__ import annotations

from dataclasses import dataclass, replace

from labs.tables import column
from labs.tape import Event, FaultInjected, Metric, Part
from labs.timeline import CODE
from labs.wire.handshake import switches, wants_upgrade
from labs.wire.http_head import parse_head
from labs.wire.message import Message

KEY = "Sec-WebSocket-Key"


@dataclass(frozen=True, slots=True)
class Place:
    """The node of a client's latest connection; by which balancer; whether that lasts, as far as the client has
    noticed; and the node before it, where it has moved since the latest fault."""

    node: str
    by: str
    lasts: bool = True
    before: str = ""


class Placement:
    """`places` by client, in the order in which they came; `involved` are those clients, their balancers and nodes."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.involved: set[str] = set()
        self._roles: dict[str, str] = {}
        self._nodes: dict[str, str] = {}  # key -> node that was asked
        self._asked: dict[str, tuple[str, str, str]] = {}  # connection to a balancer -> client, balancer, key

    def add(self, event: Event) -> None:
        """Take the next event of the tape; its messages come by `take`."""
        if isinstance(event, Part):
            self._roles[event.id] = event.role
        elif isinstance(event, FaultInjected):
            self.places = {client: replace(place, before="") for client, place in self.places.items()}
        elif isinstance(event, Metric) and event.part in self.places and column(event) == CODE:
            self.places[event.part] = replace(self.places[event.part], lasts=False)

    def take(self, message: Message) -> None:
        """A message on the tape; those of other protocols, and between others, are passed over."""
        sender, receiver = (self._roles.get(id) for id in (message.sender, message.receiver))
        if message.proto != "http" or not {"balancer", "node"} & {sender, receiver}:
            return
        head = parse_head(message.raw)
        if wants_upgrade(head):
            key = head.get(KEY) or ""
            if (sender, receiver) == ("balancer", "node"):
                self._nodes[key] = message.receiver
            elif receiver == "balancer":
                self._asked[message.conn] = (message.sender, message.receiver, key)
        elif message.conn in self._asked and switches(head):
            self._opened(*self._asked.pop(message.conn))

    def _opened(self, client: str, balancer: str, key: str) -> None:
        node = self._nodes.pop(key, "")
        if node:
            before = self.places[client].node if client in self.places else ""
            self.places[client] = Place(node, balancer, before=before if before != node else "")
            self.involved |= {client, balancer, node}
