"""The claims on what a client is told and what it acknowledges, each computed from the whole tape: receipts, ACK and
NACK, redelivery, transactions (STOMP 1.2, RECEIPT, ACK, NACK, BEGIN)."""

from __future__ import annotations

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.scenarios import stomp_steps as steps
from labs.scenarios.stomp_reading import NEVER, Delivery, Reading, Seen, Sent, Session, Subscription, lines
from labs.tape import FaultInjected
from labs.wire.printable import count


def _receipt_after_effect(tape: Tape) -> Finding:
    """Of a SEND (or the COMMIT of one) by who is subscribed there: on its own connection the MESSAGE comes before the
    RECEIPT. One connection has one order, so that no clock is needed."""
    expected = "on the sender's own connection: MESSAGE, then RECEIPT"
    reading = Reading(tape)
    asked = [pair for session in reading.sessions.values() for pair in _own_effects(reading, session)]
    if not asked:
        return unmeasured(expected, "nobody asked for the receipt of a message to themselves")
    right = late = absent = 0
    evidence: list[Seen | Delivery | None] = []
    for request, effect, receipt in asked:
        evidence += [request, effect, receipt]
        absent += receipt is None
        late += receipt is not None and (effect is None or not _before(effect, receipt))
        right += receipt is not None and effect is not None and _before(effect, receipt)
    observed = f"{count(len(asked), 'receipt')} asked for, {right} came after the effect"
    observed += f", {late} before it" if late else ""
    observed += f", {absent} never" if absent else ""
    return Finding(right == len(asked), expected, observed, lines(*evidence), _receipt_measured(asked))


_Effect = tuple[Seen, Delivery | None, Seen | None]  # what asked for a receipt, what came of it, the receipt


def _own_effects(reading: Reading, session: Session) -> list[_Effect]:
    found: list[_Effect] = []
    sends = [sent for sent in reading.sent if sent.session is session]
    for request in session.seen:
        if not request.header("receipt") or request.frame.command not in ("SEND", "COMMIT"):
            continue
        if request.frame.command == "SEND":
            caused = [sent for sent in sends if sent.seen is request and not sent.transaction]
        else:
            caused = [sent for sent in sends if sent.transaction == request.header("transaction")]
        caused = [sent for sent in caused if _subscribed(reading, session, sent)]
        if not caused:
            continue
        came = [next((d for d in reading.got(sent) if d.subscription.session is session), None) for sent in caused]
        effect = None if None in came else max((each for each in came if each is not None), key=_place)
        receipt = next((each for each in session.seen if each.header("receipt-id") == request.header("receipt")), None)
        found.append((request, effect, receipt))
    return found


def _subscribed(reading: Reading, session: Session, sent: Sent) -> bool:
    mine = [each for each in reading.subscriptions if each.session is session]
    return any(each.destination == sent.destination and each.seen.line < sent.seen.line for each in mine)


def _place(delivery: Delivery) -> int:
    return delivery.subscription.session.seen.index(delivery.seen)


def _before(effect: Delivery, receipt: Seen) -> bool:
    return _place(effect) < effect.subscription.session.seen.index(receipt)


def _receipt_measured(asked: list[_Effect]) -> dict[str, object]:
    request, effect, receipt = asked[0]
    measured: dict[str, object] = {"last-byte": f"{request.raw[-1]:02x}"}
    if effect is not None and receipt is not None:
        passed = [steps.SEND, steps.MESSAGE, steps.RECEIPT]
        measured["receipt-order"] = passed if _before(effect, receipt) else [passed[0], passed[2], passed[1]]
    return measured


def _client_ack_cumulative(tape: Tape) -> Finding:
    """After the loss of who acknowledged one of several: everything up to that one is settled, everything after it
    comes again."""
    expected = f"number {steps.ACKNOWLEDGED} settles 1 to {steps.ACKNOWLEDGED}; after the loss the rest comes again"
    reading = Reading(tape)
    batch = next((each for each in reading.subscriptions if each.destination == steps.BATCH), None)
    if batch is None or batch.session.ends == NEVER or len(batch.deliveries) < 2:
        return unmeasured(expected, "no connection was lost in the middle of a batch")
    settled = [each for each in batch.deliveries if each.settled is not None]
    acks = [seen for seen in batch.session.seen if seen.frame.command == "ACK"]
    again = [each for each in reading.deliveries if each.subscription.session is not batch.session and _of(each, batch)]
    came = [each.body for each in again]
    left = [each.body for each in batch.deliveries if each.settled is None]
    observed = (
        f"{count(len(acks), 'ACK')} for {count(len(batch.deliveries), 'message')}; after the loss came again: "
        f"{', '.join(came) or 'nothing'}"
    )
    ok = len(acks) == 1 and len(settled) == steps.ACKNOWLEDGED and came == left
    return Finding(ok, expected, observed, lines(*batch.deliveries, *acks, *again), {"batch-again": len(came)})


def _of(delivery: Delivery, batch: Subscription) -> bool:
    """Whether it is one of the messages that the batch had."""
    same = delivery.seen.header("destination") == batch.destination
    return same and any(delivery.body == each.body for each in batch.deliveries)


def _redelivered_after_loss(tape: Tape) -> Finding:
    """Of every job that cannot have been done (its worker was killed with it, or refused it)."""
    expected = "every job whose worker was lost before its ACK, or that was refused, comes again, marked redelivered"
    reading = Reading(tape)
    killed = [
        reading.next_lost(event.target, line) for line, event in tape.of(FaultInjected) if event.id == "kill-consumer"
    ]
    lost = [each for each in reading.deliveries if each.seen.frame.get("hold") and each.settled is None]
    lost = [each for each in lost if each.subscription.session in killed]
    refused = [each for each in reading.deliveries if each.refused is not None]
    if not lost and not refused:
        return unmeasured(expected, "no worker was lost with a job in its hands")
    again = {id(each): _next(reading, each) for each in (*lost, *refused)}
    missing = [each for each in (*lost, *refused) if again[id(each)] is None]
    told = [f"{count(len(lost), 'job')} in the hands of killed workers, {_came(lost, again)} delivered again"]
    if refused:
        told.append(f"{count(len(refused), 'refusal')}, {_came(refused, again)} answered by another delivery")
    measured: dict[str, object] = {}
    if lost:
        measured["killed-job"] = steps.LOST if again[id(lost[0])] is None else steps.AGAIN
    if refused:
        last = again[id(refused[-1])]
        buried = last is not None and last.seen.header("destination") == steps.DEAD
        measured["refused-job"] = steps.BURIED if buried else steps.DROPPED if last is None else steps.FOR_EVER
    evidence = lines(*lost, *refused, *again.values())
    return Finding(not missing, expected, "; ".join(told), evidence, measured)


def _next(reading: Reading, delivery: Delivery) -> Delivery | None:
    """The delivery that follows from this one's loss or refusal: marked as redelivered, or a dead letter."""
    after = delivery.refused or delivery.line
    lost = None if delivery.refused else delivery.subscription.session
    for each in reading.deliveries:
        buried = each.seen.header("destination") == steps.DEAD
        elsewhere = each.line > after and each.subscription.session is not lost
        if each.body == delivery.body and elsewhere and (each.redelivered or buried):
            return each
    return None


def _came(deliveries: list[Delivery], again: dict[int, Delivery | None]) -> int:
    return sum(again[id(each)] is not None for each in deliveries)


def _transaction_atomic(tape: Tape) -> Finding:
    """What was sent in a transaction comes after its COMMIT, all of it, and never without one."""
    expected = "nothing before COMMIT, then everything; nothing after ABORT"
    reading = Reading(tape)
    sends = [sent for sent in reading.sent if sent.transaction]
    ends = {(sent.seen.conn, sent.transaction): reading.ended.get((sent.seen.conn, sent.transaction)) for sent in sends}
    if {end.frame.command for end in ends.values() if end is not None} != {"COMMIT", "ABORT"}:
        return unmeasured(expected, "no transaction was committed and another aborted")
    early = lost = kept = 0
    evidence: list[Sent | Seen | Delivery] = [end for end in ends.values() if end is not None]
    for sent in sends:
        end, came = ends[sent.seen.conn, sent.transaction], reading.got(sent)
        committed = end is not None and end.frame.command == "COMMIT"
        early += sum(end is None or each.line < end.line for each in came)
        lost += committed and not came
        kept += len(came) if not committed else 0
        evidence += [sent, *came]
    observed = f"{early} delivered before the end of their transaction, {lost} committed and lost, {kept} of an aborted"
    in_order = [each for each in reading.deliveries if each.body in (steps.DEBIT, steps.CREDIT, steps.MEANWHILE)]
    order = [each.body for each in in_order]
    measured = {"transaction-order": order} if len(order) == 3 else {}
    return Finding(not (early or lost or kept), expected, observed, lines(*evidence, *in_order), measured)


VERDICTS: dict[str, Judge] = {
    "receipt-after-effect": _receipt_after_effect,
    "client-ack-cumulative": _client_ack_cumulative,
    "redelivered-after-loss": _redelivered_after_loss,
    "transaction-atomic": _transaction_atomic,
}
