"""A STOMP broker without I/O: bytes of clients in, effects out. A driver owns the sockets, the clock and the tokens.

broker = Broker(BrokerConfig(node=..., wall=time.time()), now)
effects = broker.open(session, Peer(address), now)
effects = broker.receive(session, data, now)
effects = broker.tick(now)      # not later than broker.next_deadline()
effects = broker.lost(session, now)
"""

from labs.broker.broker import Broker
from labs.broker.config import Behaviour, BrokerConfig, Identity, Limits, Peer, Refused, Rule, as_spring, behaving
from labs.broker.counters import Counters
from labs.broker.effects import Close, Effect, Reading, Send
from labs.broker.handlers import Handler, Reply, Request, user_destination
from labs.broker.shared import SharedBroker
from labs.broker.violation import Violation

__all__ = [
    "Behaviour",
    "Broker",
    "BrokerConfig",
    "Close",
    "Counters",
    "Effect",
    "Handler",
    "Identity",
    "Limits",
    "Peer",
    "Reading",
    "Refused",
    "Reply",
    "Request",
    "Rule",
    "Send",
    "SharedBroker",
    "Violation",
    "as_spring",
    "behaving",
    "user_destination",
]
