"""@stomp/stompjs 7 and sockjs-client on Node against `ws-tutor serve`.

The packages are installed once, into a folder of the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from tests.peers import needs
from tests.peers.serving import Served, served, tethered

HERE = Path(__file__).parent
SECONDS = 20.0

pytestmark = needs("node", "npm")


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder of the installed packages. Two workers may install at once: each does so aside, and one is kept."""
    wanted = (HERE / "package.json").read_bytes()
    cache = user_cache_path("ws-tutor-peers", ensure_exists=True)
    kept = cache / hashlib.sha256(wanted).hexdigest()[:16]
    if not kept.exists():
        fresh = Path(tempfile.mkdtemp(dir=cache))
        (fresh / "package.json").write_bytes(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
        subprocess.run(command, cwd=fresh, check=True, capture_output=True, timeout=50)
        try:
            fresh.rename(kept)
        except OSError:  # another worker was faster
            shutil.rmtree(fresh)
    return kept / "node_modules"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as running:
        yield running


def start(modules: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        tethered("node", str(HERE / "clients.cjs"), *arguments),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "NODE_PATH": str(modules)},
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> list[str]:
    """The lines that it still says."""
    try:
        said, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        said, errors = process.communicate()
        pytest.fail(f"not within {SECONDS} s; it said {said!r} {errors!r}")
    assert process.returncode == 0, errors
    return said.splitlines()


@pytest.mark.parametrize("transport", ["native", "websocket", "xhr-streaming", "eventsource", "xhr-polling"])
def test_a_whole_session(server: Served, modules: Path, transport: str) -> None:
    url = server.ws if transport == "native" else server.sockjs
    said = finish(start(modules, "session", url, transport))
    assert said == ["connected 1.2 alice", "time", "echo:hello €", "task one", "deactivated"]


def test_stompjs_connects_again_when_the_server_was_killed(modules: Path) -> None:
    with served() as first:
        port = first.port
        client = start(modules, "reconnect", first.ws)
        assert client.stdout is not None
        assert client.stdout.readline() == "connected 1\n"
        first.process.kill()
        first.process.wait()
    with served("--port", str(port)):
        assert finish(client) == ["connected 2", "echo:again", "deactivated"]
