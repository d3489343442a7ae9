"""One direction of a WebSocket: bytes -> messages for its frames, and for the STOMP and SockJS that they carry."""

from __future__ import annotations

from dataclasses import dataclass

from labs.wire import frame_fields, sockjs, stomp
from labs.wire.fields import Field
from labs.wire.frame_fields import Context
from labs.wire.frames import CLOSE, Cut, FrameDecoder, is_control
from labs.wire.handshake import Negotiated
from labs.wire.message import Message, WsFrame
from labs.wire.printable import count, quoted
from labs.wire.reassembly import Assembler, Inflater, Share
from labs.wire.stomp_fields import stomp_fields, stomp_summary

_ALL_RSV = 7
_CUT_OFF = "the stream ended inside it"
_STOMP_STARTS = (b"CONNECT\n", b"CONNECT\r\n", b"STOMP\n", b"STOMP\r\n")


@dataclass(frozen=True, slots=True)
class Route:
    """Whose bytes these are."""

    conn: str
    sender: str
    receiver: str

    def message(
        self,
        t: float,
        proto: str,
        summary: str,
        fields: tuple[Field, ...],
        raw: bytes,
        *,
        offset: int = -1,
        frame: WsFrame | None = None,
        problem: str = "",
    ) -> Message:
        """A message on this way."""
        return Message(t, self.conn, self.sender, self.receiver, proto, summary, fields, raw, offset, frame, problem)


@dataclass(slots=True)
class StompState:
    """What both directions know of the STOMP they speak: `spoken` None means that the client's first message decides,
    as where it comes without a subprotocol."""

    spoken: bool | None
    version: stomp.Version = "1.2"


class WsLane:
    """Bytes of one direction after the 101, from `offset` of its stream on, to messages."""

    def __init__(
        self, route: Route, agreed: Negotiated, *, from_client: bool, offset: int, sockjs_path: bool, state: StompState
    ) -> None:
        self._route = route
        self._from_client = from_client
        self._offset = offset
        self._decoder = FrameDecoder()
        keeps = agreed.deflate and agreed.deflate[0 if from_client else 1]
        self._assembler = Assembler(Inflater(keeps) if keeps is not None else None)
        self._any_rsv = agreed.other_extensions
        self._closed = False
        self._sockjs = sockjs_path
        self._stomp = StompLane(route, state, from_client)

    def feed(self, t: float, data: bytes) -> list[Message]:
        """The messages that `data` completes."""
        out: list[Message] = []
        for piece in self._decoder.feed(data):
            self._add(t, piece, out)
        return out

    def finish(self, t: float) -> list[Message]:
        """What is left when the stream ends, cut short."""
        out: list[Message] = []
        offset, raw, piece = self._decoder.finish()
        if piece is not None:
            self._add(t, piece, out)
        elif raw:
            field = Field("incomplete header", 0, len(raw), raw.hex(" "), problem=_CUT_OFF)
            summary = f"frame, cut off after {count(len(raw), 'byte')}"
            at = self._offset + offset
            out.append(self._route.message(t, "ws", summary, (field,), raw, offset=at, problem=_CUT_OFF))
        return out + self._stomp.finish(t)

    def _add(self, t: float, piece: Cut, out: list[Message]) -> None:
        frame = piece.frame
        allowed = _ALL_RSV if self._any_rsv else self._assembler.rsv_allowed(frame)
        whole = not piece.skipped and not piece.missing
        share = self._assembler.add(frame, whole)
        context = Context(self._from_client, allowed, self._closed)
        fields = frame_fields.frame_fields(piece, share, context)
        summary = frame_fields.frame_summary(piece, share)
        problem = "; ".join([f"{field.name}: {field.problem}" for field in fields if field.problem])
        if piece.missing:
            summary, problem = f"{summary}, cut off", problem or _CUT_OFF
        self._closed = self._closed or frame.opcode == CLOSE
        offset = self._offset + piece.offset
        out.append(
            self._route.message(t, "ws", summary, fields, piece.raw, offset=offset, frame=frame, problem=problem)
        )
        if whole and not is_control(frame.opcode):
            self._add_carried(t, share, out)

    def _add_carried(self, t: float, share: Share, out: list[Message]) -> None:
        if share.message is None:
            return
        if not self._sockjs:
            out += self._stomp.feed(t, share.message)
            return
        raw = share.message
        if not raw and self._from_client:
            return  # SockJS: an empty message is ignored
        try:
            framed = sockjs.decode(raw, from_client=self._from_client)
        except sockjs.SockJsError as error:
            field = Field("bytes", 0, len(raw), quoted(raw), problem=str(error))
            out.append(self._route.message(t, "sockjs", "not SockJS", (field,), raw, problem=str(error)))
            return
        fields = sockjs.sockjs_fields(raw, framed)
        out.append(self._route.message(t, "sockjs", sockjs.sockjs_summary(framed), fields, raw))
        for message in framed.messages:
            out += self._stomp.feed(t, message.encode("utf-8", "surrogatepass"))


class StompLane:
    """One direction's STOMP, where it is spoken at all: the payloads of messages -> STOMP messages."""

    def __init__(self, route: Route, state: StompState, from_client: bool) -> None:
        self._route = route
        self._state = state
        self._from_client = from_client
        self._parser = stomp.StompParser(state.version)

    def feed(self, t: float, payload: bytes) -> list[Message]:
        """The STOMP messages that a payload completes: a frame may also span several, or share one."""
        state = self._state
        if state.spoken is None and self._from_client:
            state.spoken = payload.startswith(_STOMP_STARTS)
        if not state.spoken:
            return []
        out: list[Message] = []
        self._parser.version = state.version
        self._parser.feed(payload)
        while (event := self._parser.next_event()) is not None:
            out.append(self._message(t, event))
            if isinstance(event, stomp.StompError):
                self._parser = stomp.StompParser(state.version)  # the next payload begins anew
                break
            if isinstance(event, stomp.Frame) and event.command == "CONNECTED":
                stated = event.get("version") or "1.0"
                state.version = next((known for known in stomp.SUBPROTOCOLS.values() if known == stated), "1.2")
                self._parser.version = state.version
        return out

    def finish(self, t: float) -> list[Message]:
        """A frame that never ended."""
        raw = self._parser.pending
        if not raw:
            return []
        field = Field("bytes", 0, len(raw), quoted(raw), problem=_CUT_OFF)
        return [self._route.message(t, "stomp", "frame, cut off", (field,), raw, problem=_CUT_OFF)]

    def _message(self, t: float, event: stomp.Event) -> Message:
        raw = self._parser.raw
        problem = event.text if isinstance(event, stomp.StompError) else ""
        return self._route.message(t, "stomp", stomp_summary(event), stomp_fields(raw, event), raw, problem=problem)
