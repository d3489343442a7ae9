"""A tape as a packet capture (pcapng) that Wireshark opens. The bytes and their times are the tape's; the packets
round them are made up (packets.py), and the capture says so. HAR is in har.py."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from labs import pcapng
from labs.packets import AddressError, Conversation, Endpoint, read_endpoints
from labs.tape import Bytes, Event, FaultInjected, LabStarted, Note, Step, TapeError, Verdict

_MADE_UP = (
    "Written from a tape: TCP payloads and times are as they were recorded at the sockets; IP and TCP headers, the TCP "
    "handshakes and ends are made up, so that an analyser can read them."
)

_LATEST = 1e12  # seconds; a tape may state any time, a capture has 64 bits of microseconds


def to_pcapng(events: Iterable[tuple[int, Event]], name: str = "tape") -> Iterator[bytes]:
    """The blocks of the capture, one by one, of the events of a tape with their line numbers.

    Steps, notes, faults and verdicts are comments of the packet that follows them, at the end of the first FIN.
    Raises TapeError where an address is none (`name:line: …`), besides what `events` raises.
    """
    return _Capture(name).blocks(events)


def epoch(started: str) -> float:
    """Seconds since 1970 at the tape's t = 0; 0.0 where `started` is no date of ISO 8601. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class _Capture:
    """The state of one export: the connections that are open, and the comments that wait for a packet."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._epoch = 0.0
        self._t = 0.0
        self._comments: list[str] = []
        self._open: dict[str, Conversation] = {}
        self._at: dict[tuple[str, str], str] = {}  # conn, sender -> the end that is read
        self._client: dict[str, str] = {}  # conn -> the part that sent first

    def blocks(self, events: Iterable[tuple[int, Event]]) -> Iterator[bytes]:
        begun = False
        for line, event in events:
            if not begun:
                begun = True
                yield self._begin(event)
                yield pcapng.interface("ws-tutor tape")
            if isinstance(event, Bytes):
                yield from self._bytes(line, event)
            elif comment := _comment(event):
                self._comments.append(comment)
            self._t = max(self._t, event.t)
        for conversation in self._open.values():
            yield from self._packets(self._t, conversation.close())

    def _begin(self, event: Event) -> bytes:
        version, comments = "", [_MADE_UP]
        system = platform.platform(terse=True)
        if isinstance(event, LabStarted):
            self._epoch = epoch(event.started)
            version = f" {event.version}"
            comments.insert(0, f"lab {event.name}: {event.title}")
            system = ", ".join(event.host.values())
        return pcapng.section_header(
            hardware=platform.machine(), system=system, application=f"ws-tutor{version}", comments=comments
        )

    def _bytes(self, line: int, event: Bytes) -> Iterator[bytes]:
        if self._at.setdefault((event.conn, event.sender), event.at) != event.at or not event.hex:
            return
        conversation = self._open.get(event.conn)
        if conversation is None:
            conversation = self._open[event.conn] = Conversation(*self._endpoints(line, event))
            self._client[event.conn] = event.sender
            self._comments.append(f"connection {event.conn}: {event.sender} to {event.receiver}")
            yield from self._packets(event.t, conversation.open())
        yield from self._packets(event.t, conversation.send(event.sender == self._client[event.conn], event.data))

    def _endpoints(self, line: int, event: Bytes) -> tuple[Endpoint, Endpoint]:
        try:
            return read_endpoints(event.src, event.dst)
        except AddressError as error:
            raise TapeError(f"{self._name}:{line}: {error}") from error

    def _packets(self, t: float, packets: Iterable[bytes]) -> Iterator[bytes]:
        for data in packets:
            comments, self._comments = self._comments, []
            microseconds = round(min(max(self._epoch + t, 0.0), _LATEST) * 1e6)
            yield pcapng.packet(microseconds, data, comments)


def _comment(event: Event) -> str:
    match event:
        case Step():
            return f"step {event.id}: {event.title}. {event.text}"
        case Note():
            return f"note: {event.text}"
        case FaultInjected():
            return f"fault: {event.id} of {event.target}, by the {event.by}"
        case Verdict():
            held = "holds" if event.ok else "does not hold"
            return f"verdict {event.id} {held}: {event.claim}; expected: {event.expected}; observed: {event.observed}"
    return ""
