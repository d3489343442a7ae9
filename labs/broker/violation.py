"""What a client did that ends its session: the text of its ERROR and the close code behind it."""

from __future__ import annotations

from labs.broker.config import PROTOCOL_ERROR
from labs.wire.stomp import Headers


class Violation(Exception):
    """A frame that cannot be carried out. The text names the frame, the header and what would be right.

    `code` is the close code; `headers` go into the ERROR beside the usual ones; `receipt` is the one that the frame
    asked for, where that is not the frame being carried out.
    """

    def __init__(
        self, text: str, code: int = PROTOCOL_ERROR, headers: Headers = (), receipt: str | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.headers = headers
        self.receipt = receipt


def shown(value: str, limit: int = 60) -> str:
    """A client's value for an error text: quoted, escaped and cut."""
    return repr(value if len(value) <= limit else value[: limit - 1] + "…")
