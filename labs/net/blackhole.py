"""A black hole on one socket: from now on the kernel drops whatever comes in for it, acknowledgements and all, as when
the way back is gone. It needs CAP_NET_ADMIN (root); fault_relay.py is what does without."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys

_SO_ATTACH_FILTER = 26  # <asm-generic/socket.h>
_RET_0 = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF_RET | BPF_K, 0: keep 0 bytes of the packet


def drop_everything(plug: socket.socket) -> None:
    """Attach a packet filter that passes nothing; raises OSError: PermissionError where that takes privileges."""
    if sys.platform != "linux":
        raise OSError(f"{sys.platform} has no SO_ATTACH_FILTER")
    program = ctypes.create_string_buffer(_RET_0)
    plug.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))


def refusal() -> str:
    """Why this process cannot make a black hole; empty where it can."""
    with socket.socket() as plug:
        try:
            drop_everything(plug)
        except OSError as error:
            return f"a real black hole needs a packet filter on a socket, which is refused ({error.strerror or error})"
    return ""
