"""The claims on coming back, each computed from the tape. Messages are known by their bodies, which are numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.rules.catchup import CatchUp
from labs.rules.cursor import Cursor, read_gap
from labs.scenarios import replay_steps as steps
from labs.scenarios.stomp_reading import Delivery, Reading, Sent, Subscription, lines
from labs.tape import Metric
from labs.wire.printable import count

SHOWN = 6  # numbers of a list that are told one by one


def _number(each: Sent | Delivery) -> int:
    return int(each.body) if each.body.isdigit() else 0


def _numbers(each: Iterable[Sent | Delivery]) -> set[int]:
    return {number for one in each if (number := _number(one))}


def _listed(numbers: Iterable[int]) -> str:
    """`none`, `4, 5`, or `4 … 40 (37)`."""
    ordered = sorted(numbers)
    if len(ordered) <= SHOWN:
        return ", ".join(map(str, ordered)) or "none"
    return f"{ordered[0]} … {ordered[-1]} ({len(ordered)})"


class _Readers:
    """One topic on the tape: what was sent there, and who got what on which subscription. Where what happens on it was
    played again (`/topic/return.2`), the latest round counts."""

    def __init__(self, tape: Tape, topic: str) -> None:
        reading = Reading(tape)
        rounds = [each.destination for each in reading.sent if f"{each.destination}.".startswith(f"{topic}.")]
        topic = rounds[-1] if rounds else topic
        self.sent = [sent for sent in reading.sent if sent.destination == topic]
        self.subscriptions = [each for each in reading.subscriptions if each.destination == topic]

    def of(self, part: str) -> list[Subscription]:
        """Its subscriptions in the order in which it asked for them."""
        return [each for each in self.subscriptions if each.session.part == part]

    def deliveries(self, part: str) -> list[Delivery]:
        """What it got, in order."""
        return sorted((each for one in self.of(part) for each in one.deliveries), key=lambda each: each.line)

    def missing(self, part: str) -> list[Sent]:
        """What was sent after the first message that it got, and did not reach it."""
        got = _numbers(self.deliveries(part))
        return [sent for sent in self.sent if got and _number(sent) > min(got) and _number(sent) not in got]


def _returned(readers: _Readers, part: str) -> tuple[Subscription, Subscription, list[Sent]] | None:
    """The last subscription before a cut, the first after it, and what was published meanwhile."""
    own = readers.of(part)
    before = next((each for each in own if each.deliveries), None)
    after = next((each for each in own if before and each.session is not before.session), None)
    if before is None or after is None:
        return None
    last = before.deliveries[-1].line
    return before, after, [each for each in readers.sent if last < each.seen.line and each.effective < after.seen.line]


def _at_most_once(tape: Tape) -> Finding:
    expected = "nothing that was published meanwhile"
    readers = _Readers(tape, steps.AWAY)
    returned = _returned(readers, "reader")
    if returned is None or not returned[2]:
        return unmeasured(expected, "nothing was published while the reader was away")
    missed = returned[2]
    missing = readers.missing("reader")
    got = _numbers(missed) & _numbers(readers.deliveries("reader"))
    observed = f"{count(len(missed), 'message')} published meanwhile, {len(got)} of them received"
    ok = _numbers(missing) == _numbers(missed)
    return Finding(ok, expected, observed, lines(returned[0], returned[1], *missed), {"away-received": len(got)})


def _gap_filled(tape: Tape) -> Finding:
    expected = "every message that was published"
    readers = _Readers(tape, steps.RETURN)
    returned = _returned(readers, "reader")
    if returned is None or not returned[2]:
        return unmeasured(expected, "nothing was published while the reader was away")
    missing = readers.missing("reader")
    observed = f"{count(len(returned[2]), 'message')} missed; missing in the end: {_listed(_numbers(missing))}"
    evidence = lines(*readers.of("reader"), *missing, *(each for each in readers.deliveries("reader")))
    return Finding(not missing, expected, observed, evidence, {"return-missing": len(missing)})


def _handed_on(subscriptions: Sequence[Subscription]) -> list[Delivery]:
    """What a reader hands on that joins its subscriptions by labs.rules.catchup: the messages as they came, and the
    history complete where its RECEIPT came."""
    catch_up: CatchUp[Delivery] = CatchUp(Cursor(0))
    came = [(each.line, one, each) for one in subscriptions for each in one.deliveries]
    complete = [(one.since, one, None) for one in subscriptions if one.seen.header("id") == steps.HISTORY]
    out: list[Delivery] = []
    for _, one, each in sorted([*came, *complete], key=lambda entry: entry[0]):
        live = one.seen.header("id") == steps.LIVE and one is not subscriptions[0]
        if each is None:
            out += catch_up.complete()
        elif (sequence := each.seen.header("sequence")).isdigit():
            out += (catch_up.live if live else catch_up.history)(int(sequence), each)
    return out


def _in_order(tape: Tape) -> Finding:
    expected = "in the order in which they were published"
    readers = _Readers(tape, steps.RETURN)
    out = _handed_on(readers.of("reader"))
    if len(out) < 2:
        return unmeasured(expected, "the reader got less than two messages")
    places = {_number(sent): place for place, sent in enumerate(readers.sent)}
    order = [places.get(_number(each), -1) for each in out]
    wrong = [each for each, before, place in zip(out[1:], order, order[1:], strict=False) if place <= before]
    observed = f"{count(len(out), 'message')} handed on, {len(wrong)} not behind the one before it"
    return Finding(not wrong, expected, observed, lines(*(wrong or out)))


def _no_repeats(tape: Tape) -> Finding:
    expected = "some came twice, none is handed on twice"
    readers = _Readers(tape, steps.RETURN)
    came = Counter(map(_number, readers.deliveries("reader")))
    twice = {number for number, times in came.items() if times > 1}
    if not twice:
        return unmeasured(expected, "no message came twice, so nothing was dropped")
    out = Counter(map(_number, _handed_on(readers.of("reader"))))
    repeated = [number for number, times in out.items() if times > 1]
    observed = f"came twice: {_listed(twice)}; handed on twice: {_listed(repeated)}"
    evidence = lines(*(each for each in readers.deliveries("reader") if _number(each) in twice))
    return Finding(not repeated and set(out) == set(came), expected, observed, evidence)


def _subscribe_first(tape: Tape) -> Finding:
    expected = "careful misses none; hasty misses some, all published between its two frames"
    readers = _Readers(tape, steps.ORDER)
    careful, hasty = readers.missing("careful"), readers.missing("hasty")
    frames = {each.seen.header("id"): each for each in readers.of("hasty")}
    if not readers.deliveries("careful") or set(frames) != {steps.HISTORY, steps.LIVE}:
        return unmeasured(expected, "one of the two has not subscribed, or got nothing")
    history, live = frames[steps.HISTORY], frames[steps.LIVE]
    between = [each for each in hasty if history.seen.line < each.effective and each.seen.line < live.since]
    observed = f"careful misses {_listed(_numbers(careful))}; hasty misses {_listed(_numbers(hasty))}"
    measured = steps.BETWEEN if hasty and len(between) == len(hasty) else steps.NONE_MISSING
    if len(between) < len(hasty):
        measured = steps.ALL_AFTER
    ok = not careful and measured == steps.BETWEEN
    return Finding(
        ok, expected, observed, lines(*readers.of("careful"), history, live, *hasty), {"order-missing": measured}
    )


def _too_old(tape: Tape) -> Finding:
    expected = "the numbers that are gone, told before what is left"
    readers = _Readers(tape, steps.OLD)
    returned = _returned(readers, "reader")
    if returned is None:
        return unmeasured(expected, "the reader did not come back")
    after = returned[1]
    gone = _numbers(readers.missing("reader"))
    if not gone or not after.deliveries:
        return unmeasured(expected, "nothing was gone from the buffer")
    first = after.deliveries[0]
    gap = read_gap(first.seen.header("replay-gap"))
    told = set(range(gap.first, gap.last + 1)) if gap else set()
    observed = f"gone: {_listed(gone)}; the first message tells of {_listed(told)}"
    return Finding(
        told == gone, expected, observed, lines(after, first), {"old-first": steps.GAP_TOLD if gap else steps.OLDEST}
    )


class _Members:
    """The room on the tape: what each member had by the end of a step's connections, and how the crash ended them."""

    def __init__(self, tape: Tape) -> None:
        self._readers = _Readers(tape, steps.ROOM)
        self.sent = _numbers(self._readers.sent)
        self.names = {each.session.user for each in self.of(steps.JOINED)}
        self.since = min((each.seen.line for each in self.of(steps.JOINED)), default=0)

    def of(self, id: str) -> list[Subscription]:
        """The members' subscriptions under that id."""
        return [each for each in self._readers.subscriptions if each.seen.header("id") == id]

    def got(self, *ids: str) -> dict[str, list[int]]:
        """The numbers that each member got on these, in order, repeats included."""
        found: dict[str, list[int]] = {name: [] for name in sorted(self.names)}
        for subscription in (each for id in ids for each in self.of(id)):
            found.setdefault(subscription.session.user, []).extend(
                number for each in subscription.deliveries if (number := _number(each))
            )
        return found

    def have(self, number: int, *ids: str) -> set[str]:
        """Who got that message on one of these."""
        return {name for name, numbers in self.got(*ids).items() if number in numbers}

    def evidence(self, id: str) -> tuple[int, ...]:
        """The lines of what they asked for and got."""
        own = self.of(id)
        return lines(*own, *(each for one in own for each in one.deliveries))


KILLED = 2  # the message in whose broadcast the server was killed


def _crash(tape: Tape) -> Finding:
    members = _Members(tape)
    metrics = [(line, event) for line, event in tape.of(Metric) if line > members.since > 0]
    codes = [(line, event) for line, event in metrics if event.name.startswith(steps.SEEN)]
    n, k = steps.MEMBERS, next((int(each.value) for _, each in metrics if each.name == steps.WRITES_METRIC), 0)
    expected = f"{k} of {n} have it; all {n} connections end with 1006"
    if KILLED not in members.sent or not codes or not k:
        return unmeasured(expected, "the message or the end of the connections is not on the tape")
    have = members.have(KILLED, steps.JOINED)
    farewells = sum(bool(each.session.closed_with) for each in members.of(steps.JOINED))
    told = Counter({event.name.removeprefix(steps.SEEN): int(event.value) for _, event in codes})
    observed = f"{len(have)} of {len(members.names)} have it; close codes: " + ", ".join(
        f"{code} ({times} times)" for code, times in told.most_common()
    )
    ok = len(have) == k and len(members.names) == n and told == {"1006": n} and not farewells
    measured = {"crash-received": len(have), "crash-code": told.most_common(1)[0][0]}
    return Finding(ok, expected, observed, members.evidence(steps.JOINED) + tuple(line for line, _ in codes), measured)


def _shared(tape: Tape) -> Finding:
    expected = "after the first ACK nobody else gets it: who did not have it lost it"
    members = _Members(tape)
    own = members.of(steps.PENDING)
    acked = [each for one in own for each in one.deliveries if _number(each) == KILLED and each.settled is not None]
    if len(own) != len(members.names) or not acked:
        return unmeasured(expected, "not all came back, or nobody acknowledged the message")
    lost = members.names - members.have(KILLED, steps.JOINED, steps.PENDING)
    without = members.names - members.have(KILLED, steps.JOINED) - {acked[0].subscription.session.user}
    observed = f"{count(len(without), 'member')} without it when it was acknowledged, {len(lost)} without it for ever"
    ok = bool(lost) and lost == without
    return Finding(ok, expected, observed, members.evidence(steps.PENDING), {"shared-lost": len(lost)})


def _cursor(tape: Tape) -> Finding:
    expected = "everybody has everything, once"
    members = _Members(tape)
    if len(members.of(steps.CURSOR)) != len(members.names) or not members.names:
        return unmeasured(expected, "not all came back")
    got = members.got(steps.JOINED, steps.CURSOR)
    lost = [name for name, numbers in got.items() if set(numbers) != members.sent]
    twice = [name for name, numbers in got.items() if len(set(numbers)) < len(numbers)]
    observed = f"{len(lost)} of {len(got)} miss a message, {len(twice)} got one twice"
    ok = not lost and not twice
    return Finding(ok, expected, observed, members.evidence(steps.CURSOR), {"cursor-lost": len(lost)})


def _trimmed(tape: Tape) -> Finding:
    expected = f"by score: what is younger than {steps.AGE:g} s and nothing else; by EXPIRE: not so"
    aged, expiring = (_aged(_Readers(tape, topic)) for topic in (steps.AGED, steps.EXPIRING))
    if aged is None or expiring is None:
        return unmeasured(expected, "nobody asked, or no message was old and another young by then")
    (old, young, got, evidence), (old_too, young_too, got_too, evidence_too) = aged, expiring
    by_score, by_key = young <= got and not got & old, young_too <= got_too and not got_too & old_too
    observed = f"by score {_kept(old, young, got)} are kept; by EXPIRE {_kept(old_too, young_too, got_too)}"
    held = steps.YOUNG if by_key else steps.EVERYTHING if got_too & old_too else steps.NOTHING
    return Finding(by_score and not by_key, expected, observed, evidence + evidence_too, {"trim-expiring": held})


def _aged(readers: _Readers) -> tuple[set[int], set[int], set[int], tuple[int, ...]] | None:
    """The messages that were surely too old when somebody asked, those that surely were not, those that came, and the
    lines; None where there is nothing to tell apart."""
    asked = next(iter(readers.subscriptions), None)
    if asked is None:
        return None
    at, margin = asked.seen.traced.message.t, steps.AGE / 4
    ages = {_number(sent): at - sent.seen.traced.message.t for sent in readers.sent}
    old = {number for number, age in ages.items() if age > steps.AGE + margin}
    young = {number for number, age in ages.items() if age < steps.AGE - margin}
    if not old or not young:
        return None
    return old, young, _numbers(asked.deliveries), lines(asked, *asked.deliveries)


def _kept(old: set[int], young: set[int], got: set[int]) -> str:
    return f"{len(got & old)} of {len(old)} old and {len(got & young)} of {len(young)} young"


VERDICTS: dict[str, Judge] = {
    "at-most-once-loses": _at_most_once,
    "gap-filled": _gap_filled,
    "in-order": _in_order,
    "no-repeats-after-dedupe": _no_repeats,
    "subscribe-before-history": _subscribe_first,
    "cursor-too-old-is-told": _too_old,
    "crash-mid-broadcast": _crash,
    "shared-ack-loses": _shared,
    "cursor-per-client-keeps": _cursor,
    "buffer-trimmed-by-age": _trimmed,
}
