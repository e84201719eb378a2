"""The picture of a sound shows the numbers given: bands, probabilities, and the labels where they are likeliest."""

import numpy as np
import pytest

from rnnzoo.figures import ctc_posteriors

BANDS = np.random.RandomState(0).randn(7, 3)
TABLE = np.array([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.1, 0.85, 0.05], [0.6, 0.35, 0.05]])


def test_curves_and_bands_are_those_given_on_one_axis_of_time():
    above, below = ctc_posteriors(BANDS, TABLE, ["", "a", "b"], stride=2, frame_seconds=0.01).axes
    blank, likely = above.lines
    np.testing.assert_array_equal(blank.get_ydata(), TABLE[:, 0])
    np.testing.assert_array_equal(likely.get_ydata(), TABLE[:, 1])
    np.testing.assert_allclose(likely.get_xdata(), [0.0, 0.02, 0.04, 0.06])
    (image,) = below.images
    np.testing.assert_array_equal(image.get_array(), BANDS.T)
    assert above.get_xlim() == below.get_xlim() == (-0.005, 0.065)


def test_each_rise_of_a_label_is_named_once_where_it_is_highest_and_unlikely_ones_are_not():
    (above, _) = ctc_posteriors(BANDS, TABLE, ["", "a", "b"], stride=2).axes
    assert [(text.get_text(), text.xy) for text in above.texts] == [("a", (4.0, 0.85))]
    assert ctc_posteriors(BANDS, TABLE, ["", "a", "b"], stride=2).axes[1].get_xlabel() == "frame"


@pytest.mark.parametrize(("stride", "labels"), [(1, ["", "a", "b"]), (2, ["", "a"])])
def test_tables_that_do_not_fit_are_refused(stride, labels):
    with pytest.raises(ValueError, match="expected"):
        ctc_posteriors(BANDS, TABLE, labels, stride=stride)
