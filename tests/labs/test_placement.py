"""Who is on which node, from the handshakes of a tape made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from labs import tape
from labs.placement import Place, Placement
from labs.recording import Tape
from labs.tables import cell
from labs.timeline import CODE
from labs.wire.handshake import accept_headers, build_request, build_response, upgrade_headers

PARTS = {"ann": "client", "lb": "balancer", "n1": "node", "n2": "node", "far": "client"}
KEYS = ("dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==", "AQAAAAAAAAAAAAAAAAAAAA==")


def passed(conn: str, sender: str, receiver: str, data: bytes) -> tape.Bytes:
    return tape.Bytes(t=1, conn=conn, sender=sender, receiver=receiver, src="", dst="", at=sender, hex=data.hex())


def visit(number: int, node: str, status: int = 101) -> list[tape.Event]:
    """A handshake of ann by way of the balancer."""
    key, outer, inner = KEYS[number], f"o{number}", f"i{number}"
    asks = build_request("/ws", upgrade_headers(key))
    answer = build_response(status, "", accept_headers(key) if status == 101 else ())
    return [
        passed(outer, "ann", "lb", asks), passed(inner, "lb", node, asks), passed(inner, node, "lb", answer),
        passed(outer, "lb", "ann", answer),
    ]  # fmt: skip


def places(*events: Iterable[tape.Event]) -> dict[str, Place]:
    placement, record = Placement(), Tape()
    parts = [tape.Part(t=0, id=id, role=role, state="up") for id, role in PARTS.items()]
    for event in chain(parts, *events):
        placement.add(event)
        for traced in record.add(event):
            placement.take(traced.message)
    return placement.places


CUT = [tape.Metric(t=2, name=cell("clients", "ann", CODE), value=1006, unit="", part="ann")]
FAULT = [tape.FaultInjected(t=3, id="kill", target="n2", by="lab")]


def test_a_client_is_where_its_key_was_passed_on_to_and_answered() -> None:
    assert places(visit(0, "n1")) == {"ann": Place("n1", "lb")}
    assert places(visit(0, "n1")[:3]) == {}, "the client has no answer yet"
    assert places(visit(0, "n1", status=503)) == {}
    direct = build_request("/ws", upgrade_headers(KEYS[1])), build_response(101, "", accept_headers(KEYS[1]))
    assert places([passed("c", "far", "n1", direct[0]), passed("c", "n1", "far", direct[1])]) == {}, "no balancer"


def test_it_moves_with_its_next_handshake_and_has_moved_until_the_next_fault() -> None:
    assert places(visit(0, "n1"), CUT) == {"ann": Place("n1", "lb", lasts=False)}
    assert places(visit(0, "n1"), CUT, visit(1, "n1")) == {"ann": Place("n1", "lb")}
    assert places(visit(0, "n1"), CUT, visit(1, "n2")) == {"ann": Place("n2", "lb", before="n1")}
    assert places(visit(0, "n1"), visit(1, "n2"), FAULT) == {"ann": Place("n2", "lb")}
    assert places(CUT) == {}, "it was never there"
