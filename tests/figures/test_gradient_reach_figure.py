"""The picture of the gradient's reach shows each layer at each occasion, on one logarithmic scale."""

import pytest

from rnnzoo.figures import Band, gradient_reach


def band(label, *values):
    return Band(label, range(len(values)), values, [v / 2 for v in values], [v * 2 for v in values])


def test_every_layer_stands_at_every_occasion_and_what_vanishes_lies_on_the_ground():
    panels = {"start": [band("a", 1.0, 0.5, 1e-30), band("b", 1.0, 1.0)], "end": [band("b", 1.0, 50.0)]}
    figure = gradient_reach(panels, fraction=0.01)
    drawn = [[list(line.get_ydata()) for line in axis.lines[:-1]] for axis in figure.axes]
    assert drawn == [[[1.0, 0.5, 1e-10], [1.0, 1.0]], [[1.0, 50.0]]]
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["start", "end"]
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    assert figure.axes[0].get_ylim()[1] > 100
    assert figure.axes[0].lines[1].get_color() == figure.axes[1].lines[0].get_color()  # layer b
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "0.01 of its length"]


def test_no_band_is_refused():
    with pytest.raises(ValueError, match="no band to draw"):
        gradient_reach({}, fraction=0.01)
