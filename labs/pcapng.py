"""The pcapng file format, as much of it as a capture of raw IP packets needs (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_RAW_IP = 101  # LINKTYPE_RAW: packets begin with their IPv4 or IPv6 header
_END, _COMMENT = 0, 1
_HARDWARE, _SYSTEM, _APPLICATION = 2, 3, 4
_INTERFACE_NAME, _RESOLUTION = 2, 9
_MICROSECONDS = 6

_MAX_OPTION = 60_000  # bytes; the length field takes 65,535

Options = Sequence[tuple[int, bytes]]


def section_header(*, hardware: str, system: str, application: str, comments: Sequence[str] = ()) -> bytes:
    """The block that begins the file."""
    options = [_text(_COMMENT, text) for text in comments]
    options += [_text(_HARDWARE, hardware), _text(_SYSTEM, system), _text(_APPLICATION, application)]
    unknown_length = 0xFFFFFFFFFFFFFFFF
    return _block(_SECTION, struct.pack("<IHHQ", 0x1A2B3C4D, 1, 0, unknown_length), options)


def interface(name: str) -> bytes:
    """The one interface: raw IP, times in microseconds."""
    options = [_text(_INTERFACE_NAME, name), (_RESOLUTION, bytes([_MICROSECONDS]))]
    return _block(_INTERFACE, struct.pack("<HHI", _RAW_IP, 0, 0), options)


def packet(microseconds: int, data: bytes, comments: Sequence[str] = ()) -> bytes:
    """A packet of that interface, `microseconds` since 1970, UTC."""
    time = microseconds & 0xFFFFFFFFFFFFFFFF
    head = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
    return _block(_PACKET, head + _padded(data), [_text(_COMMENT, text) for text in comments])


def _text(code: int, text: str) -> tuple[int, bytes]:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > _MAX_OPTION:
        encoded = encoded[:_MAX_OPTION].decode("utf-8", "ignore").encode() + b"..."
    return code, encoded


def _block(kind: int, body: bytes, options: Options) -> bytes:
    written = b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options)
    if written:
        written += struct.pack("<HH", _END, 0)
    size = 12 + len(body) + len(written)
    return struct.pack("<II", kind, size) + body + written + struct.pack("<I", size)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
