"""The colours of a confusion matrix are shares of its rows, and every label stands at its own."""

import numpy as np
import pytest

from rnnzoo.figures import confusion

COUNTS = [[8, 2, 0], [0, 5, 0], [0, 0, 0]]


def test_the_colour_is_the_share_of_the_true_label():
    image = confusion(COUNTS, ["a", "b", "c"]).axes[0].images[0]
    np.testing.assert_allclose(image.get_array(), [[0.8, 0.2, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert image.get_clim() == (0.0, 1.0)


def test_the_counts_stand_in_their_cells_and_the_axes_say_what_they_are():
    axis = confusion(COUNTS, ["a", "b", "c"], title="t").axes[0]
    assert {(text.get_position()[::-1], text.get_text()) for text in axis.texts} == {
        ((0, 0), "8"),
        ((0, 1), "2"),
        ((1, 1), "5"),
    }
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("answer", "true label")
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b", "c"]
    assert axis.yaxis_inverted()


def test_of_many_labels_only_some_are_named_and_none_is_counted():
    axis = confusion(np.eye(130, dtype=int), [f"label {n}" for n in range(130)]).axes[0]
    assert [label.get_text() for label in axis.get_xticklabels()] == [f"label {n}" for n in range(0, 130, 3)]
    assert not axis.texts


def test_counts_that_do_not_fit_the_labels_are_refused():
    with pytest.raises(ValueError, match=r"counts have shape \(3, 3\) and there are 2 labels; expected \(2, 2\)"):
        confusion(COUNTS, ["a", "b"])
