"""The drill on the upgrade response (RFC 6455 §4.2.2): which value proves that the server understood."""

from __future__ import annotations

import base64
import hashlib
import random

from labs.wire.handshake import (
    GUID,
    accept_headers,
    build_request,
    build_response,
    request_problems,
    response_problems,
    upgrade_headers,
)
from labs.wire.http_head import Head, parse_head
from tutor.study.drills.drill import Answer, Draft, Mismatch, must

PATHS = ("/ws", "/chat", "/echo", "/feed", "/live", "/socket")


def accept(rng: random.Random) -> Draft:
    """The Accept of a request; SHA-1 is done for the learner, what is hashed is not."""
    key = base64.b64encode(rng.randbytes(16)).decode()
    raw = build_request(rng.choice(PATHS), upgrade_headers(key))
    request = parse_head(raw)
    must({}, request_problems(request))
    right = accept_headers(key)[-1][1]
    decoded = base64.b64decode(key)
    sums = {
        "key + GUID": (right, ""),
        "key": (_sha1(key.encode()), "the GUID was forgotten: any server that can hash would pass"),
        "GUID + key": (_sha1((GUID + key).encode()), "the GUID goes behind the key"),
        "decoded key + GUID": (_sha1(decoded + GUID.encode()), "the key is hashed as it was written, not decoded"),
    }
    wrong = [Answer(value, mistake) for value, mistake in sums.values() if mistake]
    wrong.append(Answer(key, "the key was echoed: that proves no understanding"))
    for value in (right, *(answer.text for answer in wrong)):
        if (not _refused(value, key, request)) != (value == right):
            raise Mismatch(f"Accept {value} for {key}")
    lines = [f"SHA-1({what}), Base64: {value}" for what, (value, _) in rng.sample(list(sums.items()), len(sums))]
    shown = "\n".join([*raw.decode().split("\r\n")[:-2], "", *lines])
    why = f"Sec-WebSocket-Accept is Base64(SHA-1(key + GUID)), GUID {GUID}: `{right}` (RFC 6455 §4.2.2)."
    ask = "`HTTP/1.1 101 Switching Protocols`, `Upgrade`, `Connection`, and which `Sec-WebSocket-Accept`?"
    return Draft(ask, shown, raw, right, tuple(wrong), why)


def _sha1(data: bytes) -> str:
    return base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def _refused(value: str, key: str, request: Head) -> bool:
    headers = [*accept_headers(key)[:-1], ("Sec-WebSocket-Accept", value)]
    return bool(response_problems(parse_head(build_response(101, "Switching Protocols", headers)), request))
