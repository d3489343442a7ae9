"""Themes are readable by measure: the contrast ratios of WCAG 2.2, 1.4.3."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from tutor.ui import themes


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [part / 255 for part in Color.parse(colour).rgb]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", themes.THEMES, ids=lambda theme: theme.name)
def test_text_is_readable(theme: Theme) -> None:
    assert theme.foreground and theme.panel and theme.background and theme.surface
    least = 12 if theme.name == "contrast" else 7
    for ground in (theme.background, theme.surface, theme.panel):
        assert contrast(theme.foreground, ground) >= least
        for colour in (theme.primary, theme.success, theme.warning, theme.error, theme.variables["code"]):
            assert colour is not None
            assert contrast(colour, ground) >= 4.5, (theme.name, colour, ground)


def test_every_theme_is_described() -> None:
    assert [theme.name for theme in themes.THEMES] == list(themes.ABOUT)
    assert themes.following("no such theme") == themes.THEMES[0].name
