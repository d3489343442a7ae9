"""From the bytes of connections to messages, incrementally: HTTP first, WebSocket after its 101, and what that carries.
Garbage is a message that says so; nothing raises, and nothing is kept beyond the caps of the layers below."""

from __future__ import annotations

from collections import deque

from labs.wire import handshake
from labs.wire.fields import Field
from labs.wire.handshake import Negotiated
from labs.wire.http_head import Head
from labs.wire.http_stream import HttpReader, Kind, Piece
from labs.wire.message import Message
from labs.wire.printable import count, quoted
from labs.wire.sockjs import is_sockjs_path
from labs.wire.stomp import SUBPROTOCOLS
from labs.wire.ws_lane import Route, StompState, WsLane

_MAX_WAITING = 1024 * 1024  # bytes of a client that does not wait for the answer to its upgrade
_MAX_PIPELINED = 1024  # requests, or answers, remembered until the other comes


class Dissector:
    """Takes what sockets carried, in order, and returns each message when its last byte has come.

    Any chunking of a direction's bytes gives the same messages, but for their `t`. Where a direction was
    recorded at both ends, the end that comes first is read and the other ignored.
    """

    def __init__(self) -> None:
        self._connections: dict[str, _Connection] = {}

    def feed(  # noqa: PLR0917 - the fields of a `bytes` event, in its order
        self, t: float, conn: str, sender: str, receiver: str, at: str, data: bytes
    ) -> list[Message]:
        """What one read or write carried (the fields of the tape's `bytes`); `t` is in seconds."""
        connection = self._connections.get(conn)
        if connection is None:
            connection = self._connections[conn] = _Connection(conn)
        return connection.feed(t, sender, receiver, at, data)

    def finish(self) -> list[Message]:
        """No more bytes come: what each direction holds back, as messages with a problem. The dissector is as new."""
        messages = [message for connection in self._connections.values() for message in connection.finish()]
        self._connections.clear()
        return messages


class _Lane:
    """One direction: read as HTTP; or held back while an upgrade waits for its answer; or read as WebSocket."""

    def __init__(self, route: Route, at: str, http: HttpReader) -> None:
        self.route = route
        self.at = at
        self.t = 0.0
        self.http = http
        self.waiting: list[tuple[float, bytes]] | None = None
        self.waiting_size = 0
        self.waiting_offset = 0
        self.ws: WsLane | None = None


class _Connection:
    """The two directions of a connection, and what requests and responses make of it."""

    def __init__(self, conn: str) -> None:
        self._conn = conn
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._requests: deque[Head] = deque(maxlen=_MAX_PIPELINED)  # that wait for an answer
        self._answers: deque[Head] = deque(maxlen=_MAX_PIPELINED)  # recorded before their request was
        self._stomp: StompState | None = None

    def feed(self, t: float, sender: str, receiver: str, at: str, data: bytes) -> list[Message]:
        lane = self._lanes.get((sender, receiver))
        if lane is None:
            route = Route(self._conn, sender, receiver)
            lane = self._lanes[sender, receiver] = _Lane(route, at, HttpReader(self._answers_bodiless))
        if at != lane.at:
            return []
        out: list[Message] = []
        self._advance(lane, t, data, out)
        return out

    def finish(self) -> list[Message]:
        out: list[Message] = []
        for lane in self._lanes.values():
            if lane.ws is not None:
                out += lane.ws.finish(lane.t)
            elif lane.waiting is not None:
                self._finish_waiting(lane, lane.waiting, out)
            elif piece := lane.http.finish():
                out.append(_http_message(lane, piece))
        return out

    def _advance(self, lane: _Lane, t: float, data: bytes, out: list[Message]) -> None:
        lane.t = t
        if lane.ws is not None:
            out += lane.ws.feed(t, data)
        elif lane.waiting is not None:
            lane.waiting.append((t, data))
            lane.waiting_size += len(data)
            if lane.waiting_size > _MAX_WAITING:
                self._stop_waiting(lane, out)
        else:
            lane.http.feed(data)
            while lane.ws is None and lane.waiting is None and (piece := lane.http.next_piece()) is not None:
                self._on_piece(lane, piece, out)

    def _on_piece(self, lane: _Lane, piece: Piece, out: list[Message]) -> None:
        if piece.head is None or piece.kind not in (Kind.REQUEST, Kind.RESPONSE):
            out.append(_http_message(lane, piece))
        elif piece.kind is Kind.REQUEST:
            self._on_request(lane, piece, piece.head, out)
        else:
            self._on_response(lane, piece, piece.head, out)

    def _on_request(self, lane: _Lane, piece: Piece, head: Head, out: list[Message]) -> None:
        upgrades = handshake.wants_upgrade(head)
        problems = handshake.request_problems(head) if upgrades else {}
        out.append(_http_message(lane, piece, problems, " → upgrade" if upgrades else ""))
        if self._answers:
            answer = self._answers.popleft()
            if upgrades and handshake.switches(answer):
                self._switch(head, answer, lane, None, out)
            return
        self._requests.append(head)
        if upgrades:
            lane.waiting_offset, rest = lane.http.rest()
            lane.waiting, lane.waiting_size = [(lane.t, rest)], len(rest)

    def _on_response(self, lane: _Lane, piece: Piece, head: Head, out: list[Message]) -> None:
        interim = head.status < 200 and head.status != 101
        request = self._requests[0] if self._requests else None
        switches = handshake.switches(head)
        out.append(_http_message(lane, piece, handshake.response_problems(head, request) if switches else {}))
        if interim:
            return
        if request is None:
            self._answers.append(head)
        else:
            self._requests.popleft()
        client = self._other(lane)
        waits = client if client is not None and client.waiting is not None else None
        asked = request is not None and handshake.wants_upgrade(request)
        if switches and (request is None or asked):
            self._switch(request, head, waits, lane, out)
        elif waits is not None and asked:
            self._stop_waiting(waits, out)

    def _switch(
        self, request: Head | None, answer: Head, client: _Lane | None, server: _Lane | None, out: list[Message]
    ) -> None:
        """The connection is a WebSocket from here on, in the directions given."""
        agreed = handshake.negotiated(answer)
        if self._stomp is None:
            self._stomp = _stomp_state(agreed)
        path = request is not None and is_sockjs_path(request.target)
        for lane, from_client in ((server, False), (client, True)):
            if lane is None:
                continue
            held, lane.waiting = lane.waiting, None
            if held is None:
                offset, rest = lane.http.rest()
                held = [(lane.t, rest)]
            else:
                offset = lane.waiting_offset
            lane.ws = WsLane(
                lane.route, agreed, from_client=from_client, offset=offset, sockjs_path=path, state=self._stomp
            )
            for t, data in held:
                self._advance(lane, t, data, out)

    def _stop_waiting(self, lane: _Lane, out: list[Message]) -> None:
        """There was no upgrade after all: what was held back is HTTP."""
        held, lane.waiting = lane.waiting or [], None
        for t, data in held:
            self._advance(lane, t, data, out)

    def _finish_waiting(self, lane: _Lane, held: list[tuple[float, bytes]], out: list[Message]) -> None:
        raw = b"".join(data for _, data in held)
        if raw:
            problem = "sent while the upgrade had no answer yet"
            field = Field("bytes", 0, len(raw), quoted(raw), problem=problem)
            piece = Piece(Kind.OPAQUE, lane.waiting_offset, raw, (field,), count(len(raw), "byte"), problem=problem)
            out.append(_http_message(lane, piece))

    def _other(self, lane: _Lane) -> _Lane | None:
        return self._lanes.get((lane.route.receiver, lane.route.sender))

    def _answers_bodiless(self, response: Head) -> bool:
        """RFC 9112 §6.3: an answer to HEAD has no body, nor has a 2xx to CONNECT."""
        if not self._requests:
            return False
        method = self._requests[0].method
        return method == "HEAD" or (method == "CONNECT" and 200 <= response.status < 300)


def _stomp_state(agreed: Negotiated) -> StompState:
    version = SUBPROTOCOLS.get(agreed.subprotocol or "")
    return StompState(True, version) if version else StompState(None)


def _http_message(lane: _Lane, piece: Piece, problems: dict[str, str] | None = None, suffix: str = "") -> Message:
    fields, problem = handshake.with_problems(piece.fields, problems or {})
    return lane.route.message(
        lane.t, "http", piece.summary + suffix, fields, piece.raw,
        offset=piece.offset, problem="; ".join(filter(None, (piece.problem, problem))),
    )  # fmt: skip
