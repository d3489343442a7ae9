"""The claims on masking, each computed from the tape (RFC 6455 §5.1, §5.3, §5.5.1, §10.3)."""

from __future__ import annotations

from labs.findings import Finding, Judge, unmeasured
from labs.recording import Tape
from labs.scenarios.masking_steps import ATTACKER, KEYED_FRAMES, READS, REFUSES, SITE, script_request
from labs.scenarios.reading import Exchange, SeenFrame, exchanges, frames, since
from labs.tape import LabStarted
from labs.wire.frames import CLOSE, TEXT, is_control, read_header
from labs.wire.printable import count

PROTOCOL_ERROR = "1002"


def _lines(seen: list[SeenFrame]) -> tuple[int, ...]:
    return tuple(line for each in seen for line in each.traced.lines)


def _client_masks(tape: Tape) -> Finding:
    return _masked(tape, "client", True)


def _server_does_not(tape: Tape) -> Finding:
    return _masked(tape, "server", False)


def _masked(tape: Tape, sender: str, expected: bool) -> Finding:
    words = f"every frame {'masked' if expected else 'without a key'}"
    seen = frames(tape, step="frame", sender=sender)
    if not seen:
        return unmeasured(words, f"the {sender} sent no frame")
    masked = sum(each.frame.masked for each in seen)
    observed = f"{masked} of {count(len(seen), 'frame')} masked"
    return Finding(masked == (len(seen) if expected else 0), words, observed, _lines(seen))


def _key_per_frame(tape: Tape) -> Finding:
    expected = f"{KEYED_FRAMES} frames, {KEYED_FRAMES} keys"
    begun = since(tape, "keys")
    seen = [
        each
        for each in frames(tape, step="frame", sender="client")
        if each.traced.lines[0] > begun and not is_control(each.frame.opcode)
    ][:KEYED_FRAMES]
    keys = {each.frame.mask_key for each in seen if each.frame.mask_key is not None}
    observed = f"{count(len(seen), 'frame')}, {count(len(keys), 'different key')}"
    ok = len(seen) == len(keys) == KEYED_FRAMES
    return Finding(ok, expected, observed, _lines(seen), {"different-keys": len(keys)})


def _first_text(tape: Tape, sender: str) -> SeenFrame | None:
    seen = frames(tape, step="frame", sender=sender)
    return next((each for each in seen if each.frame.opcode == TEXT), None)


def _unmask(tape: Tape) -> Finding:
    """Octet i of the payload XOR octet i mod 4 of the key, against what the server made of it and sent back."""
    expected = "payload XOR key is what the server received and sent back"
    sent, returned = _first_text(tape, "client"), _first_text(tape, "server")
    if sent is None or returned is None:
        return unmeasured(expected, "no text went there and back")
    key, header = sent.frame.mask_key, read_header(sent.raw)
    if key is None or header is None:
        return Finding(False, expected, "the client's frame has no key", _lines([sent, returned]))
    masked = sent.raw[header.size :]
    plain = bytes(octet ^ key[place % 4] for place, octet in enumerate(masked))
    observed = f"{_hex(masked)} XOR {key.hex(' ')} = {_hex(plain)}; returned {_hex(returned.frame.payload)}"
    return Finding(plain == returned.frame.payload, expected, observed, _lines([sent, returned]))


def _hex(data: bytes) -> str:
    return data[:8].hex(" ") + (" …" if len(data) > 8 else "")


def _not_secret(tape: Tape) -> Finding:
    payload = next((str(event.knobs["payload"]) for _, event in tape.of(LabStarted)), "")
    sent = _first_text(tape, "client")
    if sent is None:
        return unmeasured(repr(payload), "the client sent no text")
    text = sent.frame.payload.decode(errors="replace")
    return Finding(text == payload, f"the text {payload!r}", f"read from the bytes: {text!r}", _lines([sent]))


def _smallest(tape: Tape) -> Finding:
    expected = "6 bytes from the client, 2 from the server"
    begun = since(tape, "smallest")
    sizes: dict[str, int] = {}
    seen = []
    for sender in ("client", "server"):
        texts = [
            each
            for each in frames(tape, step="frame", sender=sender)
            if each.traced.lines[0] > begun and each.frame.opcode == TEXT
        ][:1]
        seen += texts
        sizes |= {f"smallest-{sender}": len(each.raw) for each in texts}
    if len(sizes) < 2:
        return Finding(False, expected, "no empty text went there and back", _lines(seen), sizes)
    client, server = sizes["smallest-client"], sizes["smallest-server"]
    observed = f"{client} bytes from the client, {server} from the server"
    return Finding((client, server) == (6, 2), expected, observed, _lines(seen), sizes)


def _close_code(seen: SeenFrame) -> str:
    payload = seen.frame.payload
    return str(int.from_bytes(payload[:2], "big")) if len(payload) >= 2 else "without a code"


def _unmasked_refused(tape: Tape) -> Finding:
    expected = f"the server closes with {PROTOCOL_ERROR}"
    sent = frames(tape, step="unmasked", sender="client")[:1]
    if not sent or sent[0].frame.masked:
        return unmeasured(expected, "the client sent no unmasked frame")
    closes = [each for each in frames(tape, step="unmasked", sender="server") if each.frame.opcode == CLOSE]
    code = _close_code(closes[0]) if closes else "no close"
    answers = frames(tape, step="unmasked", sender="server")[:1]
    ok = code == PROTOCOL_ERROR and answers == closes[:1]
    observed = f"the server's answer: close {code}" if closes else "the server did not close"
    return Finding(ok, expected, observed, _lines(sent + answers), {"unmasked-code": code})


def _masked_from_server_refused(tape: Tape) -> Finding:
    expected = f"the client closes with {PROTOCOL_ERROR}"
    sent = frames(tape, step="masked-server", sender="rogue")[:1]
    if not sent or not sent[0].frame.masked:
        return unmeasured(expected, "the server sent no masked frame")
    answers = frames(tape, step="masked-server", sender="client")[:1]
    ok = bool(answers) and answers[0].frame.opcode == CLOSE and _close_code(answers[0]) == PROTOCOL_ERROR
    observed = f"the client's answer: {answers[0].traced.message.summary}" if answers else "the client did not close"
    measured = {"masked-server-outcome": REFUSES if ok else READS}
    return Finding(ok, expected, observed, _lines(sent + answers), measured)


def _poisoning(step: str, poisoned: bool, times: int) -> Judge:
    """A verdict on what a bystander got after the attack, by comparing it with what attacker and site sent."""
    wanted = ATTACKER if poisoned else SITE
    expected = f"the bystander gets {wanted}" + (f", {times} times" if times > 1 else "")

    def judged(tape: Tape) -> Finding:
        visits = [it for it in exchanges(tape, step) if it.request.message.sender == "bystander"]
        attacks = frames(tape, step=step, sender="victim")
        if len(visits) != times or not attacks:
            return unmeasured(expected, f"{len(visits)} of {times} attacks and visits are on the tape")
        got = [_script(tape, step, visit) for visit in visits]
        clear = sum(script_request(visit.asked.target[1:-3]) in _sent_to_proxy(tape, step) for visit in visits)
        observed = f"{', '.join(got)}; requests readable on the wire in {clear} of {times} attacks"
        lines = _lines([each for each in attacks if not is_control(each.frame.opcode)])
        evidence = lines + tuple(line for visit in visits for line in visit.lines)
        served = ATTACKER if ATTACKER in got else SITE if SITE in got else "nothing"
        return Finding(all(each == wanted for each in got), expected, observed, evidence, {f"{step}-served": served})

    return judged


def _sent_to_proxy(tape: Tape, step: str) -> bytes:
    """What the victim's client sent after its handshakes, as it was on the wire."""
    return b"".join(each.raw for each in frames(tape, step=step, sender="victim"))


def _script(tape: Tape, step: str, visit: Exchange) -> str:
    """Whose script the bystander got: the bytes are compared with those that either server sent in this step."""
    if visit.response is None or visit.answered is None:
        return "no answer"
    body = visit.response.message.raw[visit.answered.size :]
    if body and any(each.frame.payload.endswith(body) for each in frames(tape, step=step, sender="attacker")):
        return ATTACKER
    own = [it.response for it in exchanges(tape, step, server="origin") if it.response is not None]
    return SITE if body and any(each.message.raw.endswith(body) for each in own) else "something else"


VERDICTS: dict[str, Judge] = {
    "client-masks": _client_masks,
    "server-does-not": _server_does_not,
    "key-per-frame": _key_per_frame,
    "unmask": _unmask,
    "smallest-frames": _smallest,
    "unmasked-refused": _unmasked_refused,
    "masked-from-server-refused": _masked_from_server_refused,
    "not-secret": _not_secret,
    "poison-unmasked": _poisoning("poison-unmasked", True, 1),
    "poison-masked-fails": _poisoning("poison-masked", False, 1),
    "predictable-key-poisons": _poisoning("predictable", True, 2),
}
