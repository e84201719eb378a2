"""Several rankings side by side: one row a layer in all panels, each dot at its number."""

import pytest

from rnnzoo.figures import Placed, rankings

LAYERS = [
    Placed("first", "scan", {"accuracy": 0.9, "bits": 2.0}),
    Placed("second", "gated", {"accuracy": 0.95, "bits": 2.5}),
]


def test_every_panel_has_each_layer_in_its_row_at_its_number():
    figure = rankings(LAYERS, ["accuracy", "bits"])
    for axis, metric in zip(figure.axes, ["accuracy", "bits"], strict=True):
        dots = [tuple(line.get_xydata()[0]) for line in axis.get_lines()]
        assert dots == [(LAYERS[0].values[metric], 0.0), (LAYERS[1].values[metric], -1.0)]
    assert [label.get_text().split() for label in figure.axes[0].get_yticklabels()] == [["first", "1"], ["second", "2"]]


def test_a_kind_has_the_same_colour_in_every_panel():
    figure = rankings(LAYERS, ["accuracy", "bits"])
    colours = [[line.get_color() for line in axis.get_lines()] for axis in figure.axes]
    assert colours[0] == colours[1]
    assert len(set(colours[0])) == 2


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="nothing to rank"):
        rankings([], ["accuracy"])
    with pytest.raises(ValueError, match="layer first has no loss; expected accuracy, loss of every layer"):
        rankings(LAYERS, ["accuracy", "loss"])
