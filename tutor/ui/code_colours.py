"""The colours of code. Imported with the first block of code, since Pygments comes with it."""

from __future__ import annotations

from textual.highlight import HighlightTheme


class CodeColours(HighlightTheme):
    """Textual's, but nothing is marked as an error: a part of a message, such as HTTP/2's pseudo-headers, is one only
    for a lexer that expects the whole."""

    STYLES = {token: style for token, style in HighlightTheme.STYLES.items() if "on $error" not in style}  # noqa: RUF012
