"""Figures that follow from others are computed here and looked up in the text, so that no sum can go stale unseen."""

from __future__ import annotations

import base64
import hashlib
import random
from collections import Counter
from collections.abc import Callable
from statistics import mean

import pytest

from labs.wire.frames import encode_frame
from labs.wire.handshake import accept_key
from tutor.study import bank
from tutor.study.model import Bank, Fact, Question

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x01\x02\x03\x04"

MILLION = 1_000_000
ROOM = 50
GATEWAYS, ZONES = 150, 3
MESSAGES_IN = MILLION / 60


@pytest.fixture(scope="module")
def ours() -> Bank:
    return bank.load()


def text_of(entry: Question | Fact | None) -> str:
    assert entry is not None
    if isinstance(entry, Fact):
        return " ".join([entry.ask, *entry.answers, entry.explain])
    parts = [entry.answer, entry.depth, *(f"{item.ask} {item.answer}" for item in entry.follow_ups)]
    parts += [point.text for point in entry.key_points]
    parts += [f"{note.common} {note.right}" for note in entry.say_it_right]
    parts += [f"{option.text} {option.why}" for choice in entry.choices for option in choice.options]
    parts += [claim.text for claim in entry.claims]
    return " ".join(" ".join(parts).split())


def with_commas(value: float) -> str:
    return f"{round(value):,}"


def gateways_touched() -> float:
    """How many of the gateways hold at least one of the room's members, when members are spread at random."""
    return GATEWAYS * (1 - (1 - 1 / GATEWAYS) ** ROOM)


def overhead(masked: bool) -> list[int]:
    """Header octets of a frame in each of the three length forms (RFC 6455 §5.2)."""
    key = MASK if masked else None
    return [len(encode_frame(2, bytes(size), mask_key=key)) - size for size in (125, 126, 65536)]


def spoken(numbers: list[int]) -> str:
    return f"{numbers[0]}, {numbers[1]} or {numbers[2]}"


SUMS: list[tuple[str, Callable[[], str]]] = [
    ("opening-handshake", lambda: accept_key(SAMPLE_KEY)),
    ("opening-handshake", lambda: base64.b64encode(hashlib.sha1(f"{SAMPLE_KEY}{GUID}".encode()).digest()).decode()),
    ("websocket-versus-http", lambda: spoken(overhead(masked=False))),
    ("websocket-versus-http", lambda: spoken(overhead(masked=True))),
    ("websocket-versus-http", lambda: f"smallest frame is {len(encode_frame(1))} bytes from the server"),
    ("websocket-versus-http", lambda: f"and {len(encode_frame(1, mask_key=MASK))} from the client"),
    ("chat-for-a-million", lambda: with_commas(MESSAGES_IN)),
    ("chat-for-a-million", lambda: with_commas(MESSAGES_IN / 10)),
    ("chat-for-a-million", lambda: with_commas(MESSAGES_IN * ROOM)),
    ("chat-for-a-million", lambda: with_commas(MESSAGES_IN / 10 * ROOM)),
    ("chat-for-a-million", lambda: f"about {gateways_touched():.0f} of them"),
    ("chat-for-a-million", lambda: with_commas(round(MESSAGES_IN * gateways_touched(), -4))),
    ("chat-for-a-million", lambda: with_commas(MILLION / GATEWAYS)),
    ("chat-for-a-million", lambda: with_commas(MILLION / (GATEWAYS * (ZONES - 1) / ZONES))),
    ("chat-for-a-million", lambda: with_commas(MILLION / ZONES)),
    ("chat-for-a-million", lambda: with_commas(MILLION / ZONES / 5)),
    ("chat-for-a-million", lambda: with_commas(MILLION / ZONES / 60)),
    ("chat-for-a-million", lambda: with_commas(MILLION / 30)),
    ("chat-for-a-million", lambda: f"{round(MESSAGES_IN) * 86_400 / 1e9:.2f} billion"),
    ("api-gateway-or-own-servers", lambda: with_commas(MILLION / 500)),
    ("api-gateway-or-own-servers", lambda: f"over {MILLION // 500 // 60} minutes"),
    ("api-gateway-or-own-servers", lambda: f"{MILLION / 7200:.0f} reconnects"),
    ("api-gateway-or-own-servers", lambda: f"{100_000 * 43_200 / 1e9:.2f} billion"),
    ("regional-failover", lambda: f"{round(2 * 5_500 / 200_000 * 1000)} ms"),
    ("heartbeat-versus-keepalive", lambda: f"about {(7200 + 9 * 75) // 3600} h {(7200 + 9 * 75) % 3600 // 60} min"),
    ("c10k", lambda: f"{30_000 * 50 / 1e6:.1f}-{30_000 * 100 / 1e6:.1f} GB"),
]


@pytest.mark.parametrize(("entry", "figure"), SUMS, ids=[f"{entry}-{n}" for n, (entry, _) in enumerate(SUMS)])
def test_figure_is_what_the_sum_gives(ours: Bank, entry: str, figure: Callable[[], str]) -> None:
    assert figure() in text_of(ours.question(entry))


def test_ephemeral_ports(ours: Bank) -> None:
    assert any(with_commas(60_999 - 32_768 + 1) in text_of(fact) for fact in ours.facts)


def test_base64_of_16_bytes_ends_as_the_text_says(ours: Bank) -> None:
    """16 octets leave 2 bits in the last letter before ==, so it is one of four."""
    endings = {base64.b64encode(bytes(15) + bytes([octet])).decode()[21] for octet in range(256)}
    listed = text_of(ours.question("opening-handshake"))
    assert endings == set("AQgw")
    assert "`A`, `Q`, `g` or `w`" in listed


def busiest_tenth(attempt: int, spread: Callable[[int, random.Random], float]) -> float:
    """The arrivals in the busiest 100 ms of an attempt of 10,000 clients; the mean of ten simulations."""
    peaks = []
    for seed in range(10):
        rng = random.Random(seed)
        peaks.append(max(Counter(int(spread(attempt, rng) * 10) for _ in range(10_000)).values()))
    return mean(peaks)


def test_full_jitter_flattens_the_herd_and_the_usual_second_does_not(ours: Bank) -> None:
    """MODEL: every client fails at the same moment; attempt n waits within 2^(n-1) s, at most 60, as the text says."""
    text = text_of(ours.question("disconnect-and-reconnect"))
    attempts = (1, 3, 5, 7)
    usual = [busiest_tenth(n, lambda n, rng: 2 ** (n - 1) + rng.random()) for n in attempts]
    full = [busiest_tenth(n, lambda n, rng: rng.random() * min(60, 2 ** (n - 1))) for n in attempts]
    assert "1,050 arrivals at attempts 1, 3, 5 and 7 alike" in text
    assert usual == pytest.approx([1_050] * 4, rel=0.05)
    assert "280, 85 and 30" in text
    assert full == pytest.approx([1_050, 280, 85, 30], rel=0.05)
