"""A font that has the glyphs: matplotlib's own has no Chinese characters, and would draw boxes in their place."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable
from typing import Any

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

FAMILIES = (
    "Noto Sans CJK", "Noto Sans SC", "Noto Sans TC", "Noto Sans HK", "Noto Sans JP", "Noto Sans KR",
    "Source Han Sans", "Noto Serif CJK", "Noto Serif SC", "Source Han Serif", "WenQuanYi", "Sarasa", "LXGW",
    "Droid Sans Fallback", "Microsoft YaHei", "SimHei", "SimSun", "PingFang", "Hiragino Sans GB", "Heiti", "STHeiti",
    "Songti", "STSong", "AR PL", "Arial Unicode MS",
)  # fmt: skip
"""Beginnings of the names of fonts with Chinese characters, the best for pictures first."""

ADVICE = (
    "install one that does, such as Noto Sans CJK (on Debian and Ubuntu: apt-get install fonts-noto-cjk; on Fedora: "
    "dnf install google-noto-sans-cjk-fonts; elsewhere from Google's or Adobe's pages), and draw the picture again."
)


class MissingGlyphs(UserWarning):
    """A picture has characters that no installed font can draw."""


class FittedFigure(Figure):
    """A figure that finds, before it is drawn, a font for whatever characters its texts turn out to have.

    Warns:
        MissingGlyphs: there is none, and boxes are drawn in their place; said once a figure.
    """

    _told = False

    def draw(self, renderer: Any) -> None:
        """Find the fonts, then draw."""
        missing = fit_fonts(self)
        with warnings.catch_warnings():
            if missing:
                if not self._told:
                    told = f"no installed font has {_quoted(missing)}, boxes stand in their place; {ADVICE}"
                    warnings.warn(told, MissingGlyphs, stacklevel=2)
                self._told = True  # a file is drawn twice: the first time to find its size
                warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            super().draw(renderer)


def fit_fonts(figure: Figure) -> str:
    """Add to each text that needs it a font with its characters; returns those that no font has, in order."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_ticklabels()  # they get their words only when they are asked for
    missing: dict[str, None] = {}
    for text in figure.findobj(Text):
        if not isinstance(text, Text) or text.get_text().isascii():
            continue
        families = list(text.get_fontfamily())
        needed = _not_in(tuple(families), text.get_text())
        whole = find_font(needed) if needed else None
        found = dict.fromkeys(needed, whole) if whole else {character: find_font(character) for character in needed}
        missing |= {character: None for character, font in found.items() if font is None}
        fonts = [font for font in dict.fromkeys(found.values()) if font is not None]
        if fonts:
            text.set_fontfamily([*families, *fonts])
    return "".join(missing)


def find_font(characters: Iterable[str]) -> str | None:
    """The name of an installed font that has all these characters, else ``None``."""
    needed = {ord(character) for character in characters}
    for family in FAMILIES:
        for entry in font_manager.fontManager.ttflist:
            if entry.name.startswith(family) and needed <= _glyphs(entry.fname):
                return entry.name
    return None


def _not_in(families: tuple[str, ...], words: str) -> list[str]:
    """The characters of ``words`` that none of the families' fonts has."""
    have: set[int] = set()
    for family in families:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown family falls back to matplotlib's own font
            have |= _glyphs(font_manager.findfont(font_manager.FontProperties(family=[family])))
    return [character for character in words if ord(character) not in have and not character.isspace()]


@functools.cache
def _glyphs(path: str) -> frozenset[int]:
    """The code points a font file has a glyph for."""
    return frozenset(font_manager.get_font(path).get_charmap())


def _quoted(characters: str) -> str:
    shown = "".join(characters[:20])
    return f"'{shown}{'...' if len(characters) > 20 else ''}'"
