"""What a link points at: another question, a lab, or a section of an RFC, with its title and address. No network."""

from __future__ import annotations

import re

from textual.content import Content

from tutor.ui.typeset import link

RFC_TITLES = {
    "1928": "SOCKS Protocol Version 5",
    "3629": "UTF-8, a transformation format of ISO 10646",
    "4648": "The Base16, Base32, and Base64 Data Encodings",
    "6202": "Known Issues and Best Practices for the Use of Long Polling and Streaming in Bidirectional HTTP",
    "6265": "HTTP State Management Mechanism",
    "6298": "Computing TCP's Retransmission Timer",
    "6454": "The Web Origin Concept",
    "6455": "The WebSocket Protocol",
    "6585": "Additional HTTP Status Codes",
    "6750": "The OAuth 2.0 Authorization Framework: Bearer Token Usage",
    "7235": "Hypertext Transfer Protocol (HTTP/1.1): Authentication",
    "7519": "JSON Web Token (JWT)",
    "7692": "Compression Extensions for WebSocket",
    "8441": "Bootstrapping WebSockets with HTTP/2",
    "8446": "The Transport Layer Security (TLS) Protocol Version 1.3",
    "8725": "JSON Web Token Best Current Practices",
    "9000": "QUIC: A UDP-Based Multiplexed and Secure Transport",
    "9110": "HTTP Semantics",
    "9111": "HTTP Caching",
    "9112": "HTTP/1.1",
    "9113": "HTTP/2",
    "9114": "HTTP/3",
    "9220": "Bootstrapping WebSockets with HTTP/3",
    "9293": "Transmission Control Protocol (TCP)",
}

_SOURCE = re.compile(r"RFC\s?(\d{3,5})(?:,?\s(?:§|s|section )(\d+(?:\.\d+)*))?")


def source_link(source: str) -> Content:
    """A source as it was written, its first RFC a link that shows the reference."""
    found = _SOURCE.search(source)
    if found is None:
        return Content(source)
    return Content(source[: found.start()]) + link(found[0], _href(found)) + Content(source[found.end() :])


def source_targets(text: str) -> list[tuple[str, str]]:
    """Every RFC that `text` names: as it is written, and the link that shows it."""
    return [(found[0], _href(found)) for found in _SOURCE.finditer(text)]


def _href(found: re.Match[str]) -> str:
    return f"rfc:{found[1]}#{found[2]}" if found[2] else f"rfc:{found[1]}"


def rfc_address(number: str, section: str) -> str:
    """The canonical address, as the RFC Editor writes it."""
    return f"https://www.rfc-editor.org/rfc/rfc{number}" + (f"#section-{section}" if section else "")
