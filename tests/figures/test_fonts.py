"""Characters that matplotlib's own font lacks come from an installed font that has them, else a warning says so."""

import io
import warnings

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from rnnzoo.figures import Curve, accuracy_against_length
from rnnzoo.figures._fonts import MissingGlyphs, find_font

TITLE = "数字之和"


def make_font(path, family, characters):
    """A font file whose every glyph is a box."""
    names = {ord(character): f"u{ord(character):04x}" for character in characters}
    glyphs = [".notdef", *names.values()]
    pen = TTGlyphPen(None)
    for i, corner in enumerate([(100, 0), (100, 700), (900, 700), (900, 0)]):
        (pen.lineTo if i else pen.moveTo)(corner)
    pen.closePath()
    box = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys(glyphs, box))
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)
    return str(path)


@pytest.fixture
def fonts(monkeypatch):
    """The list of installed fonts, for the test alone: matplotlib's own."""
    own = [entry for entry in font_manager.fontManager.ttflist if entry.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    font_manager.fontManager._findfont_cached.cache_clear()
    yield font_manager.fontManager
    font_manager.fontManager._findfont_cached.cache_clear()


def picture(title=TITLE):
    return accuracy_against_length([Curve("层", (1, 2), (0.5, 0.6))], title=title)


def saved(figure, kind="png"):
    stream = io.BytesIO()
    figure.savefig(stream, format=kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_a_font_that_has_the_characters_is_used_without_a_word(fonts, tmp_path, kind):
    fonts.addfont(make_font(tmp_path / "a.ttf", "Noto Sans CJK SC", TITLE + "层"))
    figure = picture()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert saved(figure, kind)
    (axis,) = figure.axes
    assert axis.title.get_fontfamily() != ["Noto Sans CJK SC"]  # an addition: Latin letters keep their font
    assert axis._left_title.get_fontfamily()[-1] == "Noto Sans CJK SC"
    assert axis.xaxis.label.get_fontfamily() == axis.yaxis.label.get_fontfamily()
    (label,) = figure.legends[0].get_texts()
    assert label.get_fontfamily()[-1] == "Noto Sans CJK SC"


def test_a_font_of_a_known_name_without_the_characters_is_passed_over(fonts, tmp_path):
    fonts.addfont(make_font(tmp_path / "a.ttf", "Noto Sans CJK SC", "数"))
    assert find_font(TITLE) is None
    fonts.addfont(make_font(tmp_path / "b.ttf", "SimHei", TITLE))
    assert find_font(TITLE) == "SimHei"
    assert find_font("数") == "Noto Sans CJK SC"  # the better of the two


def test_without_a_font_one_warning_names_the_characters_and_what_to_install(fonts):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert saved(picture()).startswith(b"\x89PNG")
    (warning,) = said
    assert warning.category is MissingGlyphs
    assert all(character in str(warning.message) for character in TITLE + "层")
    assert "fonts-noto-cjk" in str(warning.message)


def test_what_one_font_has_is_drawn_where_another_character_is_in_none(fonts, tmp_path):
    fonts.addfont(make_font(tmp_path / "a.ttf", "SimHei", TITLE + "层"))
    with pytest.warns(MissingGlyphs, match=r"no installed font has '龘', boxes"):
        saved(picture(TITLE + "龘"))


def test_what_the_own_font_has_needs_no_other(fonts):
    figure = accuracy_against_length([Curve("Jürgen ± µ", (1, 2), (0.5, 0.6))], title="“é” …")
    before = [text.get_fontfamily() for text in figure.legends[0].get_texts()]
    assert saved(figure)
    assert [text.get_fontfamily() for text in figure.legends[0].get_texts()] == before


def test_names_of_ticks_are_fitted_too(fonts, tmp_path):
    from rnnzoo.figures import GATE, Panel, gates

    fonts.addfont(make_font(tmp_path / "a.ttf", "WenQuanYi Zen Hei", "好看"))
    figure = gates([Panel("input gate", [[0.1, 0.2]], GATE)], ["好", "看"])
    assert saved(figure)
    labels = figure.axes[0].get_xticklabels()
    assert [label.get_fontfamily()[-1] for label in labels] == ["WenQuanYi Zen Hei"] * 2
