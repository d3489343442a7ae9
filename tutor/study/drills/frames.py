"""Drills on the bits of a frame (RFC 6455 §5.2): header, length, mask, close code."""

from __future__ import annotations

import random

from labs.wire.close_codes import CLOSE_CODES, close_code_problem, close_meaning, close_name
from labs.wire.frames import (
    BINARY,
    CLOSE,
    OPCODE_NAMES,
    TEXT,
    Cut,
    FrameDecoder,
    encode_close,
    encode_frame,
    is_control,
    mask,
    opcode_name,
)
from tutor.study.drills.drill import Answer, Draft, Mismatch, hex_lines, must

WORDS = ("Hello", "ping", "tick", "order", "price", "join", "leave", "quote", "alert", "typing", "ack", "room42")
REASONS = ("", "bye", "deploy", "idle", "too big", "no token", "bad data", "restart", "moved", "slow down")


def one_frame(data: bytes) -> Cut:
    """The frame that `data` is, decoded; raises Mismatch where it is not exactly one."""
    cuts = FrameDecoder().feed(data)
    if len(cuts) != 1 or cuts[0].raw != data:
        raise Mismatch(f"{len(cuts)} frames in {data[:20].hex()}")
    return cuts[0]


def maybe_key(rng: random.Random) -> bytes | None:
    """A masking key, or None for a frame of a server."""
    return rng.randbytes(4) if rng.random() < 0.6 else None


def header(rng: random.Random) -> Draft:
    """What the first two bytes say."""
    opcode = rng.choice(list(OPCODE_NAMES))
    fin = is_control(opcode) or rng.random() < 0.5
    key = maybe_key(rng)
    payload = rng.randbytes(rng.randrange(2, 60))
    data = encode_frame(opcode, payload, fin=fin, mask_key=key)
    read = one_frame(data).header
    must((fin, opcode, key, len(payload)), (read.fin, read.opcode, read.mask_key, read.length))
    masked, length, first = key is not None, read.length, data[0]
    wrong = (
        Answer(_header_text(not fin, opcode, masked, length), "FIN was turned round: 1 marks the last fragment"),
        Answer(_header_text(fin, opcode, not masked, length), "the mask bit was turned round: 1 means masked"),
        Answer(
            _header_text(bool(first & 1), first >> 4, masked, length),
            "bits were numbered from the wrong end: FIN is the most significant bit, the opcode the low four",
        ),
        Answer(
            _header_text(fin, opcode, masked, data[1] if masked else length | 0x80),
            "the mask bit was counted into the length, which has the low seven bits",
        ),
        Answer(
            _header_text(fin, opcode, masked, data[1] >> 1),
            "the length was read from the upper seven bits, not the low",
        ),
    )
    why = (
        f"`{first:08b} {data[1]:08b}`: FIN {int(fin)}, RSV 000, opcode {opcode:#x} ({opcode_name(opcode)}); "
        f"MASK {int(masked)}, length {length} (RFC 6455 §5.2)."
    )
    right = _header_text(fin, opcode, masked, length)
    return Draft("What does this frame's header say?", hex_lines(data), data, right, wrong, why)


def _header_text(fin: bool, opcode: int, masked: bool, length: int) -> str:
    return f"FIN {int(fin)}, {opcode_name(opcode)}, {'masked' if masked else 'not masked'}, {length} bytes"


def length(rng: random.Random) -> Draft:
    """An extended payload length."""
    size = rng.randrange(126, 3000) if rng.random() < 0.7 else rng.randrange(0x10000, 0x30000)
    key = maybe_key(rng)
    data = encode_frame(rng.choice((TEXT, BINARY)), b"\0" * size, mask_key=key)
    read = one_frame(data).header
    must(size, read.length)
    head = data[: read.size]
    extended = head[2 : 2 + read.length_form // 8]
    wrong = (
        Answer(
            _bytes(int.from_bytes(extended, "little")),
            "network order was forgotten: the most significant byte is first",
        ),
        Answer(_bytes(head[1] & 0x7F), f"{head[1] & 0x7F} is not a length: it says that the length follows"),
        Answer(
            _bytes(int.from_bytes(head[1:3], "big")), "the second byte, with the mask bit, was taken for length too"
        ),
        Answer(_bytes(int.from_bytes(data[3 : 3 + len(extended)], "big")), "the length was read one byte too late"),
        Answer(_bytes(extended[-1]), "only the last byte of the extended length was read"),
    )
    why = (
        f"The low seven bits of the second byte are {head[1] & 0x7F}: the next {len(extended)} bytes, "
        f"`{extended.hex(' ')}`, are the length, most significant byte first: {size} (RFC 6455 §5.2)."
    )
    shown = hex_lines(head) + "  …"
    return Draft("How many bytes of payload does this frame announce?", shown, head, _bytes(size), wrong, why)


def _bytes(count: int) -> str:
    return f"{count} bytes"


def unmask(rng: random.Random) -> Draft:
    """Payload XOR key."""
    key = rng.randbytes(4)
    plain = f"{rng.choice(WORDS)}{rng.randrange(100)}".encode()
    data = encode_frame(TEXT, plain, mask_key=key)
    must(plain, one_frame(data).frame.payload)
    masked = data[6:]
    wrong = (
        Answer(mask(masked, key[1:] + key[:1]).hex(" "), "mask index off by one: octet 0 goes with key octet 0"),
        Answer(mask(masked, key[::-1]).hex(" "), "the key was turned round: it is used in the order of the wire"),
        Answer(
            mask(masked, key[:1] * 4).hex(" "), "only the first key octet was used; octet i goes with octet i mod 4"
        ),
        Answer(
            mask(masked, key[2:] + key[:2]).hex(" "),
            "the index was counted from the start of the frame, not the payload",
        ),
        Answer(masked.hex(" "), "the payload was left as it is on the wire, masked"),
    )
    why = (
        f"The key is `{key.hex(' ')}`; octet i of the payload XOR octet i mod 4 of the key gives "
        f'`{plain.hex(" ")}`, which is "{plain.decode()}" (RFC 6455 §5.3).'
    )
    ask = "What is the payload of this frame, unmasked?"
    return Draft(ask, hex_lines(data), data, plain.hex(" "), wrong, why)


def close(rng: random.Random) -> Draft:
    """The code of a close frame."""
    sendable = [code for code in CLOSE_CODES if not close_code_problem(code)]
    code = rng.choice([*sendable, rng.randrange(3000, 5000)])
    key = maybe_key(rng)
    data = encode_close(code, rng.choice(REASONS), mask_key=key)
    cut = one_frame(data)
    must((CLOSE, code), (cut.frame.opcode, int.from_bytes(cut.frame.payload[:2], "big")))
    payload = cut.frame.payload
    unlike = [near for near in sendable if close_name(near) != close_name(code)]
    wrong = [
        Answer(_code(int.from_bytes(payload[:2], "little")), "network order was forgotten: the high byte is first"),
        *(Answer(f"{code} {close_name(near)}", f"that is the name of {near}") for near in rng.sample(unlike, 2)),
    ]
    if key is not None:
        seen = int.from_bytes(data[6:8], "big")
        late = int.from_bytes(mask(data[6:8], key[1:3] + key[1:3]), "big")
        wrong.append(Answer(_code(seen), "the payload was read as it is on the wire, masked"))
        wrong.append(Answer(_code(late), "mask index off by one: octet 0 goes with key octet 0"))
    why = f"The payload begins with `{payload[:2].hex(' ')}` = {code}, {close_meaning(code)} (RFC 6455 §5.5.1, §7.4)."
    return Draft("Which close code is this?", hex_lines(data), data, _code(code), tuple(wrong), why)


def _code(code: int) -> str:
    return f"{code} {close_name(code)}"
