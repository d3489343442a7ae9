"""The page at `/` in headless Chromium, which is driven over its DevTools protocol: a WebSocket too."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.asyncio.client import ClientConnection, connect

from tests.peers import needs
from tests.peers.serving import served, tethered

SECONDS = 20.0
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-port=0",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


class Page:
    def __init__(self, tools: ClientConnection) -> None:
        self._tools = tools
        self._numbers = itertools.count(1)

    async def evaluate(self, code: str) -> Any:
        number = next(self._numbers)
        parameters = {"expression": code, "returnByValue": True}
        await self._tools.send(json.dumps({"id": number, "method": "Runtime.evaluate", "params": parameters}))
        while (answer := json.loads(await self._tools.recv())).get("id") != number:
            pass
        return answer["result"]["result"].get("value")

    async def until(self, code: str) -> None:
        end = time.monotonic() + SECONDS
        while not await self.evaluate(code):
            assert time.monotonic() < end, (code, await self.evaluate("document.body && document.body.innerText"))
            await asyncio.sleep(0.02)


def start(folder: Path, url: str) -> subprocess.Popen[bytes]:
    command = tethered("chromium", *FLAGS, f"--user-data-dir={folder}", f"{url}/")
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def port_of(folder: Path) -> int:
    end = time.monotonic() + SECONDS
    said = folder / "DevToolsActivePort"
    while not said.exists() or len(said.read_text().split()) < 2:
        assert time.monotonic() < end, "Chromium does not start"
        await asyncio.sleep(0.02)
    return int(said.read_text().split()[0])


@needs("chromium")
async def test_the_page_connects_subscribes_sends_and_shows_frames(tmp_path: Path) -> None:
    with served() as server:
        browser = start(tmp_path, server.http)
        try:
            port = await port_of(tmp_path)
            url = await asyncio.to_thread(page_url, port)
            async with connect(url, max_size=None, compression=None) as tools:
                page = Page(tools)
                await page.until("document.readyState === 'complete' && !!document.getElementById('state')")
                await page.evaluate("document.getElementById('login').value = 'alice'")
                await page.evaluate("document.querySelector('#connect button').click()")
                await page.until("document.getElementById('state').textContent === 'connected'")
                await page.evaluate("document.querySelector('#subscribe button').click()")
                await page.evaluate("document.querySelector('#send button').click()")
                await page.until("document.getElementById('frames').innerText.includes('echo:hello')")
                await page.evaluate("document.getElementById('disconnect').click()")
                await page.until("document.getElementById('state').textContent.startsWith('closed: 1000')")
                shown = await page.evaluate("document.getElementById('frames').innerText")
        finally:
            browser.kill()
            browser.wait()
    assert "user-name:alice" in shown
    assert "receipt-id:bye" in shown


def page_url(port: int) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
            for target in json.load(answer):
                if target["type"] == "page" and target["url"].startswith("http"):
                    return str(target["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("Chromium shows no page")
