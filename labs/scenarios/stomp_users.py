"""The claims on users' own destinations, each computed from the tape: who is reached, and under which name."""

from __future__ import annotations

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.scenarios.stomp_reading import Delivery, Reading, Sent, Subscription, by_part, lines
from labs.scenarios.stomp_steps import HEARS_NOTHING, READS_ALONG, REFUSED, REPLIES
from labs.wire.printable import count

OWN = f"/user{REPLIES}"


def _carrying(reading: Reading, body: str) -> list[Delivery]:
    """The MESSAGEs whose body is this, or a handler's answer that ends in it."""
    return [each for each in reading.deliveries if each.body == body or each.body.endswith(f":{body}")]


def _user_all_sessions(tape: Tape) -> Finding:
    """Of what goes to a user by name: each session of that user that is subscribed gets it once, nobody else."""
    expected = "every session of the user, once, and nobody else"
    reading = Reading(tape)
    asked = [(sent, sent.session.user) for sent in reading.to("/app/me") if sent.destination == "/app/me"]
    named = [sent for sent in reading.to("/user/") if sent.destination.endswith(REPLIES)]
    asked += [(sent, sent.destination.split("/")[2]) for sent in named]
    if not asked:
        return unmeasured(expected, "nothing was sent to a user")
    told: list[str] = []
    right: list[bool] = []
    evidence: list[Sent | Delivery] = []
    measured: dict[str, object] = {}
    for sent, user in asked:
        meant = [each for each in reading.subscriptions if _is_of(each, user) and each.stands(sent.seen.line)]
        came = _carrying(reading, sent.body)
        reached = [each.subscription for each in came]
        right.append(len(meant) > 1 and sorted(map(id, reached)) == sorted(map(id, meant)))
        told.append(f"{sent.destination}: {len(came)} of {count(len(meant), 'session')} ({by_part(came)})")
        evidence += [sent, *came]
        if sent.destination == "/app/me":
            measured.setdefault("user-sessions", len(came))
    return Finding(all(right), expected, "; ".join(told), lines(*evidence), measured)


def _is_of(subscription: Subscription, user: str) -> bool:
    return subscription.destination == OWN and subscription.session.user == user


def _user_destination_translated(tape: Tape) -> Finding:
    """A SEND to /queue/…-user{session} by that session comes to its /user/queue/… and to no other; who is another
    session may not subscribe to that name."""
    expected = f"{REPLIES}-user{{session}} is {OWN} of that session alone, and nobody else's to read"
    reading = Reading(tape)
    names = {f"{REPLIES}-user{session.id}": session for session in reading.sessions.values() if session.id}
    to_self = [sent for sent in reading.to(REPLIES) if names.get(sent.destination) is sent.session]
    spies = [each for each in reading.subscriptions if each.destination in names]
    spies = [each for each in spies if names[each.destination] is not each.session]
    if not to_self or not spies:
        return unmeasured(expected, "nobody sent to such a name, or nobody else subscribed to one")
    came = [(sent, each) for sent in to_self for each in _carrying(reading, sent.body)]
    own = bool(came) and all(
        each.subscription.session is sent.session and each.subscription.destination == OWN for sent, each in came
    )
    refused = all(_was_refused(spy) for spy in spies)
    heard = [each for spy in spies for each in spy.deliveries]
    spy = REFUSED if refused else READS_ALONG if heard else HEARS_NOTHING
    where = ", ".join(sorted({f"{each.part} as {each.seen.header('destination')}" for _, each in came})) or "nobody"
    observed = f"{to_self[0].destination} came to {where}; {spies[0].session.part}: {spy}"
    errors = [seen for each in spies for seen in each.session.seen if seen.frame.command == "ERROR"]
    evidence = lines(*to_self, *(each for _, each in came), *spies, *errors)
    return Finding(own and refused, expected, observed, evidence, {"eavesdropper": spy})


def _was_refused(subscription: Subscription) -> bool:
    seen = subscription.session.seen
    behind = seen[seen.index(subscription.seen) + 1 :]
    answers = [each for each in behind if each.traced.message.sender != subscription.session.part]
    return bool(answers) and answers[0].frame.command == "ERROR" and bool(subscription.session.closed_with)


VERDICTS: dict[str, Judge] = {
    "user-all-sessions": _user_all_sessions,
    "user-destination-translated": _user_destination_translated,
}
