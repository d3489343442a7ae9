"""The claims on who gets a message, each computed from the whole tape, so that they are judged again after every fault:
topics (STOMP 1.2, SUBSCRIBE), queues, application handlers."""

from __future__ import annotations

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.scenarios.stomp_reading import Delivery, Reading, Sent, Subscription, by_part, lines
from labs.scenarios.stomp_steps import ANNA_ALONE, BOTH, MISSED, MISSED_BEFORE, NEWS, NOBODY
from labs.wire.printable import count


def _carried_out(reading: Reading, sent: Sent) -> bool:
    if not sent.transaction:
        return True
    end = reading.ended.get((sent.seen.conn, sent.transaction))
    return end is not None and end.frame.command == "COMMIT"


def _topic_all(tape: Tape) -> Finding:
    """Who is surely subscribed by name when a message is sent to a topic gets it, once for each subscription."""
    expected = "each subscription gets each message once"
    reading = Reading(tape)
    wanted = got = 0
    wrong: list[Sent] = []
    evidence: list[Sent | Delivery] = []
    for sent in reading.to("/topic/"):
        standing = [each for each in reading.subscriptions if each.destination == sent.destination]
        standing = [each for each in standing if each.stands(sent.seen.line)] if _carried_out(reading, sent) else []
        came = reading.got(sent)
        counts = [sum(each.subscription is subscription for each in came) for subscription in standing]
        wanted, got = wanted + len(counts), got + sum(counts)
        if any(number != 1 for number in counts):
            wrong.append(sent)
        if len(standing) > 1:
            evidence += [sent, *came]
    headline = next((sent for sent in reading.sent if sent.destination == NEWS), None)
    measured = {"topic-frames": len(reading.got(headline))} if headline is not None else {}
    if not evidence:
        return unmeasured(expected, "no message was sent while several were subscribed")
    observed = f"{wanted} subscriptions stood when a message was sent, {count(got, 'MESSAGE')} came"
    if wrong:
        observed += f"; not so for {wrong[0].body!r} on {wrong[0].destination}"
    return Finding(not wrong, expected, observed, lines(*evidence), measured)


def _topic_absent_lost(tape: Tape) -> Finding:
    """A message that had been carried out before somebody subscribed never comes to them; a later one does."""
    expected = "nothing of what was sent before, everything sent after"
    reading = Reading(tape)
    late: list[Subscription] = []
    missed = came = 0
    evidence: list[Sent | Subscription | Delivery] = []
    sends = [sent for sent in reading.to(MISSED) if sent.destination == MISSED]
    for subscription in (each for each in reading.subscriptions if each.destination == MISSED):
        before = [sent for sent in sends if sent.effective < subscription.seen.line]
        bodies = {sent.body for sent in before}
        after = [each for each in subscription.deliveries if each.body not in bodies]
        if not before or not after:
            continue
        late.append(subscription)
        missed += len(before)
        came += len(subscription.deliveries) - len(after)
        evidence += [*before[-MISSED_BEFORE:], subscription, *subscription.deliveries]
    if not late:
        return unmeasured(expected, "nobody subscribed late and then got a message")
    observed = f"{came} of {missed} earlier messages came to {count(len(late), 'late subscriber')}, the later ones did"
    measured = {"late-received": len(late[0].deliveries)}
    return Finding(came == 0, expected, observed, lines(*evidence), measured)


def _queue_one(tape: Tape) -> Finding:
    """Not counting what is delivered again: exactly one MESSAGE for each SEND to a queue that has consumers."""
    expected = "one consumer for each message; it waits while there is none"
    reading = Reading(tape)
    consumers: dict[str, set[str]] = {}
    for each in reading.subscriptions:
        consumers.setdefault(each.destination, set()).add(each.session.part)
    sends = [sent for sent in reading.to("/queue/") if len(consumers.get(sent.destination, ())) > 1]
    if not sends:
        return unmeasured(expected, "no queue had two consumers and a message")
    first = {id(sent): [each for each in reading.got(sent) if not each.redelivered] for sent in sends}
    wrong = [sent for sent in sends if len(first[id(sent)]) != 1]
    deliveries = [each for came in first.values() for each in came]
    observed = f"{count(len(sends), 'message')}, {len(deliveries)} first deliveries: {by_part(deliveries)}"
    if wrong:
        observed += f"; {wrong[0].body!r} came {len(first[id(wrong[0])])} times"
    jobs = [sent for sent in sends if sent.body.startswith("job ") and "behind" not in sent.body]
    measured = {"queue-frames": sum(len(first[id(sent)]) for sent in jobs)}
    return Finding(not wrong, expected, observed, lines(*sends, *deliveries), measured)


def _app_reply_only_subscriber(tape: Tape) -> Finding:
    """Each SUBSCRIBE of /app/… has one MESSAGE, on its own subscription, and no MESSAGE of /app/… is without one."""
    expected = "one MESSAGE for each SUBSCRIBE, to that subscription"
    reading = Reading(tape)
    asked = [each for each in reading.subscriptions if each.destination.startswith("/app/")]
    asked = [each for each in asked if each.deliveries or not each.session.failed]
    if len({each.session.conn for each in asked}) < 2:
        return unmeasured(expected, "fewer than two clients subscribed to an application destination")
    answers = [each for each in reading.deliveries if each.seen.header("destination").startswith("/app/")]
    wrong = [each for each in asked if len(each.deliveries) != 1]
    stray = [each for each in answers if each.subscription not in asked]
    observed = f"{count(len(asked), 'SUBSCRIBE')}, {count(len(answers), 'MESSAGE')}: {by_part(answers)}"
    if wrong:
        observed += f"; {wrong[0].session.part} got {len(wrong[0].deliveries)} for one"
    measured = _who_heard(asked, answers)
    return Finding(not wrong and not stray, expected, observed, lines(*asked, *answers), measured)


def _who_heard(asked: list[Subscription], answers: list[Delivery]) -> dict[str, object]:
    """Who got a MESSAGE because anna subscribed: what came between that and her next frame."""
    anna = next((each for each in asked if each.session.part == "anna" and each.seen.header("id") == "time"), None)
    if anna is None:
        return {}
    others = [each for each in answers if each.line > anna.seen.line and each.part == "ben"]
    own = [each for each in others if each.subscription.seen.line < anna.seen.line]
    heard = bool(anna.deliveries)
    return {"app-reply": BOTH if heard and own else ANNA_ALONE if heard else NOBODY}


VERDICTS: dict[str, Judge] = {
    "topic-all": _topic_all,
    "topic-absent-lost": _topic_absent_lost,
    "queue-one": _queue_one,
    "app-reply-only-subscriber": _app_reply_only_subscriber,
}
