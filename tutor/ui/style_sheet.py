"""The app's style sheet, parsed once for each theme. What it says is in the .tcss files."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class SteadyStylesheet(Stylesheet):
    """Textual parses all sources anew when the app starts, and whenever a mode is shown for the first time, in case the
    colours have changed. That takes as long as the rest of the first paint; here what was parsed is kept until they do.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._parsed_with = dict(variables)

    def set_variables(self, variables: dict[str, str]) -> None:
        """Other colours, perhaps."""
        if variables != self._parsed_with:
            self._parsed_with = dict(variables)
            super().set_variables(variables)  # forgets what was parsed

    def reparse(self) -> None:
        """Parse what is new, or everything in other colours."""
        self.parse()
