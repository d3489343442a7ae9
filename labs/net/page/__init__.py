"""The page at `/`: connect, subscribe, send, see frames, in a real browser. No resource comes from elsewhere."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

# path -> content type and body
ASSETS: dict[str, tuple[str, bytes]] = {
    "/": ("text/html; charset=utf-8", (_HERE / "index.html").read_bytes()),
    "/page.js": ("text/javascript; charset=utf-8", (_HERE / "page.js").read_bytes()),
    "/page.css": ("text/css; charset=utf-8", (_HERE / "page.css").read_bytes()),
}
