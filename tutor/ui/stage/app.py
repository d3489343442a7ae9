"""The stage in a terminal of its own: looks at the tape a few times a second and draws the scene. What is on it is in
show.py, how it looks in scene.py."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.content import Content

from labs.lab import Lab
from tutor.ui import keys, themes
from tutor.ui.lines import Lines
from tutor.ui.screens.base import TOO_SMALL
from tutor.ui.stage.scene import scene
from tutor.ui.stage.show import Show
from tutor.ui.widgets.sheet import Sheet

LOOKS_PER_SECOND = 10
MIN_WIDTH, MIN_HEIGHT = 40, 10


class Scene(Sheet):
    """The whole screen."""

    def __init__(self, lab: Lab, show: Show) -> None:
        super().__init__(id="scene")
        self._lab = lab
        self._show = show

    def lines(self, width: int) -> Lines:
        """As many as the screen has rows."""
        size = self.app.size
        if size.width < MIN_WIDTH or size.height < MIN_HEIGHT:
            return Content(TOO_SMALL).wrap(max(1, width))[: size.height]
        return scene(self._lab, self._show, size.width, size.height)


class StageApp(App[None]):
    """`ws-tutor stage LAB`."""

    CSS = (
        "Screen { background: $background; overflow: hidden; } #scene { width: 100%; height: 100%; text-wrap: nowrap; }"
    )
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*keys.STAGE]

    def __init__(self, lab: Lab, show: Show | None = None, *, theme: str = themes.DEFAULT) -> None:
        super().__init__()
        self.show = show or Show(lab.name)
        self._scene = Scene(lab, self.show)
        for each in themes.THEMES:
            self.register_theme(each)
        self.theme = theme

    def compose(self) -> ComposeResult:
        """One sheet."""
        yield self._scene

    def on_mount(self) -> None:
        """Look now, and go on."""
        self._look()
        self.set_interval(1 / LOOKS_PER_SECOND, self._look)

    def on_unmount(self) -> None:
        """Leave the tape alone."""
        self.show.close()

    def _look(self) -> None:
        if self.show.look():
            self._draw()

    def _draw(self) -> None:
        self._scene.refresh()

    def action_play(self) -> None:
        """The last good tape."""
        self.show.play()
        self._draw()

    def action_skip(self) -> None:
        """What comes next on it."""
        self.show.skip()
        self._look()

    def action_next_theme(self) -> None:
        """The next of our own themes."""
        self.theme = themes.following(self.theme)


def main(lab: Lab, theme: str) -> int:
    """Run it; gives back the exit status."""
    app = StageApp(lab, theme=theme)
    app.run()
    return app.return_code or 0
