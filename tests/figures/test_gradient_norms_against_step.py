"""The picture of gradient norms has a panel for each group and gradient, and shows the dead ones at the bottom."""

import pytest

from rnnzoo.figures import Band, gradient_norms_against_step


def band(label, scale=1.0):
    x = [1, 2, 3]
    return Band(label, x, [scale, 2 * scale, 0.0], [scale / 2, scale, 0.0], [2 * scale, 4 * scale, 1.0])


def test_every_band_stands_in_its_panel_on_one_logarithmic_scale():
    panels = {"without": {"W": [band("a"), band("b", 1e6)], "U": [band("a")]}, "with": {"W": [band("c")], "U": []}}
    figure = gradient_norms_against_step(panels, small=1e-3, title="t")
    drawn = [[list(line.get_ydata()) for line in axis.lines if len(line.get_xdata()) == 3] for axis in figure.axes]
    assert [len(lines) for lines in drawn] == [2, 1, 1, 0]
    assert drawn[0][1] == [1e6, 2e6, pytest.approx(1e-7)]
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    assert {axis.get_yscale() for axis in figure.axes} == {"log"}
    low, high = figure.axes[0].get_ylim()
    assert low < 1e-7
    assert high > 4e6
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "c", "dead: below 0.001"]
    assert figure.axes[0].get_ylabel().endswith("without")


def test_no_band_is_refused():
    with pytest.raises(ValueError, match="no band to draw"):
        gradient_norms_against_step({"without": {"W": []}}, small=1e-3)
