"""The ranking by ratio has every layer once, the smallest on top, each dot at its ratio on a log scale."""

import pytest

from rnnzoo.figures import LayerRatio, ratio_ranking

RATIOS = [
    LayerRatio("slow", "A", 1.2, 1.1, 1.3),
    LayerRatio("slow", "B", 0.3, 0.2, 0.4),
    LayerRatio("quick", "A", 0.1, 0.1, 0.1),
    LayerRatio("quick", "B", 0.4, 0.3, 0.5),
]


def drawn():
    (axis,) = ratio_ranking(RATIOS, baseline="theirs", aims={"aim": 0.5}).axes
    return axis


def test_the_smallest_mean_is_on_top_and_said():
    ticks = zip(drawn().get_yticks(), drawn().get_yticklabels(), strict=True)
    assert [label.get_text() for _, label in sorted(ticks, key=lambda tick: -tick[0])] == ["quick  0.20", "slow  0.60"]


def test_each_dot_lies_at_its_ratio_in_its_row():
    dots = {line.get_label(): line.get_xydata().tolist() for line in drawn().lines if line.get_marker() in "os"}
    rows = {"quick": 0, "slow": -1}
    assert all(dots[f"_{r.layer} {r.size}"] == [[r.ratio, rows[r.layer]]] for r in RATIOS)


def test_the_scale_is_logarithmic_holds_all_and_shows_one_and_the_aims():
    axis = drawn()
    low, high = axis.get_xlim()
    assert axis.get_xscale() == "log"
    assert low < 0.1 < 1.3 < high
    assert {"as fast", "aim 0.5"} <= {text.get_text() for text in axis.texts}


@pytest.mark.parametrize("wrong", [[], [LayerRatio("a", "A", 0.0, 0.0, 0.0)]])
def test_nothing_and_what_is_no_ratio_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        ratio_ranking(wrong, baseline="theirs")
