"""The claims on failover, each computed from the tape: who was on which node is read off the handshakes on both sides
of the balancer, what reached whom off the STOMP frames, what a client made of it off its metrics."""

from __future__ import annotations

from collections import Counter

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.rules.backoff import Policy
from labs.rules.cursor import Cursor, Seen
from labs.scenarios import failover_steps as steps
from labs.scenarios.failover_clients import BASE_SECONDS, CAP_SECONDS, STABLE_SECONDS
from labs.scenarios.failover_herd import herd_flattened
from labs.scenarios.failover_reading import BOUND, WAIT, Passage, metrics, passages
from labs.scenarios.reading import SeenFrame, frames
from labs.scenarios.stomp_reading import Delivery, Reading, Session, lines, reading_of
from labs.tape import FaultInjected, Part
from labs.timeline import CODE
from labs.wire.frames import CLOSE, is_control
from labs.wire.printable import count

ABNORMAL = 1006
EARLY = 0.02  # seconds that a wait may seem shorter by on the tape: two clocks are read, one after the other


def _faults(tape: Tape, id: str) -> list[tuple[int, FaultInjected]]:
    return [(line, event) for line, event in tape.of(FaultInjected) if event.id == id and event.by == "lab"]


def _cookie_set(tape: Tape) -> Finding:
    expected = "Set-Cookie in the 101 to who has no cookie"
    first = [each for each in passages(tape) if each.outer.asked.get("Cookie") is None]
    if not first:
        return unmeasured(expected, "nobody came without a cookie")
    given = [each for each in first if each.outer.answered and each.outer.answered.get("Set-Cookie")]
    shown = given[0].outer.answered.get("Set-Cookie") if given and given[0].outer.answered else "none"
    observed = f"{len(given)} of {count(len(first), 'handshake')}, such as {(shown or '').partition(';')[0]}"
    return Finding(len(given) == len(first), expected, observed, _lines(first))


def _sticky(tape: Tape) -> Finding:
    expected = "with its cookie each client is on the node that it was on"
    pairs = [(before, after) for before, after in _pairs(passages(tape, step="cookie")) if after.opened]
    if not pairs:
        return unmeasured(expected, "nobody came back")
    same = sum(before.node == after.node for before, after in pairs)
    shown = sum(after.outer.asked.get("Cookie") is not None for _, after in pairs)
    observed = f"{shown} of {len(pairs)} show a cookie, {same} are on the same node"
    measured = steps.SAME if same == len(pairs) else steps.OTHER
    evidence = _lines([each for pair in pairs for each in pair])
    return Finding(same == shown == len(pairs), expected, observed, evidence, {"sticky-node": measured})


def _pairs(of: list[Passage]) -> list[tuple[Passage, Passage]]:
    """Each client's handshakes, one and the next."""
    last: dict[str, Passage] = {}
    pairs = []
    for each in of:
        if each.client in last:
            pairs.append((last[each.client], each))
        last[each.client] = each
    return pairs


def _lines(of: list[Passage]) -> tuple[int, ...]:
    return tuple(line for each in of for line in each.lines)


def _open_stays(tape: Tape) -> Finding:
    """Byte for byte, what clients sent while their node was draining is what passed between balancer and that node."""
    expected = "every frame on the node where the socket was opened"
    window = _draining(tape)
    if window is None:
        return unmeasured(expected, "no node was draining")
    since, until, node = window
    opened = [each for each in passages(tape) if each.opened and each.line < until]
    there = {each.client: each for each in opened if each.line < since}
    there = {client: each for client, each in there.items() if each.node == node}
    sent = {client: _sent(tape, each.outer.conn, since, until) for client, each in there.items()}
    passed = {
        client: _sent(tape, each.inner.conn if each.inner else "", since, until) for client, each in there.items()
    }
    count_sent = sum(map(len, sent.values()))
    if not count_sent:
        return unmeasured(expected, "nothing was sent meanwhile")
    anew = [each for each in opened if each.line > since and each.client in there]
    stays = not anew and all(_raw(sent[client]) == _raw(passed[client]) for client in there)
    arrived = sum(map(len, passed.values()))
    observed = f"{count(count_sent, 'frame')} of {count(len(there), 'client')}; {arrived} of them to {node}"
    evidence = tuple(line for each in sent.values() for seen in each for line in seen.traced.lines)
    return Finding(stays, expected, observed, evidence, {"open-moves": steps.STAYS if stays else steps.MOVES})


def _draining(tape: Tape) -> tuple[int, int, str] | None:
    """The first time that a node was draining: from which line to which, and the node."""
    since, node = next(((line, event.id) for line, event in tape.of(Part) if event.state == "draining"), (0, ""))
    until = next((line for line, event in tape.of(Part) if line > since and event.id == node), len(tape.events) + 1)
    return (since, until, node) if node else None


def _sent(tape: Tape, conn: str, since: int, until: int) -> list[SeenFrame]:
    """The data frames that were sent towards the node on a connection between two lines."""
    return [
        each
        for each in frames(tape, conn=conn)
        if since < each.traced.lines[0] < until and each.frame.masked and not is_control(each.frame.opcode)
    ]


def _raw(seen: list[SeenFrame]) -> list[bytes]:
    return [each.raw for each in seen]


class _Kill:
    """The latest kill of a node that somebody was on: when, who was `there`, and what each did next: first `after` it,
    and `later`. `again`: the line on which the node has been started again."""

    def __init__(self, tape: Tape) -> None:
        opened = [each for each in passages(tape) if each.opened]
        self.line, self.node, self.there = len(tape.events) + 1, "", dict[str, Passage]()
        for line, event in _faults(tape, "kill"):
            if event.target in steps.NODES and (there := _there(tape, opened, line, event.target)):
                self.line, self.node, self.there = line, event.target, there
        self.after: dict[str, Passage] = {}
        self.later: dict[str, list[Passage]] = {}
        for each in opened:
            if each.line > self.line:
                self.after.setdefault(each.client, each)
                self.later.setdefault(each.client, []).append(each)
        self.again = _up_after(tape, self.node, self.line)
        codes = metrics(tape, CODE, since=self.line)
        self.codes = {
            client: next((entry for entry in codes if entry[1].part == client), None) for client in self.there
        }


def _there(tape: Tape, opened: list[Passage], line: int, node: str) -> dict[str, Passage]:
    """Who was on a node at that line, by the connection that had not ended yet."""
    latest = {each.client: each for each in opened if each.line < line}
    ended = {event.part: at for at, event in metrics(tape, CODE) if at < line}
    return {client: each for client, each in latest.items() if each.node == node and ended.get(client, 0) < each.line}


def _up_after(tape: Tape, node: str, line: int) -> int:
    """The line on which a node is up, the next time after `line`; beyond the end of the tape where it is not."""
    ups = (at for at, part in tape.of(Part) if at > line and part.id == node and part.state == "up")
    return next(ups, len(tape.events) + 1)


def _kill_1006(tape: Tape) -> Finding:
    expected = f"{ABNORMAL} for every client of the node, without a close frame"
    kill = _Kill(tape)
    found = [entry for entry in kill.codes.values() if entry is not None]
    if not found:
        return unmeasured(expected, "no client was on a node that was killed")
    codes = Counter(int(event.value) for _, event in found)
    closes = [
        seen
        for each in kill.there.values()
        for seen in frames(tape, conn=each.outer.conn)
        if seen.frame.opcode == CLOSE and seen.sender == "balancer"
    ]
    observed = ", ".join(f"{code} ({times} times)" for code, times in codes.most_common())
    ok = set(codes) == {ABNORMAL} and len(found) == len(kill.there) and not closes
    evidence = tuple(line for line, _ in found) + tuple(line for seen in closes for line in seen.traced.lines)
    code = str(codes.most_common(1)[0][0])
    return Finding(ok, expected, f"{observed}; {count(len(closes), 'close frame')}", evidence, {"kill-code": code})


def _backoff(tape: Tape) -> Finding:
    """Each wait lies below its bound, each bound is one of the policy's, and nobody came before its wait was over."""
    expected = "from 0 up to the bound, which doubles"
    policy = Policy(BASE_SECONDS, CAP_SECONDS, STABLE_SECONDS)
    bounds = {round(policy.bound(attempt), 4) for attempt in range(20)}
    waits, limits = metrics(tape, WAIT), metrics(tape, BOUND)
    if not waits or len(waits) != len(limits):
        return unmeasured(expected, "nobody waited")
    beyond = [
        line for (line, wait), (_, bound) in zip(waits, limits, strict=True) if not 0 <= wait.value <= bound.value
    ]
    odd = [line for line, bound in limits if bound.value not in bounds]
    asked = passages(tape)
    early = []
    for line, wait in waits:
        following = next((each for each in asked if each.client == wait.part and each.line > line), None)
        if following is not None and following.t - wait.t < wait.value - EARLY:
            early.append(line)
    longest = max(wait.value for _, wait in waits)
    observed = (
        f"{count(len(waits), 'wait')}, the longest {longest:.3f} s; {len(beyond) + len(odd) + len(early)} out of bounds"
    )
    return Finding(
        not beyond and not odd and not early, expected, observed, tuple(line for line, _ in (*waits, *limits))
    )


def _moved(tape: Tape) -> Finding:
    kill = _Kill(tape)
    expected = f"on another node than {kill.node or 'the dead one'}, whatever the cookie says"
    if not kill.there:
        return unmeasured(expected, "no client was on a node that was killed")
    after = {client: kill.after[client] for client in kill.there if client in kill.after}
    living = [each for each in after.values() if each.node not in ("", kill.node) or each.line > kill.again]
    cookies = sum(each.outer.asked.get("Cookie") is not None for each in after.values())
    on = Counter(each.node for each in after.values())
    observed = f"{len(kill.there)} were there; " + ", ".join(f"{times} on {node}" for node, times in sorted(on.items()))
    ok = len(living) == len(kill.there)
    return Finding(ok, expected, f"{observed}; {cookies} showed a cookie", _lines(list(after.values())))


def _restored(tape: Tape) -> Finding:
    """The same user, the same subscriptions, and what is for the user alone comes."""
    expected = "the same user and subscriptions, and a message to the user alone arrives"
    kill, reading = _Kill(tape), reading_of(tape)
    movers = [client for client in kill.there if client in kill.later and client != steps.PRESS]
    if not movers:
        return unmeasured(expected, "no reader had to move")
    restored: list[str] = []
    evidence: list[int] = []
    for client in movers:
        old = reading.sessions.get(kill.there[client].outer.conn)
        for each in kill.later[client]:  # which may have been killed in its turn
            new = reading.sessions.get(each.outer.conn)
            if old is not None and new is not None and (found := _same_session(reading, client, old, new)):
                restored.append(client)
                evidence += found
                break
    observed = f"{len(restored)} of {count(len(movers), 'reader')}: {', '.join(sorted(restored)) or 'nobody'}"
    return Finding(len(restored) == len(movers), expected, observed, tuple(evidence))


def _same_session(reading: Reading, client: str, old: Session, new: Session) -> tuple[int, ...]:
    """The lines that bear out that `new` is to the client what `old` was; none where it is not."""
    was, now = ([each for each in reading.subscriptions if each.session is session] for session in (old, new))
    private = [
        each
        for each in reading.deliveries
        if each.subscription.session is new and each.subscription.destination.startswith("/user/")
    ]
    same = {each.destination for each in was} == {each.destination for each in now}
    return lines(new.answer, *now, *private) if new.user == old.user == client and same and private else ()


class _News:
    """What was published under traffic, and what each reader handed on of it: repeats are dropped by their numbers."""

    def __init__(self, tape: Tape) -> None:
        reading = reading_of(tape)
        # Not what passes between balancer and node: that is the same once more.
        self.sent = [
            each for each in reading.sent if each.destination == steps.NEWS and each.session.part == steps.PRESS
        ]
        self.confirmed = {sent.body for sent in self.sent if sent.effective < len(tape.events) + 1}
        self.repeated = len(self.sent) - len({sent.body for sent in self.sent})
        self.handed_on: dict[str, list[Delivery]] = {name: [] for name in steps.READERS}
        self.dropped = 0
        cursors: dict[str, Cursor] = {}
        for each in reading.deliveries:
            sequence = each.seen.header("sequence")
            if each.subscription.destination != steps.NEWS or each.part not in self.handed_on or not sequence.isdigit():
                continue
            if cursors.setdefault(each.part, Cursor(0)).take(int(sequence), "", 0.0) is Seen.REPEAT:
                self.dropped += 1
            else:
                self.handed_on[each.part].append(each)


def _nothing_lost(tape: Tape) -> Finding:
    expected = "every reader has every message"
    news = _News(tape)
    if not _Kill(tape).node or not news.confirmed:
        return unmeasured(expected, "nothing was published, or no node was killed")
    missing = {name: news.confirmed - {each.body for each in handed} for name, handed in news.handed_on.items()}
    lost = max(map(len, missing.values()))
    observed = f"{count(len(news.confirmed), 'message')}, {len(missing)} readers; {lost} missing at the worst of them"
    evidence = lines(*news.sent, *(each for handed in news.handed_on.values() for each in handed))
    return Finding(not lost, expected, observed, evidence, {"kill-lost": lost})


def _nothing_twice(tape: Tape) -> Finding:
    expected = "no reader has a message twice, though some were sent twice"
    news = _News(tape)
    if not _Kill(tape).node or not news.confirmed:
        return unmeasured(expected, "nothing was published, or no node was killed")
    twice = {
        name: [body for body, times in Counter(each.body for each in handed).items() if times > 1]
        for name, handed in news.handed_on.items()
    }
    worst = max(map(len, twice.values()))
    observed = f"{news.repeated} sent again, {news.dropped} dropped by number; {worst} twice at the worst reader"
    evidence = lines(*(each for handed in news.handed_on.values() for each in handed))
    return Finding(not worst, expected, observed, evidence)


def _relay_off(tape: Tape) -> Finding:
    first, second = steps.ALONE
    expected = f"all on {first}, none on {second}"
    reading = reading_of(tape)
    on = {conn: session.connect.traced.message.receiver for conn, session in reading.sessions.items()}
    sent = [each for each in reading.sent if each.destination == steps.ALONE_TOPIC and on[each.session.conn] == first]
    got = [each for each in reading.deliveries if each.subscription.destination == steps.ALONE_TOPIC]
    here, there = ([each for each in got if on[each.subscription.session.conn] == node] for node in steps.ALONE)
    markers = [each for each in there if each.body == steps.MARKER]
    if not sent or not markers:
        return unmeasured(expected, "nothing was published, or nobody read on the other node")
    strange = [each for each in there if each.body != steps.MARKER]
    observed = f"{len(sent)} published on {first}; {len(here)} received there, {len(strange)} on {second}"
    evidence = lines(*sent, *here, *there)
    return Finding(
        len(here) == len(sent) and not strange, expected, observed, evidence, {"alone-received": len(strange)}
    )


def _drain_order(tape: Tape) -> Finding:
    expected = "told first: all back to the node that is going; deregistered first: none"
    asked = [each for each in passages(tape) if each.opened]
    first, then = (_told(tape, asked, deregistered=off) for off in (False, True))
    if not first or not then:
        return unmeasured(expected, "no client was told to come back in both orders")
    back, back_then = ([each for node, each in told if each.node == node] for told in (first, then))
    observed = f"told first: {len(back)} of {len(first)} go back; deregistered first: {len(back_then)} of {len(then)}"
    measured = steps.SAME if back else steps.OTHER
    evidence = _lines([each for _, each in (*first, *then)])
    ok = len(back) == len(first) and not back_then
    return Finding(ok, expected, observed, evidence, {"drain-returns": measured})


def _told(tape: Tape, asked: list[Passage], *, deregistered: bool) -> list[tuple[str, Passage]]:
    """Where clients went that their node had told to come back, before or after it was deregistered: the node that told
    them, and their next handshake."""
    found = []
    for line, event in _faults(tape, steps.TELL):
        states = [part.state for at, part in tape.of(Part) if at < line and part.id == event.target]
        if (states[-1:] == ["draining"]) != deregistered:
            continue
        back = _up_after(tape, event.target, line)  # whoever comes then comes to another process, or for another reason
        last = {each.client: each for each in asked if each.line < line}
        following: dict[str, Passage] = {}
        for each in asked:
            if line < each.line < back and each.client in last and last[each.client].node == event.target:
                following.setdefault(each.client, each)
        found += [(event.target, each) for each in following.values()]
    return found


def _store_cut(tape: Tape) -> Finding:
    """What was published while a node was cut off from the store, and when its readers got it."""
    expected = "the node's readers get it all afterwards; plain pub/sub has lost it"
    cuts, ends = _faults(tape, steps.CUT), _faults(tape, steps.JOIN)
    published, received = (metrics(tape, name) for name in steps.CUT_METRICS)
    if not cuts or not ends or not published or not received:
        return unmeasured(expected, "no node was cut off from the store")
    (since, cut), (until, _) = cuts[-1], ends[-1]
    on = {each.client: each.node for each in passages(tape) if each.line < since and each.opened}
    there = {client for client, node in on.items() if node == cut.target}
    reading = reading_of(tape)
    during = [each for each in reading.sent if each.destination == steps.CUT_TOPIC and since < each.seen.line < until]
    got = [
        each for each in reading.deliveries if each.part in there and each.subscription.destination == steps.CUT_TOPIC
    ]
    bodies = {each.body for each in during}
    early = [each for each in got if since < each.line < until]
    missing = {name: bodies - {each.body for each in got if each.part == name} for name in there - {steps.PRESS}}
    if not during or not missing:
        return unmeasured(expected, "nothing was published during the cut, or nobody reads on that node")
    worst = max(map(len, missing.values()))
    lost = published[-1][1].value - received[-1][1].value
    observed = (
        f"{len(during)} published, {len(early)} delivered on {cut.target} meanwhile, {worst} missing in the end; "
        f"pub/sub: {lost:g} of {published[-1][1].value:g} lost"
    )
    evidence = (since, until, published[-1][0], received[-1][0], *lines(*during, *got))
    return Finding(not worst and lost > 0, expected, observed, evidence, {"store-lost": received[-1][1].value})


VERDICTS: dict[str, Judge] = {
    "cookie-set": _cookie_set,
    "sticky-on-reconnect": _sticky,
    "open-socket-never-moves": _open_stays,
    "kill-is-1006": _kill_1006,
    "backoff-in-bounds": _backoff,
    "moved-to-a-living-node": _moved,
    "session-restored": _restored,
    "nothing-lost": _nothing_lost,
    "nothing-twice": _nothing_twice,
    "relay-off-loses": _relay_off,
    "herd-flattened": herd_flattened,
    "drain-order": _drain_order,
    "store-cut": _store_cut,
}
