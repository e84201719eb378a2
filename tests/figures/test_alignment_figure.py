"""A map of attention says which step is which, in any script, and shows its weights."""

import numpy as np
import pytest

from rnnzoo.figures import alignment
from rnnzoo.figures._fonts import find_font


def test_every_step_is_named_and_every_weight_is_there():
    weights = np.random.default_rng(0).dirichlet(np.ones(4), size=3)
    figure = alignment(["ich", "bin", "$x$", " "], ["I", "am", ""], weights, title="a $title$")
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["ich", "bin", "$x$", "␣"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["I", "am", "(end)"]
    np.testing.assert_array_equal(axis.images[0].get_array(), weights)
    figure.canvas.draw()


@pytest.mark.skipif(find_font("机") is None, reason="no installed font has Chinese characters")
def test_chinese_steps_are_drawn_with_a_font_that_has_them():
    figure = alignment(list("机器学习"), ["machine", "learning", ""], np.full((3, 4), 0.25), title="机器学习")
    figure.canvas.draw()
    families = {label.get_text(): label.get_fontfamily() for label in figure.axes[0].get_xticklabels()}
    assert all(find_font(character) in families[character] for character in "机器学习")


def test_long_names_are_cut_and_of_many_steps_some_are_named():
    figure = alignment(["a" * 30] * 200, ["b"], np.full((1, 200), 1 / 200))
    labels = figure.axes[0].get_xticklabels()
    assert len(labels) <= 80
    assert len(labels[0].get_text()) == 18


def test_weights_of_another_shape_are_told():
    with pytest.raises(ValueError, match=r"shape \(1, 2\) for 1 tokens and 3 steps"):
        alignment(["a", "b", "c"], ["d"], [[0.5, 0.5]])
