"""The ranking has every layer once, the best on top, with the look of its kind and what it is held against."""

import pytest

from rnnzoo.figures import Ranked, ranking

LAYERS = [Ranked("b", "gated", 0.5), Ranked("c", "scan", 0.9, 0.1), Ranked("a", "gated", 0.5), Ranked("d", "mine", 0.1)]


def rows(axis):
    """Names and places from the top."""
    ticks = zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)
    return [label.get_text().split() for _, label in sorted(ticks, key=lambda tick: -tick[0])]


def test_the_best_is_on_top_and_equals_share_a_place_in_the_order_of_names():
    (axis,) = ranking(LAYERS, metric="test accuracy").axes
    assert rows(axis) == [["c", "1"], ["a", "2"], ["b", "2"], ["d", "4"]]
    (axis,) = ranking(LAYERS, metric="test loss", higher_is_better=False).axes
    assert [name for name, _ in rows(axis)] == ["d", "a", "b", "c"]


def test_each_dot_lies_at_its_value_in_its_row():
    (axis,) = ranking(LAYERS, metric="test accuracy").axes
    places = {name: -row for row, (name, _) in enumerate(rows(axis))}
    dots = {bar.get_label(): bar.lines[0].get_xydata()[0].tolist() for bar in axis.containers}
    assert dots == {layer.label: [layer.value, places[layer.label]] for layer in LAYERS}


def test_a_kind_looks_the_same_whatever_other_kinds_there_are_and_the_legend_names_them():
    def looks(layers):
        (axis,) = ranking(layers, metric="m").axes
        return {h.get_label(): (h.get_color(), h.get_marker()) for h in axis.get_legend().legend_handles}

    whole = looks(LAYERS)
    assert set(whole) == {"gated", "scan", "mine"}
    assert len(set(whole.values())) == 3
    assert looks([Ranked("c", "scan", 0.9)])["scan"] == whole["scan"]


def test_baselines_are_lines_with_their_names_and_numbers():
    (axis,) = ranking(LAYERS, metric="m", baselines={"no recurrence": 0.18, "chance": 1 / 19}).axes
    drawn = {line.get_label(): line.get_xdata()[0] for line in axis.lines}
    assert (drawn["no recurrence"], drawn["chance"]) == (0.18, 1 / 19)
    words = {text.get_text() for text in axis.texts}
    assert {"no recurrence 0.18", "chance 0.05", "0.90"} <= words


def test_a_hundred_layers_grow_the_picture_and_not_the_rows():
    def row_height(n):
        figure = ranking([Ranked(str(i), "scan", i / n) for i in range(n)], metric="m")
        figure.draw_without_rendering()
        (axis,) = figure.axes
        low, high = (axis.transData.transform((0, y))[1] for y in (-1, 0))
        return (high - low) / figure.dpi * 72  # points

    assert row_height(100) == pytest.approx(row_height(30), rel=0.1)
    assert row_height(100) > 1.3 * 7.5  # the height of a line of its words


def test_numbers_beyond_one_choose_their_own_scale():
    (axis,) = ranking([Ranked("a", "scan", 3.0), Ranked("b", "scan", 2.5)], metric="nats").axes
    low, high = axis.get_xlim()
    assert 1 < low < 2.5 < 3.0 < high


def test_nothing_to_rank_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="expected at least one"):
        ranking([], metric="m")
