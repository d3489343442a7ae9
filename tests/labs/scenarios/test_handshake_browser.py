"""The handshake lab with a real browser in the client's place."""

import asyncio
import contextlib
import os
import signal
import subprocess

import pytest

from labs import tape
from labs.scenarios import handshake_clients
from tests.labs.playing import play
from tests.labs.waiting import until
from tests.peers import needs

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def address(events: list[tape.Event]) -> str:
    """Where the lab asks the learner to go."""
    words = [word for event in events if isinstance(event, tape.Note) for word in event.text.split()]
    return next((word for word in words if word.startswith("http://")), "")


@needs("chromium")
async def test_a_browsers_own_request_key_and_frames_are_on_the_tape(tmp_path) -> None:
    async with asyncio.timeout(50):
        events: list[tape.Event] = []
        run = play("handshake", "client=browser", "path=/from-a-page", events=events)
        lab = asyncio.get_running_loop().create_task(run)
        await until(lambda: address(events) != "", 20)
        url = address(events)
        browser = await asyncio.create_subprocess_exec(
            "chromium", *FLAGS, f"--user-data-dir={tmp_path}", url,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            played = await lab
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(browser.pid, signal.SIGKILL)
            await browser.wait()
    assert played.ended.error is None
    assert played.failed == set()
    sent = b"".join(event.data for event in played.of(tape.Bytes) if event.sender == "browser")
    assert sent.count(b"GET /from-a-page HTTP/1.1\r\n") == 5
    assert b"User-Agent: Mozilla/5.0" in sent
    assert f"Origin: {url.rstrip('/')}\r\n".encode() in sent
    assert b"Sec-WebSocket-Protocol: v12.stomp, v11.stomp\r\n" in sent
    assert "browser 81 85 (masked, 5 bytes)" in played.verdicts["frames-after-101"].observed
    assert {event.at for event in played.of(tape.Bytes) if event.sender == "browser"} == {"server"}


@pytest.mark.parametrize("value", ["</script><script>alert(1)</script>", 'a"b\\', "<!--"])
def test_a_knob_cannot_break_out_of_the_page(value: str) -> None:
    page = handshake_clients.page({"path": f"/{value}", "subprotocols": value})
    assert page.count("<script>") == page.count("</script>") == 1
    assert "<!--" not in page


async def test_a_browser_that_does_not_come_is_told(monkeypatch) -> None:
    monkeypatch.setattr(handshake_clients, "BROWSER_SECONDS", 0.1)
    played = await play("handshake", "client=browser")
    assert played.ended.error == "the browser's handshake did not come within 0.1 s"
    assert not played.ended.ok
    assert address(played.events).startswith("http://127.0.0.1:")
