"""The colours: dark, light, one for colour-blind readers, one of high contrast. No state is told by colour alone."""

from __future__ import annotations

from textual.theme import Theme

DEFAULT = "ink"


def _theme(name: str, *, dark: bool = True, code: str, **colours: str) -> Theme:
    """A theme whose cursor, links, borders and scrollbars follow from its one accent, `primary`."""
    accent, ground, text, panel = (colours[key] for key in ("primary", "background", "foreground", "panel"))
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=accent,
        accent=accent,
        foreground=text,
        background=ground,
        surface=colours["surface"],
        panel=panel,
        success=colours["success"],
        warning=colours["warning"],
        error=colours["error"],
        variables={
            "code": code,
            "block-cursor-background": accent,
            "block-cursor-foreground": ground,
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": panel,
            "block-cursor-blurred-foreground": text,
            "block-cursor-blurred-text-style": "none",
            "border": accent,
            "border-blurred": panel,
            "scrollbar": panel,
            "scrollbar-hover": accent,
            "scrollbar-active": accent,
            "scrollbar-background": ground,
            "scrollbar-background-hover": ground,
            "scrollbar-background-active": ground,
            "link-color": accent,
            "link-style": "underline",
            "link-color-hover": ground,
            "link-background-hover": accent,
            "link-style-hover": "bold",
            "input-cursor-background": text,
            "input-cursor-foreground": ground,
        },
    )


THEMES: tuple[Theme, ...] = (
    _theme(
        "ink",
        code="#c9b8f5",
        primary="#74b9ff",
        background="#11151c",
        surface="#161b24",
        panel="#222a37",
        foreground="#d9dfe8",
        success="#7ccf9b",
        warning="#e5b567",
        error="#f0787f",
    ),
    _theme(
        "paper",
        code="#5b3fa0",
        dark=False,
        primary="#0a57a4",
        background="#fbfaf6",
        surface="#f4f2eb",
        panel="#e7e3d8",
        foreground="#23272e",
        success="#176635",
        warning="#7a4b00",
        error="#a8201a",
    ),
    # Okabe and Ito's palette: sky blue, bluish green (lightened for the dark ground), yellow and vermillion stay apart
    # in protanopia, deuteranopia and tritanopia.
    _theme(
        "okabe-ito",
        code="#f0e442",
        primary="#56b4e9",
        background="#101418",
        surface="#161b20",
        panel="#252c33",
        foreground="#e6e6e6",
        success="#19b88a",
        warning="#f0e442",
        error="#ec7a2f",
    ),
    _theme(
        "contrast",
        code="#ffff66",
        primary="#ffd700",
        background="#000000",
        surface="#000000",
        panel="#262626",
        foreground="#ffffff",
        success="#4dff88",
        warning="#ffd700",
        error="#ff8a80",
    ),
)

ABOUT = {
    "ink": "dark",
    "paper": "light",
    "okabe-ito": "for colour-blind readers",
    "contrast": "high contrast",
}


def following(name: str) -> str:
    """The theme after `name`, round and round; the first one after a name that is not ours."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]
