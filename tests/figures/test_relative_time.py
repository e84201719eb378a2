"""The picture of a race shows every ratio where it was measured, on a scale where twice and half are as far."""

import pytest

from rnnzoo.figures import Timing, relative_time

TIMINGS = [
    Timing(panel, group, label, ratio, 0.9 * ratio, 1.2 * ratio)
    for panel in ("forward", "training")
    for group in ("lstm small", "lstm large")
    for label, ratio in (("fast path", 0.5), ("step loop", 12.0))
]


def test_every_ratio_has_its_mark_its_quartiles_and_its_words():
    figure = relative_time(TIMINGS, baseline="torch.nn", title="A race")
    forward, training = figure.axes
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["forward", "training"]
    for axis in (forward, training):
        marks = [line.get_xdata()[0] for line in axis.lines if line.get_marker() in ("o", "s")]
        assert sorted(marks) == [0.5, 0.5, 12.0, 12.0]
        spans = {tuple(line.get_xdata()) for line in axis.lines if line.get_linewidth() == 3.0}
        assert {tuple(map(round, span, (3, 3))) for span in spans} == {(0.45, 0.6), (10.8, 14.4)}
        assert [text.get_text() for text in axis.texts] == ["fast path 0.50", "step loop 12"] * 2
        assert axis.get_xscale() == "log"
        assert "torch.nn" in axis.get_xlabel()
        low, high = axis.get_xlim()
        assert low < 0.45
        assert high > 14.4
    assert [label.get_text() for label in forward.get_yticklabels()] == ["lstm small", "lstm large"]


def test_groups_stand_in_order_and_lines_do_not_meet():
    axis = relative_time(TIMINGS, baseline="torch.nn").axes[0]
    places = [text.xy[1] for text in axis.texts]
    assert places == sorted(places, reverse=True)
    assert len(set(places)) == 4
    assert places[1] - places[2] > places[0] - places[1]
    bottom, top = axis.get_ylim()
    assert bottom < min(places) < max(places) < top


def test_no_time_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="expected at least one"):
        relative_time([], baseline="torch.nn")
