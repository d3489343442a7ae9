"""The drill on illegal frames: one rule of RFC 6455 is broken, or none. What is wrong is what labs.wire finds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from labs.wire.fields import Field
from labs.wire.frame_fields import Context, frame_fields
from labs.wire.frames import BINARY, CLOSE, PING, PONG, TEXT, encode_close, encode_frame
from labs.wire.reassembly import Assembler
from tutor.study.drills.drill import Answer, Draft, Mismatch, hex_lines
from tutor.study.drills.frames import WORDS, one_frame

Key = bytes | None
SHOWN = 24  # bytes of a long frame


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a frame may break: what one says when it is broken, the field in which labs.wire finds that, what to
    say to someone who sees it where it is not, and how to break it."""

    says: str
    field: str
    found: str
    mistake: str
    broken: Callable[[random.Random, Key], bytes]


def _word(rng: random.Random) -> bytes:
    return f"{rng.choice(WORDS)}{rng.randrange(1000)}".encode()


def _wrongly_masked(rng: random.Random, key: Key) -> bytes:
    return encode_frame(TEXT, _word(rng), mask_key=None if key else rng.randbytes(4))


RULES: tuple[Rule, ...] = (
    Rule(
        "a reserved bit is set and no extension was negotiated", "RSV", "set, and no",
        "the reserved bits are the three below FIN, and they are 0 here",
        lambda rng, key: encode_frame(TEXT, _word(rng), rsv=rng.choice((1, 2, 4)), mask_key=key),
    ),
    Rule(
        "the opcode is reserved", "opcode", "is reserved",
        "the opcode has the low four bits of the first byte, and it is a defined one",
        lambda rng, key: encode_frame(rng.choice((3, 4, 5, 6, 7)), _word(rng), mask_key=key),
    ),
    Rule(
        "a control frame is fragmented", "FIN", "must not be fragmented",
        "a control frame has an opcode of 8 or more and FIN 0; here is no such frame",
        lambda rng, key: encode_frame(rng.choice((PING, PONG)), _word(rng), fin=False, mask_key=key),
    ),
    Rule(
        "a control frame is longer than 125 bytes", "extended payload length", "at most 125",
        "only control frames (opcode 8 or more) are bounded to 125 bytes, and here is none that is longer",
        lambda rng, key: encode_frame(PING, rng.randbytes(rng.randrange(126, 300)), mask_key=key),
    ),
    Rule(
        "the length is not in its shortest form", "extended payload length", "the shortest",
        "126 or 127 in the low seven bits would have to stand before a length that fits a shorter form",
        lambda rng, key: encode_frame(BINARY, rng.randbytes(rng.randrange(1, 126)), length_form=16, mask_key=key),
    ),
    Rule(
        "a close payload of one byte", "close code", "half a code",
        "a close payload is empty or has a code of two bytes; look at opcode and length",
        lambda rng, key: encode_frame(CLOSE, rng.randbytes(1), mask_key=key),
    ),
    Rule(
        "a close code that must never be sent", "close code", "must not be sent",
        "1005, 1006 and 1015 are never sent; they are not in this frame",
        lambda rng, key: encode_close(rng.choice((1005, 1006, 1015)), rng.choice(WORDS), mask_key=key),
    ),
)  # fmt: skip
MASK = Rule(
    "a frame from the client is not masked", "MASK", "a client must mask",
    "the highest bit of the second byte is set: it is masked", _wrongly_masked,
)  # fmt: skip
SERVER_MASK = Rule(
    "a frame from the server is masked", "MASK", "a server must not mask",
    "the highest bit of the second byte is not set: it is not masked", _wrongly_masked,
)  # fmt: skip
LEGAL = "nothing: the frame is legal"


def illegal(rng: random.Random) -> Draft:
    """Which rule is broken, if any."""
    from_client = rng.random() < 0.5
    key = rng.randbytes(4) if from_client else None
    rules = (*RULES, MASK if from_client else SERVER_MASK)
    rule = rng.choice([*rules, None])
    data = rule.broken(rng, key) if rule else _legal(rng, key)
    faults = [field for field in _fields(data, from_client) if field.problem]
    if rule is None and faults:
        raise Mismatch(f"legal frame with {faults[0].problem}")
    if rule and not (len(faults) == 1 and faults[0].name.startswith(rule.field) and _says(faults[0], rule.found)):
        raise Mismatch(f"{rule.says}: found {[(field.name, field.problem) for field in faults]}")
    wrong = [Answer(each.says, each.mistake) for each in rules if each is not rule]
    if rule:
        wrong.append(Answer(LEGAL, f"a fault was passed over: {faults[0].name}: {faults[0].problem}"))
    sender = "client" if from_client else "server"
    why = f"{faults[0].name}: {faults[0].problem}." if rule else "Each field keeps the rules (RFC 6455 §5.2, §5.5)."
    shown = hex_lines(data[:SHOWN]) + (f"\n… {len(data) - SHOWN} bytes more" if len(data) > SHOWN else "")
    ask = f"This frame comes from the {sender}; no extension was negotiated. What is illegal in it?"
    return Draft(ask, f"from the {sender}\n{shown}", data, rule.says if rule else LEGAL, tuple(wrong), why)


def _says(field: Field, words: str) -> bool:
    return words in field.problem or words in field.meaning


def _legal(rng: random.Random, key: Key) -> bytes:
    if rng.random() < 0.5:
        return encode_frame(rng.choice((TEXT, PING, PONG)), _word(rng), mask_key=key)
    return encode_close(rng.choice((1000, 1001, 1008, 4001)), rng.choice(WORDS), mask_key=key)


def _fields(data: bytes, from_client: bool) -> tuple[Field, ...]:
    cut = one_frame(data)
    return frame_fields(cut, Assembler().add(cut.frame), Context(from_client))
