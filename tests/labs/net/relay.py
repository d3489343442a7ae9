"""An independent witness between two peers: forwards bytes on plain sockets in threads, and keeps what it saw.

It shares no code with the tap.
"""

import contextlib
import socket
import threading


class Relay:
    """Accepts one connection on `address` and joins it to `target` (`ip:port`)."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.to_server, self.to_client = bytearray(), bytearray()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        client, _ = self._listener.accept()
        self._listener.close()
        server = socket.create_connection(self._target, timeout=10)
        back = threading.Thread(target=_pump, args=(server, client, self.to_client), daemon=True)
        back.start()
        _pump(client, server, self.to_server)
        back.join(10)
        client.close()
        server.close()

    def join(self) -> None:
        """Wait until both sides have closed."""
        self._thread.join(10)
        assert not self._thread.is_alive(), "the relay still has an open connection"


def _pump(source: socket.socket, sink: socket.socket, seen: bytearray) -> None:
    source.settimeout(10)
    while data := source.recv(65536):
        seen += data
        sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
