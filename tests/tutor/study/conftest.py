"""Every test has a home of its own, so that none sees another's cache or progress."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = """\
section: Most asked
entries:
  - ref: Q2
    id: opening-handshake
    ask: Walk me through the opening handshake.
    level: core
    tags: [handshake, http]
    answer: |
      The client sends a GET with `Upgrade: websocket`.
    key_points:
      - text: Accept is Base64(SHA-1(key + GUID))
        weight: 3
        critical: true
    follow_ups:
      - ask: Why a hash?
        answer: So that a server that knows nothing of WebSocket is not fooled.
    say_it_right:
      - common: The GUID is a secret.
        right: It is printed in the RFC.
        source: RFC 6455 §1.3
    choices:
      - ask: Which status?
        options:
          - text: 101
            correct: true
          - text: 200
            why: That is an answer to a plain GET.
    claims:
      - text: The server answers 101
        lab: handshake
        verdict: switch-101
    sources: [RFC 6455 §1.3]
  - ask: Which port has wss?
    answers: [443, four four three]
    explain: It is HTTPS' own.
    sources: [RFC 6455 §3]
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("WS_TUTOR_HOME", str(folder))
    return folder


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write text or bytes to a file and return its path."""

    def write(content: str | bytes, name: str = "questions.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
