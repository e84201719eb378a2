"""A picture shows the numbers it was given, says in words what they are, and can be told apart in grey print."""

import io

import matplotlib
import pytest
from matplotlib import pyplot

from rnnzoo.figures import Bar, Curve, accuracy_against_length, comparison, loss_against_length

CURVES = [
    Curve("srn", (10, 20, 30), (0.75, 0.6, 0.46), (0.04, 0.18, None)),
    Curve("lstm", (10, 20, 30), (0.9, 0.85, 0.73), (0.02, 0.03, 0.09)),
]
REFERENCES = [Curve("lstm", (10, 20, 30), (0.904, 0.848, 0.73))]


def lines(axis):
    return {line.get_label(): list(line.get_ydata()) for line in axis.lines if not line.get_label().startswith("_")}


def every_figure():
    return {
        "accuracy": accuracy_against_length(CURVES, REFERENCES, chance=1 / 19),
        "loss": loss_against_length(CURVES, CURVES),
        "comparison": comparison([Bar("a", 0.8, 0.1, (0.9,)), Bar("b", None, None, (0.7,))], metric="test accuracy"),
    }


@pytest.mark.parametrize("name", ["accuracy", "loss", "comparison"])
def test_a_picture_is_drawn_in_words_and_leaves_no_trace_in_pyplot(name):
    before = pyplot.get_fignums()
    figure = every_figure()[name]
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    assert stream.getvalue().startswith(b"\x89PNG")
    assert pyplot.get_fignums() == before
    for axis in figure.axes:
        assert axis.get_xlabel()
    assert figure.get_facecolor() == matplotlib.colors.to_rgba("white")


def test_accuracy_shows_the_means_bands_chance_and_the_references():
    (axis,) = accuracy_against_length(CURVES, REFERENCES, chance=0.05).axes
    drawn = lines(axis)
    assert drawn["srn"] == [0.75, 0.6, 0.46]
    assert drawn["lstm, reference"] == [0.904, 0.848, 0.73]
    assert drawn["chance"] == [0.05, 0.05]
    low, high = axis.collections[0].get_datalim(axis.transData).intervaly
    assert (low, high) == pytest.approx((0.6 - 0.18, 0.75 + 0.04))
    assert list(axis.get_xticks()) == [10, 20, 30]


def test_a_reference_curve_has_the_colour_of_its_layer_and_no_two_layers_look_alike():
    (axis,) = accuracy_against_length(CURVES, REFERENCES).axes
    looks = {line.get_label(): (line.get_color(), line.get_marker()) for line in axis.lines}
    assert looks["lstm"] == looks["lstm, reference"] != looks["srn"]
    assert looks["lstm"][0] != looks["srn"][0]
    assert looks["lstm"][1] != looks["srn"][1]


def test_training_and_test_loss_share_one_scale_that_begins_at_zero():
    high = [Curve("srn", (10, 20), (5.0, 9.0))]
    left, right = loss_against_length(CURVES[:1], high).axes
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] == 0.0
    assert left.get_ylim()[1] >= 9.0
    assert "training loss (nats; " in left.get_ylabel()


def test_panels_share_the_models_lines_and_have_each_their_own_values():
    bars = [Bar("a", 0.8, panel="p"), Bar("b", 0.7, panel="p"), Bar("b", 0.1, panel="q"), Bar("c", 0.2, panel="q")]
    axes = comparison(bars, metric="m").axes
    assert [axis.get_title(loc="left") for axis in axes] == ["p", "q"]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["a", "b", "c"]
    dots = [[tuple(bar.lines[0].get_xydata()[0]) for bar in axis.containers] for axis in axes]
    assert dots == [[(0.8, 3), (0.7, 2)], [(0.1, 2), (0.2, 1)]]


def test_a_single_panel_is_named_below_the_title():
    (axis,) = comparison([Bar("a", 0.8, panel="length 10")], metric="m", title="Memory").axes
    assert axis.get_title(loc="left") == "Memory\nlength 10"


@pytest.mark.parametrize(("values", "widened"), [((0.999, 1.0), True), ((0.5, 1.0), False), ((0.0, 0.0), False)])
def test_values_that_are_nearly_the_same_look_so(values, widened):
    (axis,) = comparison([Bar(str(n), value) for n, value in enumerate(values)], metric="m").axes
    low, high = axis.get_xlim()
    assert all(low < value < high for value in values)
    apart = (max(values) - min(values)) / (high - low)
    assert apart < 0.05 if widened or values[0] == values[1] else apart > 0.5


def test_comparison_has_one_labelled_line_a_model_in_the_given_order():
    bars = [Bar("first", 0.8), Bar("second", None, None, (0.7, 0.75))]
    (axis,) = comparison(bars, metric="test accuracy", unit="fraction").axes
    labels = {label.get_text(): place for label, place in zip(axis.get_yticklabels(), axis.get_yticks(), strict=True)}
    assert labels["first"] > labels["second"]  # from the top
    points = [list(line.get_xdata()) for line in axis.lines if list(line.get_ydata()) == [labels["second"]] * 2]
    assert points == [[0.7, 0.75]]
    assert axis.get_xlabel() == "test accuracy (fraction)"


@pytest.mark.parametrize(
    "empty",
    [lambda: accuracy_against_length([]), lambda: loss_against_length([], []), lambda: comparison([], metric="m")],
)
def test_nothing_to_draw_is_an_error_that_says_so(empty):
    with pytest.raises(ValueError, match="expected at least one"):
        empty()
